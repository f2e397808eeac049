"""Broken variants of good input: the same seed gives the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

LONGEST: Final = 4096
INTERESTING: Final = (0, 1, 2, 3, 4, 12, 13, 0x7F, 0x80, 0xBE, 0xFE, 0xFF)
DICTIONARY: Final = (
    b"\x00\x00", b"\xff\xff", b"\xff\xff\xff\xff", b"\x80\x00\x00\x00", b"\x21\x12\xa4\x42", b"\xbe\xde",
    b"\xfe\xfd", b"REMB", b"\x00\x08\x00\x14", b"\x80\x28\x00\x04", b'"', b"{", b"[" * 40, b"1e999", b"NaN", b"\\ud800",
    b"-0", b"9" * 40, b"\r\n", b"a=fingerprint:", b"m=audio", b"..", b".", b"\xed\xa0\x80", b"\xe2\x80\xae",
)  # fmt: skip


def mutated(seeds: Sequence[bytes], random: Random) -> bytes:
    """One variant: a few random changes to one of the seeds, or two of them spliced."""
    made = bytearray(random.choice(seeds))
    if len(seeds) > 1 and random.random() < 0.1:
        other = random.choice(seeds)
        made[random.randrange(len(made) + 1) :] = other[random.randrange(len(other) + 1) :]
    for _ in range(1 << random.randrange(5)):
        _change(made, random)
    return bytes(made[:LONGEST])


def _change(made: bytearray, random: Random) -> None:
    at = random.randrange(len(made) + 1)
    many = random.randrange(1, 9)
    match random.randrange(8):
        case 0:
            del made[at : at + many]
        case 1:
            made[at:at] = random.randbytes(many)
        case 2:
            made[at:at] = random.choice(DICTIONARY)
        case 3:
            piece = random.choice(DICTIONARY)
            made[at : at + len(piece)] = piece
        case 4:
            made[at:at] = made[at : at + 8 * many]
        case 5:
            del made[at:]
        case _ if at < len(made):
            change = (
                random.choice(INTERESTING) if random.random() < 0.5 else made[at] ^ 1 << random.randrange(8)
            )
            made[at] = change
        case _:
            made.append(random.randrange(256))
