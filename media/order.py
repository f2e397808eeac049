"""Frames in the order of their media time, for those who listen to them one after another.

Packets overtake each other by a few; and after a gap in the network the live ones come first, those sent
again later. `Order` holds what comes after a hole for `patience` in case the hole is filled, and for `HOLD`
while it is known that it will be (`hold`). Then it goes on without: later frames are not late for ever.
What comes for a place that was passed is dropped here (it still belongs into the ring, and the recording).
"""

from __future__ import annotations

from bisect import insort
from typing import Final

from media.frames import Frame
from media.turns import HOLD

PATIENCE: Final = 60
"""Milliseconds for which a hole is waited for."""

MAX_WAITING: Final = 500
"""Frames that wait at most: ten seconds of sound."""


class Order:
    """Puts one track's frames in order. `now`: monotonic milliseconds."""

    def __init__(self, patience: int = PATIENCE) -> None:
        self._patience = patience
        self._next: int | None = None
        self._waiting: list[Frame] = []
        self._since = 0  # when the first of them began to wait
        self._held_until = 0
        self.dropped = 0
        """Frames that came too late, or twice."""

    def add(self, frame: Frame, now: int) -> list[Frame]:
        """A frame; returns those that are next, in order."""
        if self._next is None:
            self._next = frame.media_time
        if not self._waiting:
            self._since = now
        insort(self._waiting, frame, key=lambda each: each.media_time)
        if len(self._waiting) > MAX_WAITING:
            return self._skip(now)
        return self._ready(now)

    def begin(self, media_time: int) -> None:
        """The first frame to be heard is the one at `media_time`, if none was heard yet."""
        if self._next is None:
            self._next = media_time

    @property
    def hole(self) -> int:
        """Samples that are missing before the first frame that waits; 0 if none waits."""
        return self._waiting[0].media_time - self._next if self._waiting and self._next is not None else 0

    def hold(self, now: int) -> None:
        """What is missing will be sent again: wait longer."""
        self._held_until = now + HOLD

    def release(self, now: int) -> list[Frame]:
        """All that was missing has come: what holes are left are waited for no longer."""
        self._held_until = now
        return self.expire(now)

    def next_deadline(self) -> int | None:
        """When to call `expire`; None while nothing waits."""
        return max(self._since + self._patience, self._held_until) if self._waiting else None

    def expire(self, now: int) -> list[Frame]:
        """Go on over the holes that were waited for long enough."""
        ready: list[Frame] = []
        while (deadline := self.next_deadline()) is not None and deadline <= now:
            ready += self._skip(now)
        return ready

    def _skip(self, now: int) -> list[Frame]:
        self._next = self._waiting[0].media_time
        return self._ready(now)

    def _ready(self, now: int) -> list[Frame]:
        ready: list[Frame] = []
        while self._waiting and self._next is not None and self._waiting[0].media_time <= self._next:
            frame = self._waiting.pop(0)
            if frame.media_time < self._next:
                self.dropped += 1  # too late, or twice, or it overlaps the one before
                continue
            ready.append(frame)
            self._next = frame.end
        if ready:
            self._since = now
        return ready
