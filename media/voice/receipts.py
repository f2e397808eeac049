"""What of a capture is safe, what is missing, what is lost: the hub's side of an acknowledged microphone.

Two sets of media times. *Placed* is what came, on whatever way; *safe* is what the store has, or what was named
lost. The receipt is cumulative: everything before `until` is safe. What is not placed, but lies before the newest
frame, is `missing`, and its client is asked for it; what stays missing for `GIVEN_UP` is lost, as is what the
client lacks too. A node that takes over begins with what the ring holds, and comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from media.opus import RATE
from media.spans import Spans

REORDERED: Final = 60 * RATE // 1000
"""Samples behind the newest frame in which a hole may still fill by itself."""

GIVEN_UP: Final = 90 * RATE
"""Samples behind the newest frame after which nothing is sent again: the client holds 60 s."""

MOST_NAMED: Final = 32
"""Stretches that are asked for at once."""

Stretch = tuple[int, int]


class Receipts:
    """See the module. Times are media times of the capture."""

    def __init__(self, kept: Iterable[Stretch] = ()) -> None:
        """`kept`: what the ring holds of the capture already."""
        self._placed = Spans()
        self._safe = Spans()
        self._opened = False
        self.until = 0
        """Everything before it is safe."""
        self.newest = 0
        for start, end in kept:
            self._placed.add(start, end)
            self._safe.add(start, end)
            self.newest = max(self.newest, end)

    def place(self, start: int, end: int) -> bool:
        """A frame came; False if its stretch, or a part of it, is taken or given up."""
        if start < self.until or self._placed.holes(start, end) != [(start, end)]:
            return False
        self._placed.add(start, end)
        self.newest = max(self.newest, end)
        return True

    def stored(self, start: int, end: int) -> None:
        """The store has it."""
        self._safe.add(start, end)
        self._advance()

    def opened(self, since: int) -> list[Stretch]:
        """The client holds nothing before `since`; what is lost by that."""
        if not self._opened:
            # What lies before all that ever came is nobody's loss: the capture may have begun there.
            self._opened = True
            self.until = min(since, self._first(since))
            self._advance()
        return self._lose_before(since)

    def lacking(self, start: int, end: int) -> list[Stretch]:
        """The client does not hold this either; what is lost by that."""
        lost = self._placed.holes(max(start, self.until), min(end, self.newest))
        return self._lost(lost)

    def left(self, since: int, until: int) -> list[Stretch]:
        """The client is gone, and with it what it held: all from `since` to `until`. What is lost by that."""
        lost = self._placed.holes(max(since, self.until), until)
        self.newest = max(self.newest, until)
        return self._lost(lost)

    def expire(self) -> list[Stretch]:
        """What is given up by now. It may have come, and never been stored."""
        limit = self.newest - GIVEN_UP
        if not self._opened:
            return self.opened(limit) if self._first(limit) < limit else []
        return self._lose_before(limit)

    def close(self) -> list[Stretch]:
        """Nothing more comes: what is lost for good."""
        opened = self.opened(self._first(self.newest)) if not self._opened else []
        return opened + self._lost(self._placed.holes(self.until, self.newest))

    def missing(self, within: int = REORDERED) -> list[Stretch]:
        """What the client should send again: up to `MOST_NAMED` stretches that begin more than `within` before the
        newest, each whole: whoever waits for what is missing goes on when the part that was asked for has come."""
        holes = self._placed.holes(self.until, max(self.until, self.newest))
        return [hole for hole in holes if hole[0] < self.newest - within][:MOST_NAMED]

    def _first(self, otherwise: int) -> int:
        return next(iter(self._placed), (otherwise, otherwise))[0]

    def _lose_before(self, media_time: int) -> list[Stretch]:
        if media_time <= self.until:
            return []
        lost = self._safe.holes(self.until, media_time)
        self.newest = max(self.newest, media_time)
        return self._lost(lost)

    def _lost(self, stretches: list[Stretch]) -> list[Stretch]:
        for start, end in stretches:
            self._placed.add(start, end)
            self._safe.add(start, end)
        self._advance()
        return stretches

    def _advance(self) -> None:
        if not self._opened:
            return
        holes = self._safe.holes(self.until, self.newest)
        self.until = holes[0][0] if holes else max(self.until, self.newest)
        self._placed.drop_before(self.until)
        self._safe.drop_before(self.until)
