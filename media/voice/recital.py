"""One message as it is said, and what the log knows of its speech."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from media.opus import FRAME
from media.speaker import Speech
from media.timeline import PER_MS
from media.voice.ledger import Ledger

QUEUED_EVERY: Final = 500
"""Milliseconds between two `speech_queued` of one message at least."""

HURRY: Final = 1_000
"""Milliseconds of speech that the log knows beyond what can have been heard by now; where there is less, it is told
every `HURRIED_EVERY`: nobody is to hear what would be forgotten with this node."""

HURRIED_EVERY: Final = 100


@dataclass(slots=True)
class Queued:
    """Speech that lies in a track from media time `start` on. The log was told of it up to `told`."""

    track: str
    start: int
    began: int
    end: int = 0
    told: int = 0
    told_at: int = 0

    def due(self, now: int) -> bool:
        """Whether it is time to tell the log."""
        ahead = (self.told - self.start) // PER_MS - (now - self.began)
        return not self.told or now - self.told_at >= (HURRIED_EVERY if ahead < HURRY else QUEUED_EVERY)


@dataclass(slots=True)
class Recital:
    """One message as it is said. `brought`: its sound comes from the agent, not from the voice."""

    message: str
    author: str
    response: str
    ledger: Ledger
    text: str = ""
    closed: bool = False
    stopped: bool = False
    brought: deque[tuple[bytes, ...]] | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    queued: Queued | None = None

    async def read(self) -> AsyncIterator[str]:
        """The words as they come."""
        at = 0
        while not self.stopped:
            if at < len(self.text):
                words, at = self.text[at:], len(self.text)
                yield words
            elif self.closed:
                return
            else:
                self.news.clear()
                await self.news.wait()

    async def sound(self) -> AsyncGenerator[Speech, None]:
        """The sound that the agent brings, as it comes."""
        end = 0
        while not self.stopped and self.brought is not None:
            if self.brought:
                frames = self.brought.popleft()
                start, end = end, end + len(frames) * FRAME
                yield Speech(frames, start, end)
            elif self.closed:
                yield Speech((), end, end, ((len(self.text), end),), last=True)
                return
            else:
                self.news.clear()
                await self.news.wait()
