"""A session as one value: what it leaves behind when it goes from the store to the vault, and comes back by.

A *residue* has all that a log goes on from, but none of its entries and no audio: those rest in the vault already.
A session that is *archived* has nothing in the store but its row and the name of its residue; it is `exists`, can
be listed and erased, and reads find nothing of it until it is restored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hub.store.values import Append, SessionKey, Snapshot
from legato.session.position import Position


@dataclass(frozen=True, slots=True)
class Residue:
    """A log that ends at `tail`, without its entries. `snapshot` is the state there.

    `digest` is the chain digest at the tail (20 bytes), `time` the session time and `control` the offset of the last
    control event; `lineage` names the epochs before with the last offset that survived of each; `rights` are the
    numbers of their tokens; `producers` have their epoch and last sequence (what is repeated after a restoring is
    `too_old`); `holders` when they were set (ms) and what; `history` the sealed ended entries by ordinal.
    """

    tail: Position
    digest: bytes
    time: int
    control: int
    snapshot: Snapshot
    lineage: tuple[tuple[str, int], ...] = ()
    rights: Mapping[str, int] | None = None
    producers: Mapping[str, tuple[int, int]] | None = None
    holders: Mapping[str, tuple[int, bytes]] | None = None
    history: Mapping[int, bytes] | None = None


class Resting(Protocol):
    """Sessions that leave the store whole."""

    async def residue(self, key: SessionKey) -> Residue | None:
        """The session as one value, read atomically. None: there is no such session, or its newest snapshot is not
        at its tail."""

    async def archive(self, key: SessionKey, tail: Position, name: bytes) -> bool:
        """Remove everything of the session but its row, and keep `name` (its residue's, not empty) in its place: if
        its tail still is `tail` and nobody is subscribed to it, atomically. Asked twice, the second says False."""

    async def archived(self, key: SessionKey) -> bytes | None:
        """The name that `archive` kept; None if the session is not archived."""

    async def restore(self, key: SessionKey, residue: Residue, name: bytes, opening: Append | None) -> bool:
        """Put a session back that the store does not have: an archived one by its `name`, or (`name` empty) one that
        it has lost, atomically. With `opening` under a new epoch whose first batch that is: rights are void, and
        everything before stays as it was. False, and nothing happens: it is there, erased, or archived as another."""
