"""Writes a session's voice into its log, in order, and of no sound before the rings are to have it.

Whoever has something to tell hands it over and goes on; one task appends, what came meanwhile in one batch.
A store that is away is asked again for a while: marks and words are late then, not lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from hub.node.promise import Room
from hub.store.promise import StoreUnavailable
from legato.session.commands import Refusal
from legato.session.events import Event, SpeechQueued

log: Final = logging.getLogger("legato.voice")

MOST: Final = 64
"""Events in one batch."""

BOUND: Final = 4096
"""Events that may wait; beyond that the oldest batch is given up."""

KEPT_S: Final = 0.25
"""How long the log waits to hear of speech that is not on its way into the rings yet."""

PATIENCE: Final = 60
"""Times that a batch is tried, half a second apart."""


class Clerk:
    """One session's writer. `run` is its task, owned by the caller. `kept(seconds)` waits until the sound that was
    made is with the store, which puts it into the rings before what it is told next, at most so long: whoever goes on
    after a crash finds every frame that the log tells of."""

    def __init__(self, room: Room, producer: str, kept: Callable[[float], Awaitable[None]]) -> None:
        self._room = room
        self._producer = producer
        self._kept = kept
        self._waiting: list[Event] = []
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.dropped = 0
        """Events given up: the store was away for too long, or the session has ended."""

    def write(self, events: Sequence[Event]) -> None:
        """Append these after all that was handed over before."""
        if not events:
            return
        self._waiting += events
        if len(self._waiting) > BOUND:
            self.dropped += MOST
            del self._waiting[:MOST]
        self._idle.clear()
        self._news.set()

    async def settled(self, timeout: float) -> None:
        """Wait until all that was handed over is in the log, at most so many seconds."""
        if self._idle.is_set():
            return
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            log.warning("voice events are late")

    async def run(self) -> None:
        """Append until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            # What one sound brings is told in two steps: marks, then words. One append has both.
            await asyncio.sleep(0)
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                if any(isinstance(event, SpeechQueued) for event in batch):
                    await self._kept(KEPT_S)
                if not await self._append(batch):
                    self.dropped += len(batch)
            self._idle.set()

    async def _append(self, batch: Sequence[Event]) -> bool:
        for _ in range(PATIENCE):
            try:
                outcome = await self._room.append_as_hub(self._producer, batch, conditional=False)
            except StoreUnavailable:
                outcome = Refusal("unavailable", retry_after_ms=500)
            if not isinstance(outcome, Refusal):
                return True
            if outcome.retry_after_ms <= 0:
                log.info("voice events were refused", extra={"reason": outcome.reason})
                return False
            await asyncio.sleep(outcome.retry_after_ms / 1000)
        return False
