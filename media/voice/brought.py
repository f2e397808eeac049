"""The sound of one message whose agent brings it itself, whatever node it brings it to.

What comes to this node is played from here, and written down here. What came to another one, or before a kill, rests in
the rings by the time the log tells of it: it is read from there. So each node with listeners plays all of it, in order,
each frame once, though the agent's connection moves on in the midst of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import Final

from hub.keys.errors import KeysError
from hub.node.promise import Room
from hub.store.promise import StoreUnavailable
from legato.session.parts import Stretch
from legato.session.state import Message
from media.opus import FRAME
from media.voice.rest import Rings, made, stored, text_of

log: Final = logging.getLogger("legato.voice")

AT_ONCE: Final = 50
"""Frames that are read from the rings at one go."""

AGAIN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Portion:
    """Frames of 20 ms of the message's speech from sample `start` on; `kept`: the rings have them already."""

    start: int
    frames: tuple[bytes, ...]
    kept: bool = False

    def beyond(self, sample: int) -> Portion:
        """What of it is not before this sample."""
        return Portion(sample, self.frames[(sample - self.start) // FRAME :], self.kept)


class Brought:
    """See the module. `here`: its agent brings it to this node."""

    def __init__(self, room: Room, rings: Rings, message: str) -> None:
        self.here = False
        self._room = room
        self._rings = rings
        self._message = message
        self._waiting: deque[Portion] = deque()

    @property
    def known(self) -> int:
        """Samples of the speech that are kept, as the log has it."""
        entry = self._entry
        return made(entry) if entry is not None else 0

    @property
    def characters(self) -> int:
        """Characters that all of it says."""
        entry = self._entry
        return len(text_of(entry)) if entry is not None else 0

    @property
    def waiting(self) -> int:
        """Frames that came, and were not asked for yet."""
        return sum(len(portion.frames) for portion in self._waiting)

    @property
    def untold(self) -> Stretch | None:
        """Where the newest of it rests, if the log does not know which characters all of it says."""
        entry = self._entry
        known = entry is None or not entry.speech or entry.speech_characters >= self.characters
        return None if known or entry is None else entry.speech[-1]

    def put(self, start: int, frames: tuple[bytes, ...]) -> None:
        """These came here, after all that came before."""
        self._waiting.append(Portion(start, frames))

    async def after(self, at: int) -> Portion | None:
        """What follows sample `at`; None: nothing is there yet. What is kept nowhere any more is passed over."""
        if self._waiting and self._waiting[0].start <= at:
            return self._waiting.popleft().beyond(at)
        until = min(self.known, self._waiting[0].start) if self._waiting else self.known
        entry = self._entry
        if until <= at or entry is None:  # what lies before that which came is nowhere, or nothing came
            return Portion(self._waiting[0].start, ()) if self._waiting else None
        try:
            frames = await stored(self._rings, entry, at, until, AT_ONCE)
        except (StoreUnavailable, KeysError, TimeoutError) as problem:
            log.warning("brought sound is not read", extra={"kind": type(problem).__name__})
            await asyncio.sleep(AGAIN_S)
            return Portion(at, (), kept=True)
        return Portion(at if frames else until, tuple(frames), kept=True)

    @property
    def _entry(self) -> Message | None:
        entry = self._room.state.entries.get(self._message)
        return entry if isinstance(entry, Message) else None
