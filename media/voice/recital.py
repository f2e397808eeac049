"""One message as it is said, and what the log knows of its speech."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from media.opus import FRAME
from media.speaker import Speech
from media.timeline import PER_MS
from media.voice.brought import Brought
from media.voice.ledger import Ledger

QUEUED_EVERY: Final = 500
"""Milliseconds between two `speech_queued` of one message at least."""

HURRY: Final = 1_000
"""Milliseconds of speech that the log knows beyond what can have been heard by now; where there is less, it is told
every `HURRIED_EVERY`: nobody is to hear what would be forgotten with this node."""

HURRIED_EVERY: Final = 100


@dataclass(slots=True)
class Queued:
    """Speech that lies in a track from media time `start` on, where the message's sample `samples` is. The log was told
    of it up to `told`."""

    track: str
    start: int
    began: int
    samples: int = 0
    end: int = 0
    told: int = 0
    told_at: int = 0

    def due(self, now: int) -> bool:
        """Whether it is time to tell the log."""
        ahead = (self.told - self.start) // PER_MS - (now - self.began)
        return not self.told or now - self.told_at >= (HURRIED_EVERY if ahead < HURRY else QUEUED_EVERY)


@dataclass(slots=True)
class Recital:
    """One message as it is said. `brought`: its sound comes from the agent, not from the voice. `over`: all that is
    ever said of it was given out."""

    message: str
    author: str
    response: str
    ledger: Ledger
    text: str = ""
    closed: bool = False
    stopped: bool = False
    over: bool = False
    brought: Brought | None = None
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

    async def sound(self, brought: Brought) -> AsyncGenerator[Speech, None]:
        """The sound that the agent brings, as it comes."""
        base = at = self.ledger.base
        while not self.stopped:
            self.news.clear()
            portion = await brought.after(at)
            if portion is not None:
                start, at = portion.start, portion.start + len(portion.frames) * FRAME
                if portion.frames:
                    yield Speech(portion.frames, start - base, at - base, kept=portion.kept)
            elif self.closed:
                says = max(0, brought.characters - self.ledger.start)
                yield Speech((), at - base, at - base, ((says, at - base),), last=True)
                return
            else:
                await self.news.wait()
