"""Puts the built page into the wheel, as `signaling/page`; an editable install finds it in `web/dist` by itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface[Any]):
    """A hatchling build hook."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the page's files, once they are built. Raises `SystemExit`: a hub without them has no demo."""
        if version == "editable":
            return
        page = Path(self.root) / "web" / "dist"
        if not (page / "index.html").is_file():
            self._build()
        for file in page.rglob("*"):
            if file.is_file() and not file.name.startswith("."):
                build_data["force_include"][str(file)] = f"signaling/page/{file.relative_to(page).as_posix()}"

    def _build(self) -> None:
        """As `make web` does, for whoever installs from a checkout and has a Node."""
        try:
            subprocess.run(["bash", "scripts/web.sh", "page"], cwd=self.root, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SystemExit(
                f"the page could not be built ({error}): run `make web`, then install again"
            ) from error
