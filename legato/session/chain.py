"""The chain of a log: each entry's digest covers the one before it, so that an edit, a removal or a
swap breaks every digest after it.

    digest[0] = SHA-1("legato-log-1" | tenant | 00 | session | 00 | epoch)
    digest[n] = SHA-1(digest[n-1]            20 bytes
                      | offset               u64 big endian, = n
                      | session time, ms     u64 big endian
                      | flags                u8
                      | length of producer   u8
                      | producer             ASCII, 1 … 255 bytes
                      | sequence             u64 big endian
                      | index in its batch   u8
                      | sealed[0:13]         version and nonce
                      | sealed[-16:])        authentication tag

Of the payload only the version, the nonce and the tag of its seal (AES-256-GCM) enter: the tag
covers the rest, so the cost does not grow with the payload (12.7 µs at any length, against 75 µs at
8 kB). The digest is SHA-1 because the script that appends offers no other (Redis Lua, RFC 3174).
That is enough here: an entry's tag cannot be chosen without the session's key, and snapshots anchor
the chain with an HMAC-SHA-256 under a key that the store never sees.

The version of the layout is in the genesis label; another layout is another label. Every number is
at most 2^53 - 1, which Lua's and JavaScript's doubles hold exactly: in Lua
`struct.pack('>I8', n)` packs one. Digests are raw bytes everywhere.
"""

import struct
from functools import lru_cache
from hashlib import sha1
from typing import Final

GENESIS_LABEL: Final = b"legato-log-1"
DIGEST_SIZE: Final = 20
HEAD_SIZE: Final = 13
TAG_SIZE: Final = 16
MAX_EXACT: Final = 2**53 - 1
KEPT_NAMES: Final = 4_096
"""Producers whose bytes are kept at hand: each of their events needs them."""

_PLACE: Final = struct.Struct(">QQB")
_COUNTED: Final = struct.Struct(">QB")


class ChainInputInvalid(ValueError):
    """A value that the layout cannot carry; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def genesis(tenant: str, session: str, epoch: str) -> bytes:
    """The digest at offset 0. Names are ASCII and not empty, `epoch` is 11 characters."""
    names = (_ascii("tenant", tenant), _ascii("session", session), _ascii("epoch", epoch))
    return sha1(GENESIS_LABEL + b"\0".join(names), usedforsecurity=False).digest()


def producer_header(producer: str, sequence: int, index: int) -> bytes:
    """Who wrote it: the part of the layout from the producer's length to the index."""
    name = _counted_name(producer)
    if not 0 <= sequence <= MAX_EXACT:
        raise ChainInputInvalid("sequence")
    if not 0 <= index <= 255:
        raise ChainInputInvalid("index")
    return name + _COUNTED.pack(sequence, index)


def link(previous: bytes, offset: int, time_ms: int, flags: int, header: bytes, sealed: bytes) -> bytes:
    """The 20-byte digest of the entry at `offset`, whose `header` is a `producer_header`.

    `previous` is the digest at `offset - 1`, `time_ms` the session time in milliseconds.
    """
    if len(previous) != DIGEST_SIZE:
        raise ChainInputInvalid("previous")
    if not 1 <= offset <= MAX_EXACT:
        raise ChainInputInvalid("offset")
    if not 0 <= time_ms <= MAX_EXACT:
        raise ChainInputInvalid("time_ms")
    if not 0 <= flags <= 255:
        raise ChainInputInvalid("flags")
    if len(sealed) < HEAD_SIZE + TAG_SIZE:
        raise ChainInputInvalid("sealed")
    place = _PLACE.pack(offset, time_ms, flags)
    ends = sealed[:HEAD_SIZE] + sealed[-TAG_SIZE:]
    return sha1(previous + place + header + ends, usedforsecurity=False).digest()


@lru_cache(maxsize=KEPT_NAMES)
def _counted_name(producer: str) -> bytes:
    name = _ascii("producer", producer)
    if len(name) > 255:
        raise ChainInputInvalid("producer")
    return bytes((len(name),)) + name


def _ascii(field: str, name: str) -> bytes:
    if not name or not name.isascii() or "\0" in name:
        raise ChainInputInvalid(field)
    return name.encode("ascii")
