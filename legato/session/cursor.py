"""The seam between replayed and live events.

Whoever follows a log subscribes *before* reading history, so that nothing falls between the two; the price is
that events come twice, and that after a broken connection some come late or not at all. A `Cursor` pays it: it
lets each event out exactly once and in the order of offsets, holds what comes too early, and says what to ask
the log for when something is missing. It performs no I/O and reads no clock.

    READING   a range read is under way          LIVE      nothing is missing
    WAITING   only a snapshot can help           LOST      the log is behind what was delivered

    stage     publish, in turn  publish, hole  page, caught up  page, more  page, trimmed  page, log behind  snapshot
    READING   READING           READING        LIVE             READING     WAITING        LOST              READING
    LIVE      LIVE              READING        LIVE             READING     WAITING        LOST              READING
    WAITING   WAITING           WAITING        (late page: as READING)                                       READING
    LOST      nothing leaves LOST but `reopened`

What is held is bounded. If more comes, the farthest is dropped and read again later: memory never pays for a
slow reader. The fate of a reader that died with the connection is told by `asked_in_vain`.

An *epoch* is one incarnation of a log. `reopened` moves the cursor to another; what still comes from an
earlier one is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Generic, Protocol, TypeVar

HELD: Final = 1024
"""Events that a cursor holds back at most."""

EPOCHS: Final = 8
"""Earlier epochs that a cursor remembers."""


class Placed(Protocol):
    """Anything that has a place in a log."""

    @property
    def offset(self) -> int:
        """Dense, from 1."""


T = TypeVar("T", bound=Placed)


class Stage(Enum):
    """How far the cursor is."""

    READING = "reading"
    LIVE = "live"
    WAITING = "waiting"
    LOST = "lost"


class Want(Enum):
    """What the caller does next."""

    NOTHING = "nothing"
    READ = "read"
    """Read the log after `delivered` and call `replay`."""
    SNAPSHOT = "snapshot"
    """The log was trimmed: get the snapshot and call `snapshot`."""
    RESYNC = "resync"
    """The log lost its tail, or an event of an epoch unknown here came: find out, and call `reopened`."""


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """Events to deliver now, in order, and what to do next."""

    deliver: list[T]
    want: Want = Want.NOTHING


@dataclass(slots=True)
class Cursor(Generic[T]):
    """Delivers one log to one reader, exactly once and in order, from `delivered` on.

    A new cursor is READING: the caller subscribes, then reads after `delivered`.
    """

    epoch: str
    delivered: int
    most: int = HELD
    stage: Stage = Stage.READING
    _seen: int = 0
    _held: dict[int, T] = field(default_factory=dict)
    _past: list[str] = field(default_factory=list)

    @property
    def held(self) -> int:
        """How many events are held back."""
        return len(self._held)

    def publish(self, epoch: str, event: T) -> Step[T]:
        """An event of the live subscription, in any order, perhaps again."""
        if epoch != self.epoch:
            return Step([], Want.NOTHING if epoch in self._past else Want.RESYNC)
        if self.stage is Stage.LOST or event.offset <= self.delivered:
            return Step([])
        self._seen = max(self._seen, event.offset)
        released = self._in_turn(event)
        if self.stage is Stage.LIVE and self._seen > self.delivered:
            self.stage = Stage.READING
            return Step(released, Want.READ)
        return Step(released)

    def replay(self, page: Sequence[T], first: int, tail: int) -> Step[T]:
        """One page of history, without holes: it began after some earlier `delivered`. `first` is the oldest
        offset that the log still holds, `tail` its newest when it was read."""
        if self.stage is Stage.LOST:
            return Step([])
        if tail < self.delivered:
            self.stage = Stage.LOST
            return Step([], Want.RESYNC)
        self._seen = max(self._seen, tail)
        released: list[T] = []
        for event in page:
            if event.offset == self.delivered + 1:
                released += self._in_turn(event)
        if self.delivered >= self._seen:
            self.stage = Stage.LIVE
            return Step(released)
        if first > self.delivered + 1:
            self.stage = Stage.WAITING
            return Step(released, Want.SNAPSHOT)
        self.stage = Stage.READING
        return Step(released, Want.READ)

    def snapshot(self, at: int) -> Step[T]:
        """The reader was given the state at offset `at`. Behind what was delivered it is of no use, and ignored."""
        if self.stage is Stage.LOST or at < self.delivered:
            return Step([])
        self.delivered = at
        self._seen = max(self._seen, at)
        self._held = {offset: event for offset, event in self._held.items() if offset > at}
        released = self._release()
        self.stage = Stage.READING
        return Step(released, Want.READ)

    def asked_in_vain(self) -> Want:
        """A read or snapshot failed, or the subscription was made anew: what to ask for (again)."""
        if self.stage is Stage.WAITING:
            return Want.SNAPSHOT
        if self.stage is Stage.LOST:
            return Want.RESYNC
        self.stage = Stage.READING
        return Want.READ

    def reopened(self, epoch: str, at: int) -> Want:
        """The log goes on as `epoch`, and the reader was given its state at offset `at`."""
        if epoch != self.epoch:
            self._past = [*self._past, self.epoch][-EPOCHS:]
            self.epoch = epoch
        self.delivered = self._seen = at
        self._held.clear()
        self.stage = Stage.READING
        return Want.READ

    def _in_turn(self, event: T) -> list[T]:
        if event.offset == self.delivered + 1:
            self.delivered = event.offset
            self._held.pop(event.offset, None)
            return [event, *self._release()]
        self._held[event.offset] = event
        if len(self._held) > self.most:
            del self._held[max(self._held)]
        return []

    def _release(self) -> list[T]:
        released: list[T] = []
        while (event := self._held.pop(self.delivered + 1, None)) is not None:
            released.append(event)
            self.delivered = event.offset
        return released
