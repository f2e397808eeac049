"""One producer's batches on their way into the log, in order.

A batch *flies* from when it is given to the store until its outcome is known. Plain batches fly
together, at most `WINDOW` of them. A *barrier* (a batch that needs an invariant) flies alone: it is
decided on a state that holds all that its producer did before, and what comes after it may build on it.

An outcome may ask for another try: *the same bytes* when it stayed unknown or when a batch before it has
not landed yet; *anew* when it surely did not land and the world moved on. Nothing is sent again before
all that fly have answered, and then everything that must be is sent again in order: so the store never
sees a producer's batches in another order than it made them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from hub.store.answer import Answer
from hub.store.promise import WINDOW, Append
from legato.session.commands import Command, Refusal
from legato.session.decisions import Actor, Decided
from legato.session.position import Position
from legato.session.state import State

MAX_WAITING: Final = 256
"""Batches of one producer that may wait for their turn; more are refused `overloaded`."""


class Stage(Enum):
    """Where a batch is."""

    WAITING = auto()
    FLYING = auto()
    SAME_AGAIN = auto()
    """Send the same bytes again."""
    ANEW = auto()
    """It surely did not land: decide it again."""


@dataclass(slots=True, eq=False)
class Work:
    """One batch. `sequence` 0: the next one, given when it first flies.

    `log_epoch` is the log's epoch when the producer was opened ("": not known). `own`: the hub's own, so that
    a refusal is not recorded. `once`: a lost race is its answer. `needs` is an offset that must be folded
    before it is decided. `append` is what was given to the store; `refused` is what the node decided, if that
    was a refusal. `actor` asks for `commands`, if anybody does.
    """

    decide: Callable[[State], Decided | Refusal]
    raw: bytes
    barrier: bool
    answer: Answer[Any]
    producer_epoch: int
    sequence: int = 0
    witness: Position | None = None
    log_epoch: str = ""
    own: bool = False
    once: bool = False
    stage: Stage = Stage.WAITING
    needs: int = 0
    append: Append | None = None
    refused: Refusal | None = None
    actor: Actor | None = None
    commands: Sequence[Command] = ()
    give_up_at: int = 0
    races: int = 0


class Lane:
    """The order of one producer's batches.

    `folded_to` is the offset that its next barrier must see folded; `last` the sequence that was given last
    to a batch of this node's own; `settled_to` the last one of which the store told us that it has it.
    """

    def __init__(self, producer: str) -> None:
        self.producer = producer
        # Lists: an empty deque is 0.7 kB, and every client that rests has two lanes. At most `MAX_WAITING` move up.
        self.flying: list[Work] = []
        self.waiting: list[Work] = []
        self.folded_to = 0
        self.last = 0
        self.settled_to = 0
        self._unsettled = 0
        """How many of `flying` are not with the store now."""

    @property
    def idle(self) -> bool:
        """Whether nothing flies or waits."""
        return not self.flying and not self.waiting

    @property
    def restless(self) -> bool:
        """Whether anything waits, or must be sent again."""
        return bool(self.waiting) or self._unsettled > 0

    @property
    def full(self) -> bool:
        """Whether no more may wait."""
        return len(self.waiting) >= MAX_WAITING

    def again(self) -> list[Work]:
        """What must be sent again, in order: nothing while anything still flies."""
        return list(self.flying) if self._unsettled == len(self.flying) else []

    def next(self, folded: int) -> Work | None:
        """The next batch that may fly, when the state is folded up to `folded`. It flies from now on."""
        if not self.waiting or len(self.flying) >= WINDOW:
            return None
        work = self.waiting[0]
        if self.flying and (work.barrier or self.flying[-1].barrier or self._unsettled):
            return None
        if work.barrier and folded < self.folded_to:
            return None
        self.flying.append(self.waiting.pop(0))
        self._unsettled += 1
        return work

    def flies(self, work: Work) -> None:
        """It is given to the store."""
        self._change(work, Stage.FLYING)

    def same_again(self, work: Work) -> None:
        """Whether it landed is not known, or what goes before it has not: the same bytes must be sent again."""
        self._change(work, Stage.SAME_AGAIN)

    def anew(self, work: Work, needs: int = 0) -> None:
        """It surely did not land: decide it again when `needs` is folded."""
        self._change(work, Stage.ANEW)
        work.needs = needs
        work.append = work.refused = None

    def hold_back(self, work: Work) -> None:
        """It was taken too early: it waits, first in line."""
        self._leave(work)
        self.waiting.insert(0, work)

    def number(self, work: Work) -> None:
        """Give it its sequence, if it has none."""
        if work.sequence == 0:
            self.last += 1
            work.sequence = self.last

    def landed(self, work: Work, last: int) -> None:
        """It is in the log, with `last` as its last offset (0: it was refused for good)."""
        self._leave(work)
        if last > self.folded_to:
            self.folded_to = last

    def rewound(self, offset: int) -> None:
        """The log ends at `offset` again: nothing after it is waited for."""
        self.folded_to = min(self.folded_to, offset)
        for work in (*self.flying, *self.waiting):
            work.needs, work.witness = min(work.needs, offset), None

    def is_first(self, work: Work) -> bool:
        """Whether nothing that was sent before it is unsettled."""
        return self.flying[0] is work

    def overdue(self, now: int) -> list[Work]:
        """What has waited for too long; it is out of the lane."""
        late = [work for work in (*self.flying, *self.waiting) if work.give_up_at <= now]
        late = [work for work in late if work.stage is not Stage.FLYING]
        for work in late:
            if work in self.flying:
                self._leave(work)
            else:
                self.waiting.remove(work)
        return late

    def abandon(self) -> Iterable[Work]:
        """All of it, and the lane is empty."""
        work = [*self.flying, *self.waiting]
        self.flying.clear()
        self.waiting.clear()
        self._unsettled = 0
        return work

    def _change(self, work: Work, stage: Stage) -> None:
        self._unsettled += (stage is not Stage.FLYING) - (work.stage is not Stage.FLYING)
        work.stage = stage

    def _leave(self, work: Work) -> None:
        self.flying.remove(work)
        if work.stage is not Stage.FLYING:
            self._unsettled -= 1
