"""From stored entries to events and back: seals, chain digests, snapshots, history records.

A sealed snapshot holds more than the state: the full chain digest (20 bytes) at its position, where the chain
goes on and which its anchor covers; and the checks (8 bytes each) of the offsets before it, so that a node
that opens the session after a lost tail still finds exactly what is lost. Version 1 of the plaintext:

    0x01 | digest: 20 bytes | number of checks: u16 big endian | checks, the oldest first | state JSON
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from hub.keys import places
from hub.keys.anchors import Anchors
from hub.keys.errors import PlaceInvalid, SealBroken
from hub.keys.sealing import Sealer
from hub.node.recent import Recent, Told
from hub.store.promise import SessionKey, Snapshot, Stored
from legato.session import chain
from legato.session.event_json import decode, stamp
from legato.session.position import CHECK_SIZE, Position
from legato.session.state import Entry, State, decode_state, encode_state

SNAPSHOT_VERSION: Final = b"\x01"
CONTROL_FLAG: Final = 1
_CHECKS_AT: Final = 1 + chain.DIGEST_SIZE

_entries: Final = msgspec.json.Encoder(order="deterministic")


class Keys(Protocol):
    """Where a session's sealer comes from (`hub.keys.keystore.KeyStore`)."""

    def opened(self, tenant: str, session: str) -> Sealer | None:
        """A sealer without waiting, if the key is open."""

    async def sealer(self, tenant: str, session: str, *, create: bool = False) -> Sealer:
        """A sealer for now; raises `KeyUnknown`, `SessionForgotten`, `KeyStoreUnavailable`."""

    async def forget(self, tenant: str, session: str) -> bool:
        """Erase the session's key for ever."""

    def expire(self) -> int | None:
        """Drop keys that are too old."""


class SessionDamaged(Exception):
    """What the store gave for `offset` is not what a hub put there; `reason` is seal, anchor or content."""

    def __init__(self, key: SessionKey, offset: int, reason: str) -> None:
        super().__init__(f"{key.tenant}/{key.session} at {offset}: {reason}")
        self.key = key
        self.offset = offset
        self.reason = reason


def link_of(previous: bytes, entry: Stored) -> bytes:
    """The chain digest that `entry` must have after `previous`."""
    header = chain.producer_header(entry.producer, entry.sequence, entry.index)
    flags = CONTROL_FLAG if entry.control else 0
    return chain.link(previous, entry.offset, entry.time, flags, header, entry.sealed)


def opened_entry(key: SessionKey, sealer: Sealer, entry: Stored) -> Told:
    """The event of a stored entry. Raises `SessionDamaged`."""
    try:
        plain = sealer.open_event(entry.producer, entry.sequence, entry.index, entry.sealed)
        encoded = stamp(plain, entry.offset, entry.time)
        return Told(decode(encoded), encoded, entry.digest)
    except (SealBroken, PlaceInvalid):  # a sequence that none has seals nothing
        raise SessionDamaged(key, entry.offset, "seal") from None
    except msgspec.DecodeError:
        raise SessionDamaged(key, entry.offset, "content") from None


def sealed_snapshot(
    key: SessionKey, sealer: Sealer, anchors: Anchors, state: State, recent: Recent
) -> Snapshot:
    """The snapshot of `state`, which is what the log folds to after the last event of `recent`."""
    position, digest, checks = recent.position, recent.digest, recent.checks_before()
    count = (len(checks) // CHECK_SIZE).to_bytes(2)
    plain = b"".join((SNAPSHOT_VERSION, digest, count, checks, encode_state(state)))
    sealed = sealer.seal(places.snapshot(position.epoch, position.offset), plain)
    anchor = anchors.anchor(key.tenant, key.session, position.epoch, position.offset, digest, sealed)
    return Snapshot(position, state.fold, sealed, anchor)


def opened_snapshot(
    key: SessionKey, sealer: Sealer, anchors: Anchors, snapshot: Snapshot
) -> tuple[State, Recent]:
    """The state at the snapshot's position and what is remembered of the log there. Raises
    `SessionDamaged`."""
    at = snapshot.position
    try:
        plain = sealer.open(places.snapshot(at.epoch, at.offset), snapshot.sealed)
    except SealBroken:
        raise SessionDamaged(key, at.offset, "seal") from None
    digest = plain[1:_CHECKS_AT]
    begin = _CHECKS_AT + 2 + CHECK_SIZE * int.from_bytes(plain[_CHECKS_AT : _CHECKS_AT + 2])
    checks, encoded = plain[_CHECKS_AT + 2 : begin], plain[begin:]
    if plain[:1] != SNAPSHOT_VERSION or Position.at(at.epoch, at.offset, digest) != at:
        raise SessionDamaged(key, at.offset, "content")
    if not anchors.holds(
        snapshot.anchor, key.tenant, key.session, at.epoch, at.offset, digest, snapshot.sealed
    ):
        raise SessionDamaged(key, at.offset, "anchor")
    try:
        return decode_state(encoded), Recent(at.epoch, at.offset, digest, checks)
    except msgspec.DecodeError:
        raise SessionDamaged(key, at.offset, "content") from None


def encoded_entry(entry: Entry) -> bytes:
    """An ended entry of the transcript as JSON, as history holds it."""
    return _entries.encode(entry)


def sealed_record(sealer: Sealer, entry: Entry) -> bytes:
    """An ended entry, sealed for the history under its ordinal."""
    return sealer.seal(places.history(str(entry.ordinal)), encoded_entry(entry))


def opened_record(key: SessionKey, sealer: Sealer, ordinal: int, sealed: bytes) -> bytes:
    """The JSON of the ended entry `ordinal`. Raises `SessionDamaged`."""
    try:
        return sealer.open(places.history(str(ordinal)), sealed)
    except SealBroken:
        raise SessionDamaged(key, 0, "seal") from None


SIGNALS_PLACE: Final = places.record("signals", 0)
"""Signals cross the store too, so they are sealed; nothing of them rests anywhere."""
