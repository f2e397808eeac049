"""Who did what when: the acts of a session, each with the digest of the chain where it stands, and what was refused.

An act is an event that decisions rest on, or by which somebody came, went, spoke up or whispered. Streams of words, of
playout and of marks are none. The chain is verified over all events (`hub.verify`): a missing act is found, too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import msgspec

from hub.keys.errors import KeyUnknown, SealBroken
from hub.keys.sealing import Sealer
from hub.node.entries import Keys, SessionDamaged, opened_entry
from hub.node.refusals import TENANTS, Trial, opened_trial
from hub.store.promise import SessionKey, Store
from hub.vault import Vault
from hub.verify import stored
from legato.session import events as e

ACTS: Final = (
    e.ParticipantJoined,
    e.AttachmentOpened,
    e.AttachmentClosed,
    e.MessagePosted,
    e.CancelRequested,
    e.Whispered,
    e.ReplyDrafted,
    e.DraftUsed,
    e.DraftDismissed,
    e.SessionLabelled,
    e.VoiceStarted,
    e.VoiceEnded,
)


@dataclass(frozen=True, slots=True)
class Act:
    """One event, as JSON, and the chain's digest behind it."""

    encoded: bytes
    digest: bytes


async def acts(
    key: SessionKey, store: Store, keys: Keys, last: int, vault: Vault | None = None, after: int = 0
) -> AsyncGenerator[Act, None]:
    """The acts behind offset `after` and up to `last`. What cannot be read is left out: the report of `verify` names
    it. Raises `KeysError`, `StoreUnavailable`, `VaultDamaged`."""
    sealer = await keys.sealer(key.tenant, key.session)
    async with aclosing(vault.entries(store, key) if vault is not None else stored(store, key)) as entries:
        async for entry in entries:
            if entry.offset > last:
                return
            if entry.offset <= after:
                continue
            try:
                told = opened_entry(key, sealer, entry)
            except SessionDamaged:
                continue
            if told.event.control or isinstance(told.event, ACTS):
                yield Act(told.encoded, entry.digest)


@dataclass(frozen=True, slots=True)
class Tried:
    """What was refused, oldest first; `unreadable` more of them do not open."""

    trials: tuple[Trial, ...]
    unreadable: int


async def tried(key: SessionKey, store: Store, keys: Keys) -> Tried:
    """What people and agents of the session tried and were refused, as far as it is kept. It is no part of the chain.
    Raises `KeysError`, `StoreUnavailable`."""
    sealer = await keys.sealer(key.tenant, key.session)
    return _opened(sealer, await store.refusals(key))


async def tried_beside(tenant: str, store: Store, keys: Keys) -> Tried:
    """What was refused and is no session's of this tenant (making one, listing them, …), or an erased one's, as far as
    it is kept. Raises `KeysError`, `StoreUnavailable`."""
    try:
        sealer = await keys.sealer(tenant, TENANTS)
    except KeyUnknown:
        return Tried((), 0)
    return _opened(sealer, await store.tenants_refusals(tenant))


def _opened(sealer: Sealer, kept: list[bytes]) -> Tried:
    trials: list[Trial] = []
    for sealed in kept:
        try:
            trials.append(opened_trial(sealer, sealed))
        except (SealBroken, msgspec.DecodeError):
            continue
    return Tried(tuple(trials), len(kept) - len(trials))
