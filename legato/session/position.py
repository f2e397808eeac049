"""A position says how far somebody has come in a log: (epoch, offset, check).

The *check* is the first 64 bits of the chain digest at that offset. Without it a replica that was
promoted with a lost tail, and goes on under the same epoch, would give a returning client other
events for the same offsets, and nobody would notice.

On the wire a position is opaque text; only this module and the hub look inside. Version 1 is 25
bytes in base64url without padding, 34 characters, with exactly one spelling for each position:

    0x01 | epoch: 8 bytes | offset: u64 big endian | check: 8 bytes

An *epoch* is 64 random bits, written as 11 characters of base64url. `ORIGIN` stands for "nothing
seen, of whichever epoch": the reserved epoch of zeros at offset 0. An offset is at most 2^53 - 1,
because JavaScript and Lua count in doubles.
"""

import re
import struct
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from functools import lru_cache
from typing import Final

import msgspec

POSITION_VERSION: Final = 1
MAX_OFFSET: Final = 2**53 - 1
CHECK_SIZE: Final = 8
EPOCH_SIZE: Final = 8
TEXT_LENGTH: Final = 34
KEPT_EPOCHS: Final = 4_096
"""Epochs whose bits are kept at hand: every position written and read needs them."""

_BODY: Final = struct.Struct(">B8sQ8s")
_NO_CHECK: Final = bytes(CHECK_SIZE)
_URLSAFE: Final = bytes.maketrans(b"+/", b"-_")
_NO_EPOCH: Final = "A" * 11
_EPOCH: Final = re.compile(r"[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]")
_TEXT: Final = re.compile(rf"[A-Za-z0-9_-]{{{TEXT_LENGTH}}}")


class PositionInvalid(ValueError):
    """This is no position; `reason` is a constant that quotes nothing of the input."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def epoch_from_bits(bits: bytes) -> str:
    """The name of an epoch, from 8 random bytes (all zeros are reserved for `ORIGIN`)."""
    if len(bits) != EPOCH_SIZE or not any(bits):
        raise PositionInvalid("epoch_bits")
    return _epoch_text(bits)


class Position(msgspec.Struct, frozen=True, gc=False):
    """A place in a log. `epoch` 11 characters, `offset` 0 … 2^53 - 1, `check` 8 bytes (zeros at 0).

    An impossible one cannot be made: `PositionInvalid`.
    """

    epoch: str
    offset: int
    check: bytes

    def __post_init__(self) -> None:
        if not _is_epoch(self.epoch):
            raise PositionInvalid("epoch")
        if not 0 <= self.offset <= MAX_OFFSET:
            raise PositionInvalid("offset")
        if len(self.check) != CHECK_SIZE:
            raise PositionInvalid("check")
        if self.offset == 0 and self.check != _NO_CHECK:
            raise PositionInvalid("check_at_start")
        if self.offset > 0 and self.epoch == _NO_EPOCH:
            raise PositionInvalid("epoch_reserved")

    @classmethod
    def start(cls, epoch: str) -> "Position":
        """The place before the first event of `epoch`."""
        return cls(epoch, 0, _NO_CHECK)

    @classmethod
    def at(cls, epoch: str, offset: int, digest: bytes) -> "Position":
        """The place of the event at `offset`, whose chain digest (20 bytes) is `digest`."""
        return cls(epoch, offset, digest[:CHECK_SIZE] if offset else _NO_CHECK)

    @classmethod
    def from_text(cls, text: str) -> "Position":
        """Read what `to_text` wrote; anything else is `PositionInvalid`."""
        if not _TEXT.fullmatch(text):
            raise PositionInvalid("text")
        raw = urlsafe_b64decode(text + "==")
        version, epoch, offset, check = _BODY.unpack(raw)
        if version != POSITION_VERSION:
            raise PositionInvalid("version")
        if unpadded(raw) != text:
            raise PositionInvalid("spelling")
        return cls(_epoch_text(epoch), offset, check)

    def to_text(self) -> str:
        """The one spelling of this position: 34 characters of base64url."""
        return unpadded(_BODY.pack(POSITION_VERSION, _epoch_bits(self.epoch), self.offset, self.check))

    @property
    def original(self) -> bool:
        """Whether this is `ORIGIN`: it belongs to no epoch and fits any."""
        return self.epoch == _NO_EPOCH


@lru_cache(maxsize=KEPT_EPOCHS)
def _epoch_bits(epoch: str) -> bytes:
    return urlsafe_b64decode(epoch + "=")


@lru_cache(maxsize=KEPT_EPOCHS)
def _is_epoch(epoch: str) -> bool:
    return _EPOCH.fullmatch(epoch) is not None


def unpadded(raw: bytes) -> str:
    """`raw` in base64url without padding."""
    return b2a_base64(raw, newline=False).translate(_URLSAFE).rstrip(b"=").decode("ascii")


_epoch_text = unpadded

ORIGIN: Final = Position(_NO_EPOCH, 0, _NO_CHECK)
