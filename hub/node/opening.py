"""Opening a session's log: one join, then what the join could not bring, all of it checked.

The snapshot's anchor is checked, the chain is recomputed from it over every entry of the tail, and every
seal is opened. The cost is the snapshot and what follows it, whatever the session's length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hub.keys.anchors import Anchors
from hub.keys.sealing import Sealer
from hub.node.entries import SessionDamaged, link_of, opened_entry, opened_snapshot
from hub.node.recent import Recent
from hub.store.promise import Joined, Page, SessionKey, Stored
from legato.session import chain
from legato.session.events import LogReopened
from legato.session.fold import evolve
from legato.session.state import Entry, State


@dataclass(slots=True)
class Opening:
    """A log as it was read. `left` are the entries that left the state's window after the snapshot;
    `snapshot` is the snapshot's offset (0: there was none)."""

    state: State
    recent: Recent
    left: list[Entry]
    snapshot: int


class Readable(Protocol):
    """What a log is opened from: a store, or what the vault kept."""

    async def join(self, key: SessionKey) -> Joined | None:
        """See the store's promise."""

    async def read(self, key: SessionKey, after: int) -> Page | None:
        """See the store's promise."""


async def opened_log(key: SessionKey, log: Readable, sealer: Sealer, anchors: Anchors) -> Opening | None:
    """Join and fold. None: no such session. Raises `SessionDamaged`, `StoreUnavailable`."""
    joined = await log.join(key)
    if joined is None:
        return None
    opening = _begun(key, joined, sealer, anchors)
    page = joined.page
    while page.entries or opening.recent.offset < page.tail.offset:
        if page.entries and page.entries[0].offset != opening.recent.offset + 1:
            raise SessionDamaged(key, opening.recent.offset + 1, "hole")
        for entry in page.entries:
            _fold(key, opening, entry, sealer)
        opening.recent.epoch = page.tail.epoch
        if opening.recent.offset >= page.tail.offset:
            break
        following = await log.read(key, opening.recent.offset)
        if following is None:
            return None
        page = following
    return opening


def _begun(key: SessionKey, joined: Joined, sealer: Sealer, anchors: Anchors) -> Opening:
    epoch = joined.page.tail.epoch
    if joined.snapshot is None:
        digest = _genesis(key, epoch, joined.page.entries, sealer)
        return Opening(State(), Recent(epoch, 0, digest), [], 0)
    state, recent = opened_snapshot(key, sealer, anchors, joined.snapshot)
    recent.epoch = epoch
    return Opening(state, recent, [], recent.offset)


def _genesis(key: SessionKey, epoch: str, entries: tuple[Stored, ...], sealer: Sealer) -> bytes:
    """The digest at offset 0. It is of the first epoch: the log may have been reopened since."""
    epochs = [epoch]
    if entries and link_of(chain.genesis(key.tenant, key.session, epoch), entries[0]) != entries[0].digest:
        events = (opened_entry(key, sealer, entry).event for entry in entries if entry.control)
        epochs = [event.previous_epoch for event in events if isinstance(event, LogReopened)]
    return chain.genesis(key.tenant, key.session, epochs[0] if epochs else epoch)


def _fold(key: SessionKey, opening: Opening, entry: Stored, sealer: Sealer) -> None:
    if link_of(opening.recent.digest, entry) != entry.digest:
        raise SessionDamaged(key, entry.offset, "chain")
    told = opened_entry(key, sealer, entry)
    opening.recent.add(told)
    opening.left += evolve(opening.state, told.event)
