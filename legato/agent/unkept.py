"""What of its sound for one message an agent holds until the hub has it. Pure.

Pieces leave in order, each when less than `WINDOW_S` before it is not confirmed. On another connection they leave
again, from where the hub says that it goes on.
"""

from __future__ import annotations

from collections import deque
from typing import Final

RATE: Final = 48_000
"""Of media time."""

WINDOW_S: Final = 20
"""Seconds of sound that the hub has not confirmed."""


class Unkept:
    """See the module. `rate`: of the PCM (s16, mono). Media times are samples at 48 kHz from the sound's beginning."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._end = 0  # samples at `rate`, as all here
        self._kept = 0
        self._sent = 0

    @property
    def room(self) -> bool:
        """Whether more may be added."""
        return self._end - self._kept < WINDOW_S * self._rate

    @property
    def safe(self) -> bool:
        """Whether the hub has all of it."""
        return self._kept >= self._end

    @property
    def all_sent(self) -> bool:
        """Whether nothing waits to leave."""
        return self._sent >= self._end

    def add(self, pcm: bytes) -> None:
        """The sound goes on with these bytes."""
        self._pieces.append((self._end, pcm))
        self._end += len(pcm) // 2

    def next(self) -> tuple[int, bytes] | None:
        """The media time and the bytes of the piece that leaves now; None: there is none."""
        for start, pcm in self._pieces:
            if start >= self._sent:
                early = start - self._kept < WINDOW_S * self._rate
                return (start * RATE // self._rate, pcm) if early else None
        return None

    def sent(self, media_time: int, pcm: bytes) -> None:
        """The piece left."""
        self._sent = -(-media_time * self._rate // RATE) + len(pcm) // 2

    def taken(self, until: int) -> None:
        """The hub has all before media time `until`."""
        at_end = until >= self._end * RATE // self._rate
        self._kept = max(self._kept, self._end if at_end else until * self._rate // RATE)
        while self._pieces and _end(self._pieces[0]) <= self._kept:
            self._pieces.popleft()

    def opened(self, until: int) -> None:
        """On another connection it goes on from media time `until`."""
        self.taken(until)
        self._sent = self._pieces[0][0] if self._pieces else self._end


def _end(piece: tuple[int, bytes]) -> int:
    return piece[0] + len(piece[1]) // 2
