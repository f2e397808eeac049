"""Whether a process that should beat has hung: a pure machine over its beats.

A node's loop beats every `BEAT_MS`. One that hangs still holds its sockets, so nobody who is connected learns of
it: sessions go on elsewhere only when it is killed. But silence is no proof. A process that was stopped (SIGSTOP, a
debugger), one that waits for a processor on a crowded machine, and one whose machine slept are silent and
well. So only time counts in which the process *could* have beaten: not what it spent stopped, at its disk or in the
queue for a processor, and never more than `MOST_MS` between two looks, for then it was the watcher who was away.

Who hangs again soon after it was killed may be well and slow, or meet the same trouble each time: killing does
not help then. Each kill doubles the patience, up to `LONGEST` times; a minute without one restores it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BEAT_MS: Final = 50
LOOK_MS: Final = 50
MOST_MS: Final = 100
LONGEST: Final = 16
FORGIVEN_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of a process from outside. `ran`, `waited`: µs that its threads have spent on a processor and in
    the queue for one, since it began (a wait is added when it is over); `ready`: one of them runs or is in that queue;
    `stopped`: the main one is, by a signal, a debugger or its disk."""

    ran: int = 0
    waited: int = 0
    ready: bool = False
    stopped: bool = False


class Watchdog:
    """Times are monotonic ms of the watcher. `patience` 0: never."""

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._factor = 1
        self._killed_at: int | None = None
        self._beating = False
        self._silent = 0
        self._looked = 0
        self._seen = Sight()

    def begin(self) -> None:
        """Another process takes the place: it is watched from its first beat on, however long it starts."""
        self._beating = False

    def beat(self, now: int) -> None:
        """It lives."""
        self._beating = True
        self._looked = now
        self._silent = 0

    def rest(self) -> None:
        """It said that it beats no more: it is on its way out."""
        self._beating = False

    def look(self, sight: Sight, now: int) -> bool:
        """Whether it has hung: kill it. Call this every `LOOK_MS` in which no beat came."""
        before, self._seen = self._seen, sight
        passed, self._looked = now - self._looked, now
        if not self._beating or not self._patience:
            return False
        if self._killed_at is not None and now - self._killed_at >= FORGIVEN_MS:
            self._killed_at, self._factor = None, 1
        self._silent += _could_have_beaten(before, sight, passed)
        if self._silent < self._patience * self._factor:
            return False
        self._factor = min(self._factor * 2, LONGEST)
        self._killed_at = now
        self._beating = False
        return True


def _could_have_beaten(before: Sight, sight: Sight, passed: int) -> int:
    """How much (ms) of the time between two looks counts."""
    queued = sight.waited - before.waited
    in_queue = sight.ready and queued == 0 and sight.ran == before.ran
    if sight.stopped or in_queue:
        return 0
    return max(0, min(passed, MOST_MS) - max(0, queued) // 1000)
