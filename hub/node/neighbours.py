"""Whose turn it is among the nodes that could offer a session. A pure machine.

Each node with workers of an agent says how many places they have, with which labels, and who they are. From that
every node computes the same order for a session: first the node of the worker that had it last, then by rendezvous
hashing, weighted by those free places that meet what the session needs (Schindelhauer and Schomaker, "Weighted
distributed hash tables", 2005), so that each offers its share and no two offer the same. A node counts itself by what
it said, as the others do. Nothing depends on it: whoever is next waits for its turn only, and what was said goes
stale.

A node that died says nothing more, and is waited for until what it said is stale: no beat tells sooner that it died
than a lease's length after. But its workers look for another node at once. So a worker is where it was named last,
and a node all of whose workers have come to others is waited for no more; if it lives it says so itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Final

import msgspec

from hub.store.promise import SessionKey

TURN_MS: Final = 100
"""What the node whose turn it is has before the next one offers the session, too."""

STALE_MS: Final = 3_000
MOST_NAMED: Final = 256
"""Workers that a node names at most."""

MOST_LABELS: Final = 64
"""Sets of labels of which a node says how many places are free with them. One with more of them says it of none."""


class Wish(msgspec.Struct, frozen=True, omit_defaults=True, tag="wish"):
    """A session wants the agent. `last`: the worker that gave it back."""

    session: str
    last: str = ""


class Places(msgspec.Struct, frozen=True, omit_defaults=True, tag="places"):
    """What a node has of the agent's workers: free places, and their names. `able`: how many places are free with each
    set of labels (`name=value` with spaces between); None: it does not say, so any may meet what a session needs."""

    node: str
    free: int = 0
    workers: tuple[str, ...] = ()
    able: dict[str, int] | None = None

    def meeting(self, needs: frozenset[str]) -> int:
        """How many of the places meet these needs, as far as is said."""
        if self.able is None or not needs:
            return self.free
        return sum(free for labels, free in self.able.items() if needs <= frozenset(labels.split()))


def read(payload: bytes) -> Wish | Places | None:
    """What a node said on the agent's channel. None: another version's."""
    try:
        return _decoder.decode(payload)
    except msgspec.DecodeError:
        return None


_decoder: Final[msgspec.json.Decoder[Wish | Places]] = msgspec.json.Decoder(Wish | Places)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another node, as it was said at `at` (monotonic ms)."""

    places: Places
    workers: frozenset[str]
    at: int


@dataclass(slots=True)
class Neighbours:
    """The other nodes with workers of one agent, as the node `node` knows them. `said`: what it said itself."""

    node: str = ""
    said: Places = Places("")
    _known: dict[str, Neighbour] = field(default_factory=dict)

    def heard(self, said: Places, now: int) -> None:
        """A node, perhaps this one, said what it has."""
        if said.node == self.node:
            self.said = said
        elif said.workers:
            self._known[said.node] = Neighbour(said, frozenset(said.workers), now)
        else:
            self._known.pop(said.node, None)
        self._came(said)

    def _came(self, said: Places) -> None:
        """Its workers are at no other node any more."""
        for node, each in tuple(self._known.items()):
            left = each.workers.difference(said.workers)
            if node == said.node or len(left) == len(each.workers):
                continue
            if left:
                self._known[node] = replace(each, workers=left)
            else:
                del self._known[node]

    def turn(
        self, key: SessionKey, last: str, here: bool, now: int, needs: frozenset[str] = frozenset()
    ) -> int:
        """How many nodes come before this one. `last`: the worker that had the session last, and whether it is
        `here`; `needs`: which labels it must have."""
        if not self._known or here:
            return 0
        for node in [node for node, each in self._known.items() if now >= each.at + STALE_MS]:
            del self._known[node]
        own = self._score(self.node, key, self.said.meeting(needs))
        return sum(
            last in each.workers or self._score(node, key, free) > own
            for node, each in self._known.items()
            if (free := each.places.meeting(needs)) > 0
        )

    @staticmethod
    def _score(node: str, key: SessionKey, free: int) -> float:
        said = f"{node}/{key.tenant}/{key.session}".encode()
        drawn = int.from_bytes(blake2b(said, digest_size=7).digest())
        return -free / math.log((drawn + 1) / (2.0**56 + 2))
