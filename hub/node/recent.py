"""The last events of a log in their wire form, with the chain digest at each: what a room answers from.

The digests tell whether a position that somebody brings is on this log, and, after a lost tail, up to
where what was told is still true.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from itertools import islice
from typing import Final

import msgspec

from legato.session.events import Event, Unknown
from legato.session.position import CHECK_SIZE, Position
from legato.session.state import Reopening

KEPT_EVENTS: Final = 256

KEPT_CHECKS: Final = 1024
"""Offsets whose check (the first 8 bytes of the chain digest) is remembered, through snapshots too."""


class Standing(Enum):
    """How a position stands to a log."""

    ON = auto()
    LOST = auto()
    """Not on this log, for certain."""
    AHEAD = auto()
    """Of this epoch, but after the last event here: read on before judging."""
    OLDER = auto()
    """Before what is kept here: plausible, not checked."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """One event: decoded, as wire JSON, and the chain digest (20 bytes) at its offset."""

    event: Event | Unknown
    encoded: bytes
    digest: bytes


class Recent:
    """The last `KEPT_EVENTS` events after `offset`, whose chain digest is `digest`. `checks` are those of the
    offsets before it, the oldest first, 8 bytes each."""

    def __init__(self, epoch: str, offset: int, digest: bytes, checks: bytes = b"") -> None:
        self.epoch = epoch
        self.offset = offset
        self.digest = digest
        self._checks = bytearray(checks) + digest[:CHECK_SIZE]
        self._told: deque[Told] = deque(maxlen=KEPT_EVENTS)
        self._position: Position | None = None

    @property
    def first(self) -> int:
        """The offset of the oldest event kept (one after the last, if there is none)."""
        return self.offset - len(self._told) + 1

    @property
    def position(self) -> Position:
        """The position after the last event."""
        known = self._position
        if known is None or known.offset != self.offset or known.epoch != self.epoch:
            known = self._position = Position.at(self.epoch, self.offset, self.digest)
        return known

    def add(self, told: Told) -> None:
        """The next event."""
        self._told.append(told)
        self.offset += 1
        self.digest = told.digest
        self._checks += told.digest[:CHECK_SIZE]
        if len(self._checks) >= 2 * KEPT_CHECKS * CHECK_SIZE:
            del self._checks[: -KEPT_CHECKS * CHECK_SIZE]

    def after(self, offset: int) -> list[Told] | None:
        """The events after `offset`, oldest first; None if some of them are no longer kept."""
        if offset < self.first - 1:
            return None
        return list(islice(self._told, offset - self.first + 1, None))

    @property
    def oldest(self) -> int:
        """The oldest offset whose check is known."""
        return self.offset + 1 - len(self._checks) // CHECK_SIZE

    def check_at(self, offset: int) -> bytes | None:
        """The check (8 bytes) at `offset`, if it is known here."""
        if not self.oldest <= offset <= self.offset:
            return None
        place = (offset - self.oldest) * CHECK_SIZE
        return bytes(self._checks[place : place + CHECK_SIZE])

    def checks_before(self) -> bytes:
        """The checks of the offsets before the last event, at most `KEPT_CHECKS`."""
        return bytes(self._checks[:-CHECK_SIZE][-KEPT_CHECKS * CHECK_SIZE :])

    def standing(self, position: Position, reopened: list[Reopening]) -> Standing:
        """Where `position` stands. `reopened` tells how far the epochs before this one survived."""
        if position.original:
            return Standing.ON if self.first == 1 else Standing.OLDER
        reach = {each.previous_epoch: each.at - 1 for each in reopened}
        if position.epoch != self.epoch and position.offset > reach.get(position.epoch, -1):
            return Standing.LOST
        if position.offset > self.offset:
            return Standing.AHEAD
        known = self.check_at(position.offset)
        if position.offset and known is not None and known != position.check:
            return Standing.LOST
        return Standing.OLDER if position.offset < self.first - 1 else Standing.ON
