"""Segments: entries of a log as they were stored, and minutes of audio, as bytes for ever.

A log segment, version 1, big endian: `LGV1`, then for each entry

    offset u64 | session time u64 | flags u8 (bit 0: control) | length of producer u8 | producer
    | sequence u64 | index u8 | chain digest 20 bytes | length of sealed u32 | sealed

An audio segment, version 1: `LGA1`, then for each batch `field u64 | length u32 | sealed`.

What was refused, version 1: `LGR1`, then `length u32 | bytes` of the list's head and of each record
(`hub.keys.refused`).

Payloads are sealed already, each for its own place; what a segment adds is only what the store shows too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Final

from hub.store.promise import Stored
from legato.session.chain import DIGEST_SIZE

LOG_MAGIC: Final = b"LGV1"
AUDIO_MAGIC: Final = b"LGA1"
REFUSALS_MAGIC: Final = b"LGR1"
_PLACE: Final = struct.Struct(">QQBB")
_BATCH: Final = struct.Struct(">QB")
_LENGTH: Final = struct.Struct(">I")
_FIELD: Final = struct.Struct(">QI")


class SegmentBroken(ValueError):
    """The bytes are not a segment."""


def pack_log(entries: Iterable[Stored]) -> bytes:
    """The segment of these entries."""
    parts = [LOG_MAGIC]
    for each in entries:
        producer = each.producer.encode("ascii")
        parts += (
            _PLACE.pack(each.offset, each.time, int(each.control), len(producer)),
            producer,
            _BATCH.pack(each.sequence, each.index),
            each.digest,
            _LENGTH.pack(len(each.sealed)),
            each.sealed,
        )
    return b"".join(parts)


def unpack_log(raw: bytes) -> list[Stored]:
    """The entries of a segment. Raises `SegmentBroken`."""
    if raw[:4] != LOG_MAGIC:
        raise SegmentBroken("magic")
    entries: list[Stored] = []
    place = 4
    try:
        while place < len(raw):
            offset, time, flags, length = _PLACE.unpack_from(raw, place)
            place += _PLACE.size
            producer = raw[place : place + length].decode("ascii")
            place += length
            sequence, index = _BATCH.unpack_from(raw, place)
            place += _BATCH.size
            digest = raw[place : place + DIGEST_SIZE]
            place += DIGEST_SIZE
            (length,) = _LENGTH.unpack_from(raw, place)
            place += _LENGTH.size
            sealed = raw[place : place + length]
            place += length
            if len(sealed) != length:
                raise SegmentBroken("cut")
            entries.append(Stored(offset, time, bool(flags & 1), producer, sequence, index, sealed, digest))
    except (struct.error, UnicodeDecodeError):
        raise SegmentBroken("layout") from None
    return entries


def pack_audio(batches: Mapping[int, bytes]) -> bytes:
    """The segment of a minute's batches by field."""
    parts = [AUDIO_MAGIC]
    for field in sorted(batches):
        parts += (_FIELD.pack(field, len(batches[field])), batches[field])
    return b"".join(parts)


def unpack_audio(raw: bytes) -> dict[int, bytes]:
    """The batches of a segment by field. Raises `SegmentBroken`."""
    if raw[:4] != AUDIO_MAGIC:
        raise SegmentBroken("magic")
    batches: dict[int, bytes] = {}
    place = 4
    try:
        while place < len(raw):
            field, length = _FIELD.unpack_from(raw, place)
            place += _FIELD.size
            batches[field] = raw[place : place + length]
            place += length
    except struct.error:
        raise SegmentBroken("layout") from None
    if place != len(raw):
        raise SegmentBroken("cut")
    return batches


def pack_refusals(head: bytes, records: Iterable[bytes]) -> bytes:
    """A list of refusals and its head."""
    return REFUSALS_MAGIC + b"".join(_LENGTH.pack(len(each)) + each for each in (head, *records))


def unpack_refusals(raw: bytes) -> tuple[bytes, list[bytes]]:
    """The head, and the records. Raises `SegmentBroken`."""
    if raw[:4] != REFUSALS_MAGIC:
        raise SegmentBroken("magic")
    parts: list[bytes] = []
    place = 4
    while place < len(raw):
        if len(raw) < place + _LENGTH.size:
            raise SegmentBroken("length")
        (length,) = _LENGTH.unpack_from(raw, place)
        place += _LENGTH.size + length
        if place > len(raw):
            raise SegmentBroken("length")
        parts.append(raw[place - length : place])
    if not parts:
        raise SegmentBroken("length")
    return parts[0], parts[1:]
