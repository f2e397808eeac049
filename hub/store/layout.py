"""How a session lies in the store: names of keys and formats of values (`docs/store.md`). Pure.

All keys of a session share the hash tag `{TENANT/SESSION}`, so that a script may use them together on a
cluster. Neither a tenant's nor a session's name holds a `/` or a brace.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

from hub.store.promise import Listed, SessionKey, Snapshot, Stored
from legato.session.position import Position, PositionInvalid

PREFIX: Final = "legato:1:"
"""Every key starts with it; the 1 is the layout's version."""

BUCKETS: Final = 16
"""Deadlines are spread over so many sorted sets."""

CONTROL_FLAG: Final = 1
FORMAT: Final = 1
_ONE: Final = bytes((FORMAT,))

_HEAD: Final = struct.Struct(">B11sQ20sQQQ20s")
_ENTRIES: Final = tuple(struct.Struct(f">BQQBB{named}sQB20s") for named in range(256))
_NAMED_AT: Final = 18
_OUTCOME: Final = struct.Struct(">BQQB")
_POSITION: Final = struct.Struct(">11sQ8s")
_SNAPSHOT: Final = struct.Struct(">BIQ34sB")
_ORDINAL: Final = struct.Struct(">Q")
_LENGTH: Final = struct.Struct(">I")


class FormatUnknown(ValueError):
    """What is stored was written by something newer (or by something else); `what` names the kind of value."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def tag(key: SessionKey) -> str:
    """TENANT/SESSION: a session's name in sets that many sessions share."""
    return f"{key.tenant}/{key.session}"


def from_tag(text: str) -> SessionKey:
    """Read what `tag` wrote."""
    tenant, _, session = text.partition("/")
    return SessionKey(tenant, session)


def meta(key: SessionKey) -> str:
    """The hash of everything small; also the name of the session's channel."""
    return f"{PREFIX}{{{tag(key)}}}:meta"


def beside(key: SessionKey, what: str) -> str:
    """Another key of the session: `log`, `snapshots`, `history`, `tracks`, `audio:MINUTE/TRACK`."""
    return f"{PREFIX}{{{tag(key)}}}:{what}"


def of_tenant(tenant: str, what: str) -> str:
    """A key of a tenant's index."""
    return f"{PREFIX}{{{tenant}}}:{what}"


def bucket(key: SessionKey) -> str:
    """The sorted set that holds the session's earliest deadline."""
    return f"{PREFIX}due:{crc32(tag(key).encode()) % BUCKETS}"


def buckets() -> list[str]:
    """All of them."""
    return [f"{PREFIX}due:{number}" for number in range(BUCKETS)]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a log. `top` is the digest at `tail`, `base` the one just before `first`."""

    tail: int
    time: int
    control: int
    first: int
    top: bytes
    base: bytes
    epoch: str

    @classmethod
    def read(cls, blob: bytes) -> Head:
        """Read what the scripts wrote."""
        version, epoch, tail, top, time, control, first, base = _HEAD.unpack_from(blob)
        if version != FORMAT:
            raise FormatUnknown("head")
        return cls(tail, time, control, first, top, base, epoch.decode())

    @property
    def position(self) -> Position:
        """The tail's position."""
        return Position.at(self.epoch, self.tail, self.top)


def write_head(head: Head) -> bytes:
    """A head without the checks before the tail, as the scripts read it."""
    epoch = head.epoch.encode()
    return _HEAD.pack(FORMAT, epoch, head.tail, head.top, head.time, head.control, head.first, head.base)


def read_entry(blob: bytes) -> Stored:
    """One entry of the stream, or of a publication. Raises `FormatUnknown`."""
    try:
        layout = _ENTRIES[blob[_NAMED_AT]]
        version, offset, time, flags, _, producer, sequence, index, digest = layout.unpack_from(blob)
        named = producer.decode()
    except (IndexError, struct.error, UnicodeDecodeError):
        raise FormatUnknown("entry") from None
    if version != FORMAT:
        raise FormatUnknown("entry")
    control = flags & CONTROL_FLAG == CONTROL_FLAG
    return Stored(offset, time, control, named, sequence, index, blob[layout.size :], digest)


def read_range(rows: Sequence[Any]) -> tuple[Stored, ...]:
    """The entries of an `XRANGE`."""
    return tuple([read_entry(fields[1]) for _, fields in rows])


def read_published(payload: bytes) -> list[Stored]:
    """The entries of a publication: one just as it is stored, or several after an `E`. Raises `FormatUnknown`."""
    if payload[:1] == _ONE:
        return [read_entry(payload)]
    return [read_entry(blob) for blob in _pieces(payload)]


def _pieces(payload: bytes) -> Iterator[bytes]:
    at = 1
    while at < len(payload):
        if at + _LENGTH.size > len(payload):
            raise FormatUnknown("publication")
        (length,) = _LENGTH.unpack_from(payload, at)
        at += _LENGTH.size
        yield payload[at : at + length]
        at += length


def read_outcome(blob: bytes) -> tuple[int, int, int]:
    """First offset, count and session time of a batch that was appended just now."""
    version, first, time, count = _OUTCOME.unpack(blob)
    if version != FORMAT:
        raise FormatUnknown("outcome")
    return first, count, time


def packed_position(position: Position) -> bytes:
    """A position, as the scripts take it."""
    return _POSITION.pack(position.epoch.encode(), position.offset, position.check)


def write_snapshot(snapshot: Snapshot) -> bytes:
    """A snapshot, as it is kept."""
    place = snapshot.position
    head = _SNAPSHOT.pack(
        FORMAT, snapshot.fold_version, place.offset, place.to_text().encode(), len(snapshot.anchor)
    )
    return head + snapshot.anchor + snapshot.sealed


def read_snapshot(blob: bytes) -> Snapshot:
    """Read what `write_snapshot` wrote. Raises `FormatUnknown`."""
    try:
        version, fold_version, _, place, anchored = _SNAPSHOT.unpack_from(blob)
        position = Position.from_text(place.decode())
    except (struct.error, UnicodeDecodeError, PositionInvalid):
        raise FormatUnknown("snapshot") from None
    if version != FORMAT:
        raise FormatUnknown("snapshot")
    sealed_at = _SNAPSHOT.size + anchored
    return Snapshot(position, fold_version, blob[sealed_at:], blob[_SNAPSHOT.size : sealed_at])


def write_page(ordinal: int, sealed: bytes) -> bytes:
    """A page of history as a member of its set: the ordinal makes it unlike any other."""
    return _ORDINAL.pack(ordinal) + sealed


def read_page(member: bytes) -> tuple[int, bytes]:
    """Read what `write_page` wrote."""
    return _ORDINAL.unpack_from(member)[0], member[_ORDINAL.size :]


def write_row(listed: Listed, participants: Sequence[str]) -> str:
    """A row of the index."""
    row = {
        "created": listed.created,
        "last": listed.last,
        "ended": listed.ended,
        "labels": dict(listed.labels),
        "participants": list(participants),
    }
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False)


def read_row(session: bytes, row: bytes) -> Listed:
    """Read what `write_row` wrote."""
    fields: Mapping[str, Any] = json.loads(row)
    return Listed(session.decode(), fields["created"], fields["last"], fields["ended"], fields["labels"])
