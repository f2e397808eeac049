"""Binary envelopes of a worker's connection: what is said on its channels, each of which is a session's connection.

Layout, big-endian: `u8 version = 1`, `u8 kind = 16`, `u16 0`, then pieces of one channel each: `u32 channel`,
`u8 what`, `u32 length` and so many bytes. `what` is 0 for the first envelope of a new channel (up only), 1 for a text
envelope, 2 for a binary one (`legato.wire.audio`), 3 for the end of the channel (no bytes).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

OPENS: Final = 0
TEXT: Final = 1
BINARY: Final = 2
ENDS: Final = 3

_HEAD: Final = b"\x01\x10\x00\x00"
_PIECE: Final = struct.Struct("!IBI")
OVERHEAD: Final = len(_HEAD) + _PIECE.size
"""Bytes around the only piece of an envelope."""


class BadCarried(ValueError):
    """A binary envelope that is not one of these."""


class Piece(NamedTuple):
    """What one channel says: `envelope` as it would stand on a connection of its own."""

    channel: int
    what: int
    envelope: bytes = b""


def encode_piece(channel: int, what: int, envelope: bytes = b"") -> bytes:
    """One piece's bytes."""
    return _PIECE.pack(channel, what, len(envelope)) + envelope


def carried(pieces: Sequence[bytes]) -> bytes:
    """The envelope of these pieces, encoded already."""
    return _HEAD + b"".join(pieces)


def decode_carried(raw: bytes) -> list[Piece]:
    """The pieces of the envelope that `raw` is. Raises `BadCarried`."""
    if raw[: len(_HEAD)] != _HEAD:
        raise BadCarried("header")
    pieces: list[Piece] = []
    place, end = len(_HEAD), len(raw)
    while place < end:
        if place + _PIECE.size > end:
            raise BadCarried("piece")
        channel, what, length = _PIECE.unpack_from(raw, place)
        place += _PIECE.size
        if what > ENDS or place + length > end or (what == ENDS and length):
            raise BadCarried("piece")
        pieces.append(Piece(channel, what, raw[place : place + length]))
        place += length
    return pieces
