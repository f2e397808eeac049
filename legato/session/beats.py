"""Who has stopped beating, judged by the watcher's own clock.

A lease is a counter that its holder raises in the store. A watcher reads all counters every now and then. It holds
a holder for dead only when it has itself seen the counter stand still for the lease's length, in steps none of
which counts for more than a third of it: so at least three reads after the first have shown the same number.

Time in which the store did not answer does not count: a holder could not beat either. Neither the wait for an answer
counts, nor anything across a read that failed: from there on the evidence is gathered anew. (A store that stalled
for four seconds expired a thousand of a thousand leases that were judged by its own clock.) A watcher that was
itself asleep gains nothing from it, because a step is capped.

`now` is any monotonic clock of the watcher's process, in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

READS: Final = 3
"""Steps without a change that it takes at least."""


@dataclass(frozen=True, slots=True)
class Still:
    """A holder whose counter stood at `counter` for the lease's length: remove it if it still stands there."""

    holder: str
    counter: int


@dataclass(slots=True)
class _Seen:
    counter: int
    still_ms: int = 0


@dataclass(slots=True)
class Watcher:
    """Watches the counters of one store for leases of `lease_ms`."""

    lease_ms: int
    _answered: int | None = None
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def read(self, counters: Mapping[str, int], asked: int, answered: int) -> list[Still]:
        """A read asked for at `asked` was answered at `answered` with all `counters`. Returns who is held for dead, by
        name; again at each read until its counter moves or is gone."""
        step = 0 if self._answered is None else asked - self._answered
        step = max(0, min(step, -(-self.lease_ms // READS)))
        self._answered = answered
        self._seen = {holder: self._look(holder, counter, step) for holder, counter in counters.items()}
        dead = (holder for holder, seen in self._seen.items() if seen.still_ms >= self.lease_ms)
        return [Still(holder, self._seen[holder].counter) for holder in sorted(dead)]

    def failed(self) -> None:
        """A read failed or was given up: what was seen before proves nothing any more."""
        self._answered = None
        self._seen.clear()

    def _look(self, holder: str, counter: int, step: int) -> _Seen:
        before = self._seen.get(holder)
        if before is None or before.counter != counter:
            return _Seen(counter)
        return _Seen(counter, before.still_ms + step)
