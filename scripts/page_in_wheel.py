"""Puts the built page into the wheel, as `signaling/page`; an editable install finds it in `web/dist` by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface[Any]):
    """A hatchling build hook."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the page's files. Raises `FileNotFoundError` if it is not built: a hub without it has no demo."""
        if version == "editable":
            return
        page = Path(self.root) / "web" / "dist"
        if not (page / "index.html").is_file():
            raise FileNotFoundError("the page is not built: run `make web` first")
        for file in page.rglob("*"):
            if file.is_file() and not file.name.startswith("."):
                build_data["force_include"][str(file)] = f"signaling/page/{file.relative_to(page).as_posix()}"
