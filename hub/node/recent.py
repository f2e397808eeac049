"""The last events of a log in their wire form, with the chain digest at each: what a room answers from.

The digests tell whether a position that somebody brings is on this log, and, after a lost tail, up to
where what was told is still true.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import Final

from legato.session.events import Event, Unknown
from legato.session.position import CHECK_SIZE, Position
from legato.session.state import Reopening

KEPT_EVENTS: Final = 256


class Standing(Enum):
    """How a position stands to a log."""

    ON = auto()
    LOST = auto()
    """Not on this log, for certain."""
    AHEAD = auto()
    """Of this epoch, but after the last event here: read on before judging."""
    OLDER = auto()
    """Before what is kept here: plausible, not checked."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event: decoded, as wire JSON, and the chain digest (20 bytes) at its offset."""

    event: Event | Unknown
    encoded: bytes
    digest: bytes


class Recent:
    """The last `KEPT_EVENTS` events after `offset`, whose chain digest is `digest`."""

    def __init__(self, epoch: str, offset: int, digest: bytes) -> None:
        self.epoch = epoch
        self.offset = offset
        self.digest = digest
        self._before = digest
        self._told: deque[Told] = deque(maxlen=KEPT_EVENTS)

    @property
    def first(self) -> int:
        """The offset of the oldest event kept (one after the last, if there is none)."""
        return self.offset - len(self._told) + 1

    @property
    def position(self) -> Position:
        """The position after the last event."""
        return Position.at(self.epoch, self.offset, self.digest)

    def add(self, told: Told) -> None:
        """The next event."""
        if len(self._told) == KEPT_EVENTS:
            self._before = self._told[0].digest
        self._told.append(told)
        self.offset += 1
        self.digest = told.digest

    def after(self, offset: int) -> list[Told] | None:
        """The events after `offset`, oldest first; None if some of them are no longer kept."""
        if offset < self.first - 1:
            return None
        return list(islice(self._told, offset - self.first + 1, None))

    def digest_at(self, offset: int) -> bytes | None:
        """The chain digest at `offset`, if it is known here."""
        if offset == self.first - 1:
            return self._before
        return self._told[offset - self.first].digest if self.first <= offset <= self.offset else None

    def standing(self, position: Position, reopened: list[Reopening]) -> Standing:
        """Where `position` stands. `reopened` tells how far the epochs before this one survived."""
        if position.original:
            return Standing.ON if self.first == 1 else Standing.OLDER
        reach = {each.previous_epoch: each.at - 1 for each in reopened}
        if position.epoch != self.epoch and position.offset > reach.get(position.epoch, -1):
            return Standing.LOST
        if position.offset > self.offset:
            return Standing.AHEAD
        known = self.digest_at(position.offset)
        if known is None:
            return Standing.OLDER
        same = position.offset == 0 or known[:CHECK_SIZE] == position.check
        return Standing.ON if same else Standing.LOST

    def rewind(self, offset: int) -> Recent | None:
        """What is kept up to `offset`, under the same epoch; None if nothing is known there."""
        if self.digest_at(offset) is None:
            return None
        kept = Recent(self.epoch, self.first - 1, self._before)
        for told in islice(self._told, offset - self.first + 1):
            kept.add(told)
        return kept
