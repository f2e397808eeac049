"""Who is let in first when everybody comes at once: a pure machine.

When a node dies, all its clients come back in the same second. Each of them costs a ticket's check, a join and an
append; so only so many are let in at a time, live calls before streaming ones before idle ones, and in the order
in which they came within a rank. A newcomer beyond the bound takes the place of the last that waits in
a lower rank, or is told to come back.

    ask ──a place is free──▶ in ──leave──▶ (the next one goes in)
      └──no place──▶ waiting ──▶ in
      └──no room to wait──▶ refused
"""

from __future__ import annotations

from collections import deque
from enum import Enum, IntEnum
from typing import Final


class Rank(IntEnum):
    """Lower goes first."""

    LIVE = 0
    STREAMING = 1
    IDLE = 2


class Verdict(Enum):
    """What became of a request."""

    IN = "in"
    WAIT = "wait"
    FULL = "full"


AT_ONCE: Final = 64
MOST_WAITING: Final = 20_000


class Admission:
    """See the module. Who asks is named by any number that is asked once at a time."""

    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._inside: set[int] = set()
        self._lines: dict[Rank, deque[int]] = {rank: deque() for rank in Rank}
        self._rank: dict[int, Rank] = {}

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._rank)

    @property
    def ready(self) -> bool:
        """Whether newcomers should be sent here: no longer when half of the room to wait is taken."""
        return self.waiting * 2 < self._most_waiting

    def ask(self, who: int, rank: Rank) -> tuple[Verdict, int | None]:
        """What becomes of `who`, and who had to make room for it (they are told that it is full)."""
        if len(self._inside) < self._at_once:
            self._inside.add(who)
            return Verdict.IN, None
        put_off = None
        if self.waiting >= self._most_waiting:
            put_off = self._last_below(rank)
            if put_off is None:
                return Verdict.FULL, None
            self._forget(put_off)
        self._lines[rank].append(who)
        self._rank[who] = rank
        return Verdict.WAIT, put_off

    def leave(self, who: int) -> int | None:
        """`who` is done, or waits no more. Who goes in now, if anybody."""
        if who in self._rank:
            self._forget(who)
            return None
        self._inside.discard(who)
        if len(self._inside) >= self._at_once:
            return None
        for line in self._lines.values():
            if line:
                following = line.popleft()
                del self._rank[following]
                self._inside.add(following)
                return following
        return None

    def _last_below(self, rank: Rank) -> int | None:
        for lower in reversed(Rank):
            if lower > rank and self._lines[lower]:
                return self._lines[lower][-1]
        return None

    def _forget(self, who: int) -> None:
        self._lines[self._rank.pop(who)].remove(who)
