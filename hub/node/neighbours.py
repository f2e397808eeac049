"""Whose turn it is among the nodes that could offer a session. A pure machine.

Each node with workers of an agent says how many places they have, and who they are. From that every node computes the
same order for a session: first the node of the worker that had it last, then by rendezvous hashing, weighted by free
places (Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005), so that each offers its share and no
two offer the same. A node counts itself by what it said, as the others do. Nothing depends on it: whoever is next
waits for its turn only, and what was said goes stale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import msgspec

from hub.store.promise import SessionKey

TURN_MS: Final = 100
"""What the node whose turn it is has before the next one offers the session, too."""

STALE_MS: Final = 3_000
MOST_NAMED: Final = 256
"""Workers that a node names at most."""


class Wish(msgspec.Struct, frozen=True, omit_defaults=True, tag="wish"):
    """A session wants the agent. `last`: the worker that gave it back."""

    session: str
    last: str = ""


class Places(msgspec.Struct, frozen=True, omit_defaults=True, tag="places"):
    """What a node has of the agent's workers: free places, and their names."""

    node: str
    free: int = 0
    workers: tuple[str, ...] = ()


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

    free: int
    workers: frozenset[str]
    at: int


@dataclass(slots=True)
class Neighbours:
    """The other nodes with workers of one agent, as the node `node` knows them. `free`: the places that it has said."""

    node: str = ""
    free: int = 0
    _known: dict[str, Neighbour] = field(default_factory=dict)

    def heard(self, said: Places, now: int) -> None:
        """A node, perhaps this one, said what it has."""
        if said.node == self.node:
            self.free = said.free
        elif said.workers:
            self._known[said.node] = Neighbour(said.free, frozenset(said.workers), now)
        else:
            self._known.pop(said.node, None)

    def turn(self, key: SessionKey, last: str, here: bool, now: int) -> int:
        """How many nodes come before this one. `last`: the worker that had the session last, and whether it is
        `here`."""
        if not self._known or here:
            return 0
        for node in [node for node, each in self._known.items() if now >= each.at + STALE_MS]:
            del self._known[node]
        own = self._score(self.node, key, self.free)
        return sum(
            last in each.workers or self._score(node, key, each.free) > own
            for node, each in self._known.items()
            if each.free > 0
        )

    @staticmethod
    def _score(node: str, key: SessionKey, free: int) -> float:
        said = f"{node}/{key.tenant}/{key.session}".encode()
        drawn = int.from_bytes(blake2b(said, digest_size=7).digest())
        return -free / math.log((drawn + 1) / (2.0**56 + 2))
