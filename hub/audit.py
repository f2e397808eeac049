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

from hub.keys.anchors import Anchors
from hub.keys.errors import KeyUnknown
from hub.keys.refused import Chain, Checked, Flaw, Walk, What, joined
from hub.node.entries import Keys, SessionDamaged, opened_entry
from hub.node.refusals import Trial
from hub.node.refused import TENANTS, is_over, kept_of, most_of
from hub.store.promise import SessionKey, Store
from hub.store.refusing import KeptRefusals
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
    """What was refused, oldest first; `unreadable` more of them do not open. No `flaws`: the list is what was
    written."""

    trials: tuple[Trial, ...] = ()
    unreadable: int = 0
    flaws: tuple[Flaw, ...] = ()


async def tried(
    key: SessionKey, store: Store, keys: Keys, anchors: Anchors, vault: Vault | None = None
) -> Tried:
    """What people and agents of the session tried and were refused, as far as it is kept, in the store and in the
    vault. Raises `KeysError`, `StoreUnavailable`."""
    sealer = await keys.sealer(key.tenant, key.session)
    chain, most = Chain(key.tenant, key.session, anchors), most_of(key)
    hot = await kept_of(store, key)
    cold = await vault.refusals(key) if vault is not None else KeptRefusals()
    ends = [chain.read(each.head) for each in (hot, cold)]
    if not hot.head and ends[1] is not None and is_over(ends[1], await store.time()):
        cold, ends[1] = KeptRefusals(), None
    told = Walk(chain, sealer, most, whole=False).over(hot.head, hot.records)
    newer = hot if ends[1] is None or (ends[0] is not None and ends[0].number >= ends[1].number) else cold
    both = joined(cold.records, hot.records, most)
    all_told = Walk(chain, sealer, most, whole=True).over(newer.head, both)
    if cold.head and ends[1] is None:
        all_told.found(0, "anchor")
    if ends[0] is not None and ends[1] is not None:
        for number in range(ends[0].number + 1, ends[1].number + 1):
            all_told.found(number, "lost")
    return _tried(told.flaws, all_told)


async def tried_beside(
    tenant: str, store: Store, keys: Keys, anchors: Anchors, vault: Vault | None = None
) -> Tried:
    """What was refused and is no session's of this tenant (making one, listing them, …), or an erased one's, as far as
    it is kept. Raises `KeysError`, `StoreUnavailable`."""
    try:
        return await tried(SessionKey(tenant, TENANTS), store, keys, anchors, vault)
    except KeyUnknown:
        return Tried()


def _tried(flaws: dict[int, What], found: Checked) -> Tried:
    trials: list[Trial] = []
    unreadable = found.unreadable
    for number, plain in [*((0, each) for each in found.older), *sorted(found.opened.items())]:
        try:
            trials.append(msgspec.structs.replace(msgspec.json.decode(plain, type=Trial), number=number))
        except msgspec.DecodeError:
            unreadable += 1
    named = {**flaws, **found.flaws}
    return Tried(tuple(trials), unreadable, tuple(Flaw(number, named[number]) for number in sorted(named)))
