"""Opus in Ogg, written packet by packet, byte for byte (RFC 3533, RFC 7845).

Written by hand because a muxer that wants to be clever rewrites the pre-skip, and with it the time of every
sample: here the caller says where sound begins, and the n-th sample of the file is the n-th of the track.
Memory does not grow with the length of the recording.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO, Final

from media.opus import RATE, duration

_BEGIN: Final = 0x02
_END: Final = 0x04
_PAGE_PACKETS: Final = 50
_MAX_SEGMENTS: Final = 255
_MIRROR: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class OggWriter:
    """One Opus stream into a binary file. `close` writes the end and leaves the file open."""

    def __init__(self, out: BinaryIO, serial: int, channels: int = 1, pre_skip: int = 0) -> None:
        """`serial`: any 32-bit number; `pre_skip`: samples at 48 kHz that a player drops at the beginning."""
        self._out = out
        self._serial = serial & 0xFFFFFFFF
        self._number = 0
        self._granule = 0
        self._packets: list[bytes] = []
        self._segments = 0
        head = struct.pack("<8sBBHIHB", b"OpusHead", 1, channels, pre_skip, RATE, 0, 0)
        self._page([head], 0, _BEGIN)
        vendor = b"legato"
        tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)
        self._page([tags], 0, 0)

    @property
    def granule(self) -> int:
        """Samples written so far, the pre-skip included."""
        return self._granule

    def write(self, packet: bytes) -> None:
        """Append a packet; raises `BadOpus` for what is none."""
        samples = duration(packet)
        segments = len(packet) // 255 + 1
        if len(self._packets) == _PAGE_PACKETS or self._segments + segments > _MAX_SEGMENTS:
            self._flush(0)
        self._packets.append(packet)
        self._segments += segments
        self._granule += samples

    def close(self, trim: int = 0) -> None:
        """End the stream; a player drops the last `trim` samples."""
        self._granule -= trim
        self._flush(_END)

    def _flush(self, flags: int) -> None:
        self._page(self._packets, self._granule, flags)
        self._packets, self._segments = [], 0

    def _page(self, packets: list[bytes], granule: int, flags: int) -> None:
        lacing = b"".join(b"\xff" * (len(each) // 255) + bytes([len(each) % 255]) for each in packets)
        fields = (b"OggS", 0, flags, granule, self._serial, self._number, 0, len(lacing))
        page = bytearray(struct.pack("<4sBBQIIIB", *fields) + lacing + b"".join(packets))
        page[22:26] = struct.pack("<I", checksum(page))
        self._out.write(page)
        self._number += 1


def checksum(page: bytes | bytearray) -> int:
    """Ogg's CRC-32: polynomial 0x04c11db7, most significant bit first, nothing inverted.

    zlib computes the same polynomial least significant bit first and inverted at both ends, so: mirror the
    bits of each byte, undo the inversions, mirror the result.
    """
    mirrored = zlib.crc32(bytes(page).translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRROR), "big")
