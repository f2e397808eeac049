"""Sessions that leave the store for the vault, and come back.

A session at rest is *archived*: the vault has its entries, its sound and its residue, the store the residue's name.
Whoever opens it puts it back, and nobody notices. A session that the store *lost* (emptied, or another database) is
made anew from the entries in the vault, under a new epoch whose first event names what is gone; that is an alarm.
"""

from __future__ import annotations

import logging
from typing import Final, Literal

from hub.node.entries import SessionDamaged, sealed_record, sealed_snapshot
from hub.node.opening import Opening, opened_log
from hub.node.tools import Tools
from hub.store.promise import Append, Draft, SessionKey
from hub.store.resting import Residue
from hub.vault import (
    KeptLog,
    ResidueBroken,
    Vault,
    VaultDamaged,
    VaultUnavailable,
    opened_residue,
    sealed_residue,
)
from hub.vault.vault import CURSOR
from legato.session.deadlines import earliest
from legato.session.decisions import foresee
from legato.session.event_json import encode
from legato.session.events import ControlEvent, Event
from legato.session.position import Position
from legato.session.presence_rules import connection_lost, log_reopened
from legato.session.state import State

log: Final = logging.getLogger("legato.node")

Gone = Literal["", "erased", "lost"]
"""Why a session is not there; empty: it is."""

ALWAYS: Final = 1 << 52
"""After the last minute of any track."""

VAULT_FAILS: Final = (VaultUnavailable, VaultDamaged)
"""What costs one session its place in the vault, for now, and must cost nothing else."""


def vault_failed(tools: Tools, key: SessionKey, failure: Exception) -> None:
    """Count it. Of its disk the vault tells itself."""
    damaged = not isinstance(failure, VaultUnavailable)
    tools.metrics.vault_failures.labels("damaged" if damaged else "unavailable").inc()
    if damaged:
        log.error("what the vault has is not what was kept", extra={"session": key.session})


async def archive(tools: Tools, key: SessionKey) -> bool:
    """Take a session that rests out of the store. False: somebody has it open, or it went on; all is as before.
    Raises `StoreUnavailable` (`VaultUnavailable`), `KeysError`, `VaultDamaged`."""
    vault, store = tools.vault, tools.store
    if vault is None:
        return False
    # Only these go in the end: by then the session may be back, and archived anew by another node.
    older = await vault.residues(key)
    await vault.record(store, key)
    for track in await store.tracks(key):
        await vault.record_audio(store, key, track, ALWAYS)
    residue = await store.residue(key)
    if residue is None or await vault.end(key) != residue.tail:
        return False
    sealer = await tools.keys.sealer(key.tenant, key.session)
    name = await vault.keep_residue(key, sealed_residue(sealer, residue))
    if not await store.archive(key, residue.tail, name.encode()):
        return False
    await vault.drop_residues(key, older - {name})
    tools.metrics.duties.labels("archive").inc()
    return True


async def revive(tools: Tools, key: SessionKey, newest: Position | None = None) -> Gone:
    """Bring a session back that the store did not have just now. `newest` is the newest position that is known of it.
    Raises `SessionDamaged`, `StoreUnavailable`, `KeysError`."""
    there = await tools.store.exists(key)
    if there == "erased":
        return "erased"
    name = await tools.store.archived(key) if there == "yes" else None
    if there == "yes" and name is None:
        return ""
    if tools.vault is None:
        return "erased"
    try:
        if name is not None:
            return await _restored(tools, tools.vault, key, name)
        return await _made_anew(tools, tools.vault, key, newest)
    except (*VAULT_FAILS, ResidueBroken) as failure:
        vault_failed(tools, key, failure)
        if isinstance(failure, VaultUnavailable):
            raise
        raise SessionDamaged(key, 0, "vault") from None


async def _restored(tools: Tools, vault: Vault, key: SessionKey, name: bytes) -> Gone:
    sealer = await tools.keys.sealer(key.tenant, key.session)
    residue = opened_residue(sealer, await vault.residue(key, name.decode()))
    if await tools.store.restore(key, residue, name, None):
        await tools.store.keep_cursor(key, CURSOR, residue.tail.offset)
        tools.metrics.duties.labels("restore").inc()
    return ""


async def _made_anew(tools: Tools, vault: Vault, key: SessionKey, newest: Position | None) -> Gone:
    end = await vault.end(key)
    if end is None:
        log.error("the store lost a session, and the vault has nothing of it", extra={"session": key.session})
        tools.metrics.losses.labels("gone").inc()
        return "lost"
    kept = KeptLog(vault, end)
    sealer = await tools.keys.sealer(key.tenant, key.session)
    opening = await opened_log(key, kept, sealer, tools.anchors)
    if opening is None:
        raise SessionDamaged(key, 1, "vault")
    residue = await _residue(tools, key, opening, kept.producers)
    events = what_was_lost(opening.state, end, newest)
    at = earliest(foresee(opening.state, events))
    if at is not None:
        await tools.store.schedule(key, at)
    if await tools.store.restore(key, residue, b"", await _opening(tools, key, end, events)):
        await tools.store.keep_cursor(key, CURSOR, end.offset)
        log.error("the store lost a session: reopened from the vault", extra={"session": key.session})
        tools.metrics.losses.labels("reopened").inc()
    return ""


def what_was_lost(state: State, end: Position, newest: Position | None) -> list[Event]:
    """The first events of the epoch that begins when everything after `end` is gone. How much that was is known only
    as far as somebody saw it. Nobody who was there is known to be there now."""
    seen = end.offset + 1 if newest is None else max(newest.offset, end.offset + 1)
    ended = dict.fromkeys((end.epoch, end.epoch if newest is None or newest.original else newest.epoch))
    reopened = [event for epoch in ended for event in log_reopened(epoch, end.offset + 1, seen)]
    away = [event for id in sorted(state.attachments) for event in connection_lost(state, id, "store lost")]
    return [*reopened, *away]


async def _residue(tools: Tools, key: SessionKey, opening: Opening, producers: dict[str, int]) -> Residue:
    """What the whole log folds to. Epochs of producers are not in it: they go on from the clock, which is above
    every number of openings that was lost."""
    sealer = await tools.keys.sealer(key.tenant, key.session)
    state, recent = opening.state, opening.recent
    opened = tools.session_now() // 1000
    return Residue(
        tail=recent.position,
        digest=recent.digest,
        time=state.time,
        control=state.control,
        snapshot=sealed_snapshot(key, sealer, tools.anchors, state, recent),
        lineage=tuple((each.previous_epoch, each.at - 1) for each in state.reopened),
        rights={name: right.token for name, right in state.rights.items()},
        producers={name: (opened, last) for name, last in producers.items()},
        history={entry.ordinal: sealed_record(sealer, entry) for entry in opening.left},
    )


async def _opening(tools: Tools, key: SessionKey, end: Position, events: list[Event]) -> Append:
    sealer = await tools.keys.sealer(key.tenant, key.session)
    producer = f"reopen:{end.epoch}:{end.offset + 1}"
    drafts = tuple(
        Draft(sealer.seal_event(producer, 1, index, encode(event)), isinstance(event, ControlEvent))
        for index, event in enumerate(events)
    )
    digest = tools.digests.of(key.tenant, key.session, producer, end.to_text().encode())
    return Append(producer, 0, 1, digest, drafts)
