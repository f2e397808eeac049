"""Where a sealed thing belongs: the associated data of its seal.

A seal is bound to its place, so that nothing opens anywhere else: not as another kind, not in another
session, not at another sequence. Version 1 of the associated data is

    0x01 | text(tenant) | text(session) | text(kind) | fields

where text(x) is one byte of length and x in ASCII (at most 255), and number(n) is u64 big endian.
Every kind has its own fixed list of fields, so no two places have the same bytes:

    event       text(producer) number(sequence) number(index)
    snapshot    text(epoch) number(offset)
    history     text(record)                       a message id, or a page's name
    audio       text(track) number(media_time)     of the batch's first sample
    blob        text(sha256)                       64 hex digits, of the plaintext
    segment     text(track) number(first) number(last)   vault: `log`, or a track; offsets or media times
    record      text(name) number(version)         any other sealed record of a session
"""

import struct
from functools import lru_cache
from typing import Final, NewType

from hub.keys.errors import PlaceInvalid

Place = NewType("Place", bytes)
"""The kind and its fields; a sealer puts its tenant and session before it."""

ASSOCIATED_VERSION: Final = b"\x01"
MAX_NUMBER: Final = 2**53 - 1
KEPT_NAMES: Final = 4_096
"""Names whose bytes are kept at hand: every seal needs three of them."""

_NUMBER: Final = struct.Struct(">Q")
_EVENT: Final = struct.Struct(">QQ")


@lru_cache(maxsize=KEPT_NAMES)
def scope(tenant: str, session: str) -> bytes:
    """What the associated data of every seal of a session begins with."""
    return ASSOCIATED_VERSION + text("tenant", tenant) + text("session", session)


def event(producer: str, sequence: int, index: int) -> Place:
    """The place of a log entry: the `index`th event of a producer's batch."""
    if not (0 <= sequence <= MAX_NUMBER and 0 <= index <= MAX_NUMBER):
        raise PlaceInvalid("sequence")
    return Place(_events_of(producer) + _EVENT.pack(sequence, index))


@lru_cache(maxsize=KEPT_NAMES)
def _events_of(producer: str) -> bytes:
    return b"\x05event" + text("producer", producer)


def snapshot(epoch: str, offset: int) -> Place:
    """The place of the state folded up to `offset`."""
    return Place(b"\x08snapshot" + text("epoch", epoch) + number("offset", offset))


def history(record: str) -> Place:
    """The place of a finished message, by its id, or of a page of them, by its name."""
    return Place(b"\x07history" + text("record", record))


def audio(track: str, media_time: int) -> Place:
    """The place of a batch of frames whose first sample is at `media_time` of `track`."""
    return Place(b"\x05audio" + text("track", track) + number("media_time", media_time))


def blob(sha256: str) -> Place:
    """The place of an image or file, by the hex SHA-256 of its plaintext."""
    if len(sha256) != 64:
        raise PlaceInvalid("sha256")
    return Place(b"\x04blob" + text("sha256", sha256))


def segment(track: str, first: int, last: int) -> Place:
    """The place of a vault segment: offsets of `log`, or media times of a track, both inclusive."""
    return Place(b"\x07segment" + text("track", track) + number("first", first) + number("last", last))


def record(name: str, version: int) -> Place:
    """The place of any other record of a session, such as a durable cursor or a resume ticket's holder."""
    return Place(b"\x06record" + text("name", name) + number("version", version))


@lru_cache(maxsize=KEPT_NAMES)
def text(field: str, value: str) -> bytes:
    """One byte of length and `value` in ASCII; what does not fit is `PlaceInvalid(field)`."""
    if not (0 < len(value) <= 255 and value.isascii()):
        raise PlaceInvalid(field)
    return bytes((len(value),)) + value.encode("ascii")


def number(field: str, value: int) -> bytes:
    """`value` as u64 big endian, at most 2^53 - 1."""
    if not 0 <= value <= MAX_NUMBER:
        raise PlaceInvalid(field)
    return _NUMBER.pack(value)
