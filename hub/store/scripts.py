"""The scripts in `lua/`, put together with the parts they use, and known by their SHA-1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Final

_USES: Final = "-- uses: "


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the digest by which a server that has it knows it."""

    name: str
    source: str
    digest: str


def part(name: str) -> str:
    """The text of one file."""
    return files("hub.store").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")


@cache
def script(name: str) -> Script:
    """The script with its parts before it, without comments (every byte is parsed once a load)."""
    text = part(name)
    first = text.partition("\n")[0]
    parts = first.removeprefix(_USES).split() if first.startswith(_USES) else []
    lines = "\n".join([*map(part, parts), text]).splitlines()
    source = "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("--"))
    return Script(name, source, sha1(source.encode(), usedforsecurity=False).hexdigest())


def _all() -> tuple[Script, ...]:
    parts = {"short", "hot", "chain", "head", "batch", "producer"}
    found = sorted(item.name.removesuffix(".lua") for item in files("hub.store").joinpath("lua").iterdir())
    return tuple(script(name) for name in found if name not in parts)


SCRIPTS: Final = _all()
"""All of them, read at import: what a server must be given before it is asked by digest."""
