"""The desk of one agent on one node: which of the workers here is offered which session. A pure machine.

A worker is the judge of its own capacity; what is counted here only spreads the load. The worker that had a session
last comes before others, then the one with the greatest part of its capacity free. Who declined a session is
offered it again when nobody else with a place is left, or when it says that it has room; who refused it, not before
the time that it named. What a session needs its worker must have among its labels. Where other nodes have workers,
too, each session is offered by one node first (`neighbours`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.node.neighbours import MOST_LABELS, MOST_NAMED, TURN_MS, Neighbours, Places
from hub.node.promise import Offer
from hub.store.promise import SessionKey

OFFERED_EACH: Final = 32
OFFERED: Final = 128
"""Offers that stand at once, of a worker and of a desk: what is offered faster than it can be taken is taken too
late, and offered again."""

REMEMBERED: Final = 10_000
"""Sessions of which it is remembered who had them last."""


NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(slots=True)
class Worker:
    """A worker connected here, with its labels as `name=value`. `has` are the sessions it took, `offered` those it may
    take."""

    name: str
    capacity: int
    offer: Offer
    labels: frozenset[str] = NOTHING
    has: set[SessionKey] = field(default_factory=set)
    offered: set[SessionKey] = field(default_factory=set)

    @property
    def load(self) -> int:
        """Sessions that it has or is offered."""
        return len(self.has) + len(self.offered - self.has)

    @property
    def places(self) -> int:
        """How many more it would take, as far as is known."""
        return max(0, self.capacity - self.load)

    @property
    def open_to_offers(self) -> bool:
        """Whether it is to be offered more now."""
        return self.places > 0 and len(self.offered) < OFFERED_EACH


@dataclass(slots=True)
class Desk:
    """See the module. `until` says how long a session's offer stands (monotonic ms)."""

    workers: dict[str, Worker] = field(default_factory=dict)
    until: dict[SessionKey, int] = field(default_factory=dict)
    last: OrderedDict[SessionKey, str] = field(default_factory=OrderedDict)
    declined: dict[SessionKey, set[str]] = field(default_factory=dict)
    refused: dict[SessionKey, dict[str, int]] = field(default_factory=dict)
    """Until when (monotonic ms) a session is not offered again to the workers that refused it."""

    neighbours: Neighbours = field(default_factory=Neighbours)
    deferred: dict[SessionKey, int] = field(default_factory=dict)
    """Sessions whose offer is another node's first, since when they are seen to wait."""

    more: bool = False
    """Whether more waits than was offered."""

    _taken: tuple[set[SessionKey], set[SessionKey]] = field(default_factory=lambda: (set(), set()))

    @property
    def places(self) -> int:
        """How many more sessions the workers would take."""
        return sum(worker.places for worker in self.workers.values())

    @property
    def hungry(self) -> bool:
        """Whether it is time to offer more of what waits."""
        return self.more and len(self.until) * 2 <= min(OFFERED, OFFERED_EACH * len(self.workers))

    @property
    def reads(self) -> int:
        """How many of the waiting sessions are to be looked at."""
        passed_over = len(self.until) + len(self.declined) + len(self.deferred) + len(self.refused)
        return passed_over + min(OFFERED, self.places) + 1

    @property
    def said(self) -> Places:
        """What the other nodes are told."""
        able: dict[str, int] = {}
        for worker in self.workers.values():
            labels = " ".join(sorted(worker.labels))
            able[labels] = able.get(labels, 0) + worker.places
        told = able if len(able) <= MOST_LABELS else None
        return Places(self.neighbours.node, self.places, tuple(self.workers)[:MOST_NAMED], told)

    @property
    def labels(self) -> set[frozenset[str]]:
        """The sets of labels that workers here have."""
        return {worker.labels for worker in self.workers.values()}

    def register(self, name: str, capacity: int, offer: Offer, labels: frozenset[str] = NOTHING) -> None:
        """A worker is here, anew or again; it keeps what it had."""
        known = self.workers.get(name)
        self.leave(name)  # what its older connection was offered, perhaps nobody heard
        self.workers[name] = Worker(name, capacity, offer, labels, known.has if known else set())

    def leave(self, name: str) -> None:
        """It is here no more; what it was offered waits again."""
        gone = self.workers.pop(name, None)
        for key in gone.offered if gone is not None else ():
            self.until.pop(key, None)

    def capacity(self, name: str, free: int) -> None:
        """The worker would take so many more."""
        if (worker := self.workers.get(name)) is not None:
            worker.capacity = worker.load + free
            if free:
                for refusing in self.declined.values():
                    refusing.discard(name)

    def decline(self, name: str, key: SessionKey, again: int = 0) -> None:
        """The worker does not take the session it was offered, and is not to be asked before `again` (monotonic ms)."""
        if again:
            self.refused.setdefault(key, {})[name] = again
            while len(self.refused) > REMEMBERED:
                del self.refused[next(iter(self.refused))]
        else:
            self.declined.setdefault(key, set()).add(name)
        if (worker := self.workers.get(name)) is not None:
            worker.has.discard(key)
            if key in worker.offered:
                self._withdraw(key)

    def settled(self, key: SessionKey, name: str) -> bool:
        """The session was taken by the worker `name` ("": it is given back, or its worker is lost). Whether this desk
        had offered it to that worker."""
        taker = self.workers.get(name)
        offered = taker is not None and key in taker.offered
        self._withdraw(key)
        self.declined.pop(key, None)
        self.deferred.pop(key, None)
        self.missed(key)
        for worker in self.workers.values():
            worker.has.discard(key)
        if name:
            self._taken[1].add(key)
            self.remember(key, name)
            if taker is not None:
                taker.has.add(key)
        return offered

    def remember(self, key: SessionKey, name: str) -> None:
        """The worker `name` had the session last."""
        self.last.pop(key, None)
        self.last[key] = name
        while len(self.last) > REMEMBERED:
            self.last.popitem(last=False)

    def missed(self, key: SessionKey) -> None:
        """Its worker is out of reach or gone: whoever says that it waits is right."""
        for taken in self._taken:
            taken.discard(key)

    def reading(self) -> None:
        """What waits is read from here on. It may say so of a session that was taken a moment ago, since the last
        read or after this one: that is not offered again."""
        self._taken = (self._taken[1], set())

    def assign(
        self,
        waiting: Sequence[SessionKey] | Mapping[SessionKey, frozenset[str]],
        now: int,
        patience: int,
    ) -> list[tuple[SessionKey, Worker]]:
        """Who is offered which of the waiting sessions (with what they need) now, until `now + patience`."""
        there = set(waiting)
        for key in [key for key, until in self.until.items() if until <= now or key not in there]:
            self._withdraw(key)
        for known in (self.declined, self.deferred):
            for key in known.keys() - there:
                del known[key]
        made = []
        self.more = len(waiting) >= self.reads
        for key in waiting:
            if key in self.until or key in self._taken[0] or key in self._taken[1]:
                continue
            needs = waiting[key] if isinstance(waiting, Mapping) else NOTHING
            if self._defer(key, needs, now):
                continue
            worker = self._free(key, needs, now) if self._open(key) else None
            if worker is None:
                self.more = True
            else:
                self.deferred.pop(key, None)
                self.until[key] = now + patience
                worker.offered.add(key)
                made.append((key, worker))
        return made

    def _defer(self, key: SessionKey, needs: frozenset[str], now: int) -> bool:
        """Whether another node is to offer it first."""
        last = self.last.get(key, "")
        before = self.neighbours.turn(key, last, last in self.workers, now, needs)
        return before > 0 and now < self.deferred.setdefault(key, now) + before * TURN_MS

    def _withdraw(self, key: SessionKey) -> None:
        if self.until.pop(key, None) is not None:
            for worker in self.workers.values():
                worker.offered.discard(key)

    def _open(self, key: SessionKey) -> bool:
        """Whether anybody is to be offered more now (or has this one, and is to hear of it again)."""
        return len(self.until) < OFFERED and any(
            each.open_to_offers or key in each.has for each in self.workers.values()
        )

    def tidy(self, now: int) -> None:
        """Who refused may be asked again when the time has come."""
        over = [key for key, until in self.refused.items() if max(until.values()) <= now]
        for key in over:
            del self.refused[key]

    def _free(self, key: SessionKey, needs: frozenset[str], now: int) -> Worker | None:
        last, declined = self.last.get(key), self.declined.get(key, set())
        refused = self.refused.get(key, {})
        able = [
            each
            for each in self.workers.values()
            if (key in each.has or each.places > 0)
            and needs <= each.labels
            and refused.get(each.name, now) <= now
        ]
        willing = [each for each in able if each.name not in declined]
        if able and not willing:
            del self.declined[key]  # they are asked again, but not in the same breath
        willing = [each for each in willing if key in each.has or each.open_to_offers]
        return min(
            willing,
            key=lambda each: (each.name != last, (each.load + 1) / max(1, each.capacity), each.name),
            default=None,
        )
