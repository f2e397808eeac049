"""What is in flight on one connection, and what is to be sent again. Pure.

A server answers in the order it was asked, so the oldest unanswered command is the one that an answer
belongs to. Every command may be sent again: appends are known by producer and sequence, the rest is
idempotent or harmless. Three things ask for sending again, and all of them keep the order:

- the connection broke: what was unanswered goes before what waits;
- the server forgot the scripts (NOSCRIPT). Commands behind the first one may have failed too, or (another
  node having loaded the scripts meanwhile) have been refused for the gap that the first one left. So
  writing stops until everything sent was answered; then the scripts, and what failed, in order;
- the server is not to be asked now (loading, demoted): as if the connection broke.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 20_000
"""Commands that may wait or be unanswered; more are not taken."""

NOT_NOW: Final = (
    "LOADING",
    "READONLY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "BUSY",
    "UNBLOCKED",
    "MOVED",
    "ASK",
)
"""Errors that say: not this server, or not now."""


class Full(Exception):
    """More commands wait than the bound allows."""


class Kind(Enum):
    """What answers a command, and what its answer may mean."""

    PLAIN = auto()
    ORDERED = auto()
    """An append: refused for a gap while the scripts are sent anew, it is sent again."""
    CONFIRMED = auto()
    """A subscription: success is a push, only failure is an answer."""


@dataclass(slots=True, eq=False)
class Flown(Generic[T]):
    """One command, as words or as written for the wire. `waiter` is the caller's; `since` when it was made (ms)."""

    words: tuple[Any, ...] | bytes
    kind: Kind
    waiter: T
    since: int


class Verdict(Enum):
    """What an answer means for its command."""

    SETTLED = auto()
    AGAIN = auto()
    BREAK = auto()


@dataclass(slots=True)
class Flight(Generic[T]):
    """See the module. `waiting` was not sent yet, `sent` is unanswered, `again` failed and is sent anew."""

    waiting: deque[Flown[T]] = field(default_factory=deque)
    sent: deque[Flown[T]] = field(default_factory=deque)
    again: list[Flown[T]] = field(default_factory=list)
    needs_scripts: bool = False

    def add(self, command: Flown[T]) -> None:
        """Let it wait for the next write."""
        if len(self.waiting) + len(self.sent) + len(self.again) >= MOST:
            raise Full
        self.waiting.append(command)

    def take(self) -> list[Flown[T]]:
        """What to write now, in order; nothing while the scripts are missing."""
        if self.needs_scripts:
            return []
        taken = list(self.waiting)
        self.waiting.clear()
        self.sent.extend(taken)
        return taken

    def answered(self, error: str, gap: bool) -> tuple[Flown[T], Verdict]:
        """An answer came: for which command, and what to do. `error` is the error's text or empty, `gap`
        whether the answer refuses an append for a gap in its sequence."""
        command = self.sent.popleft()
        if not error and not gap:
            return command, Verdict.SETTLED
        if error.startswith("NOSCRIPT"):
            self.needs_scripts = True
        elif error.startswith(NOT_NOW):
            self.sent.appendleft(command)
            return command, Verdict.BREAK
        elif not (self.needs_scripts and gap and command.kind is Kind.ORDERED):
            return command, Verdict.SETTLED
        self.again.append(command)
        return command, Verdict.AGAIN

    def ready_for_scripts(self) -> bool:
        """Whether the scripts are missing and nothing is unanswered any more."""
        return self.needs_scripts and not self.sent

    def scripts_sent(self) -> None:
        """What failed goes before what waits."""
        self.needs_scripts = False
        self.waiting.extendleft(reversed(self.again))
        self.again.clear()

    def broken(self) -> list[Flown[T]]:
        """The connection is gone: what failed or is unanswered goes before what waits. Subscriptions are
        returned instead: a new connection makes them anew."""
        unanswered = [*self.again, *self.sent]
        self.again.clear()
        self.sent.clear()
        self.needs_scripts = False
        subscriptions = [command for command in unanswered if command.kind is Kind.CONFIRMED]
        subscriptions += [command for command in self.waiting if command.kind is Kind.CONFIRMED]
        rest = [*unanswered, *self.waiting]
        self.waiting = deque(command for command in rest if command.kind is not Kind.CONFIRMED)
        return subscriptions

    def overdue(self, before: int) -> list[Flown[T]]:
        """Commands made before `before`; those that wait are not sent any more."""
        late = [command for command in (*self.again, *self.sent) if command.since < before]
        late += [command for command in self.waiting if command.since < before]
        self.waiting = deque(command for command in self.waiting if command.since >= before)
        return late

    def idle(self) -> bool:
        """Whether nothing is unanswered."""
        return not self.sent and not self.again
