"""Frames that tell their number, so that what is lost, doubled or misplaced is counted and not guessed.

A pilot is an Opus packet (SILK, wide band, one frame of 20 ms) whose bytes say which one it is. A recording holds the
packets as they came, so they can be read from it.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FRAME: Final = 960
_TOC: Final = 0x48
_MAGIC: Final = b"pilot"
SIZE: Final = 40
"""Bytes of a pilot."""

_PAGE: Final = struct.Struct("<4sBBQIIIB")


def pilot(number: int) -> bytes:
    """Pilot `number`."""
    return (bytes([_TOC]) + _MAGIC + number.to_bytes(4, "big")).ljust(SIZE, b"\x55")


def number_of(packet: bytes) -> int | None:
    """Which pilot it is; None if it is none."""
    known = len(packet) == SIZE and packet[0] == _TOC and packet[1:6] == _MAGIC
    return int.from_bytes(packet[6:10], "big") if known else None


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of the pilots that were sent, by number: `kept` as often as they were sent, at their place."""

    sent: int
    kept: int
    lost: tuple[int, ...]
    doubled: tuple[int, ...]
    misplaced: tuple[int, ...]

    @property
    def share(self) -> float:
        """Of the pilots sent, those that are there once, at their place."""
        return self.kept / self.sent if self.sent else 1.0


def judged(places: Sequence[int | None], sent: Sequence[int]) -> Heard:
    """`places`: the pilot at each place of 20 ms. Pilots that follow each other stand at places that do."""
    there = Counter(number for number in places if number is not None)
    first = next(((at, number) for at, number in enumerate(places) if number is not None), (0, 0))
    shift = first[0] - first[1]
    misplaced = {number for at, number in enumerate(places) if number is not None and at - number != shift}
    lost = tuple(number for number in sent if not there[number])
    doubled = tuple(number for number in sent if there[number] > 1)
    kept = sum(1 for number in sent if there[number] == 1 and number not in misplaced)
    return Heard(len(sent), kept, lost, doubled, tuple(sorted(misplaced)))


def pilots_in(ogg: bytes) -> list[int | None]:
    """The pilot at each place of 20 ms of a recording that begins with one."""
    places: list[int | None] = []
    samples = 0
    for packet in packets_in(ogg)[2:]:
        length = _SHORT.get(packet, FRAME)
        if samples % FRAME == 0 and length == FRAME:
            places.append(number_of(packet))
        samples += length
        places += [None] * (samples // FRAME - len(places))
    return places


def packets_in(ogg: bytes) -> list[bytes]:
    """The packets of an Ogg stream (RFC 3533), headers included. Raises `ValueError` for what is none."""
    packets: list[bytes] = []
    at, part = 0, b""
    while at < len(ogg):
        magic, *_, segments = _PAGE.unpack_from(ogg, at)
        if magic != b"OggS":
            raise ValueError("not an Ogg page")
        at += _PAGE.size
        lacing, at = ogg[at : at + segments], at + segments
        for length in lacing:
            part, at = part + ogg[at : at + length], at + length
            if length < 255:
                packets.append(part)
                part = b""
    return packets


_SHORT: Final = {b"\xe0\xff\xfe": 120, b"\xe8\xff\xfe": 240, b"\xf0\xff\xfe": 480}
"""Silence that fills what is shorter than a frame."""
