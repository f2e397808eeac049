"""A demo whose calls go over a link that can be made bad, and a browser with a microphone of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from playwright.async_api import Browser

from signaling.bench.link import Link, detour, free_port
from tests.support.chromium import launched
from tests.support.processes import Tree, running

LOSE: Final = 0.1
JITTER_MS: Final = 100


@dataclass(frozen=True, slots=True)
class House:
    """The hub, the link, the browser, and the `script` that each of its pages begins with."""

    hub: Tree
    link: Link
    browser: Browser
    script: str

    @contextmanager
    def rough(self) -> Iterator[None]:
        """One packet in ten is lost, and each is up to a tenth of a second late."""
        self.link.lose, self.link.jitter_ms = LOSE, JITTER_MS
        try:
            yield
        finally:
            self.link.lose, self.link.jitter_ms = 0.0, 0

    @contextmanager
    def dark(self) -> Iterator[None]:
        """Nothing gets through."""
        self.link.lose = 1.0
        try:
            yield
        finally:
            self.link.lose = 0.0


@asynccontextmanager
async def linked(microphone: Path, voice: str, ears: str, *scripts: str) -> AsyncIterator[House]:
    """Such a house. `microphone`: a WAV that is said again and again; `ears`: where the hub's recogniser is."""
    port = free_port()
    sound = ("--ears", "openai", "--voice", voice, "--media-port", str(port))
    async with (
        running("demo", *sound, OPENAI_BASE_URL=ears) as hub,
        Link(port, Random(1)).open() as link,
        launched(microphone) as browser,
    ):
        yield House(hub, link, browser, ";".join((detour(port, link.port), *scripts)))
