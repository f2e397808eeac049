"""RTP packets that carry Opus (RFC 3550, RFC 7587), with the audio level of their speaker (RFC 6464)."""

import struct
from typing import Final

import msgspec

MAX_OPUS: Final = 1275 + 8
"""Bytes of the longest Opus frame (RFC 6716), and the eight that a page may append to it."""
UNHEARD: Final = 0x756E6864
"""The contributing source by which a frame tells the peer that its own sound does not arrive."""

_HEADER: Final = struct.Struct("!BBHII")
_UNHEARD: Final = UNHEARD.to_bytes(4, "big")
_ONE_BYTE: Final = b"\xbe\xde"


class AudioPacket(msgspec.Struct, frozen=True, gc=False):
    """One frame as it arrived."""

    sequence: int
    timestamp: int
    """RTP clock: 48 000 a second, from a random start, modulo 2^32."""
    marker: bool
    payload: bytes
    extended: int
    """The sequence number without its wraps: grows for as long as the stream lives."""
    audio_level: int | None
    """Of the frame, in -dBov: 0 is the loudest, 127 silence; None if the sender does not tell."""
    ssrc: int
    """Of its stream. With another one, timestamps and indexes start anew."""


class Header(msgspec.Struct, frozen=True, gc=False):
    """The fixed header of a packet, and where its payload is."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    marker: bool
    start: int
    end: int
    audio_level: int | None


def read_header(packet: bytes, level_extension: int | None = None) -> Header | None:
    """The header of an (unprotected) packet; None if it is malformed or has no payload."""
    size = len(packet)
    if size <= 12:
        return None
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(packet)
    if flags >> 6 != 2:
        return None
    start, end, level = 12 + 4 * (flags & 0x0F), size, None
    if flags & 0x10:
        if start + 4 > size:
            return None
        words = int.from_bytes(packet[start + 2 : start + 4], "big")
        body = start + 4
        if body + 4 * words > size:
            return None
        if level_extension is not None and words:
            if packet[body] == level_extension << 4 and packet[start : start + 2] == _ONE_BYTE:
                level = packet[body + 1] & 0x7F  # it is the first, as browsers have it
            else:
                level = _level(packet[start : body + 4 * words], level_extension)
        start = body + 4 * words
    if flags & 0x20:
        padding = packet[-1]
        if padding == 0:
            return None
        end -= padding
    if start >= end:
        return None
    return Header(kind & 0x7F, sequence, timestamp, ssrc, kind >= 0x80, start, end, level)


def write_packet(
    payload_type: int,
    marker: bool,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    unheard: bool = False,
) -> bytes:
    """A packet without extensions; `sequence` and `timestamp` are taken modulo their size. `unheard`: with UNHEARD
    among its sources."""
    kind = payload_type | 0x80 if marker else payload_type
    if unheard:
        head = _HEADER.pack(0x81, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
        return head + _UNHEARD + payload
    return _HEADER.pack(0x80, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def extend(sequence: int, highest: int | None) -> int:
    """The index of a 16-bit sequence number: the nearest to the highest so far (RFC 3711 §3.3.1)."""
    if highest is None:
        return sequence
    index = highest - (highest & 0xFFFF) + sequence
    if index - highest > 0x8000 and index >= 0x10000:
        return index - 0x10000
    if highest - index > 0x8000:
        return index + 0x10000
    return index


def _level(extension: bytes, wanted: int) -> int | None:
    """The value of the one-byte-header element `wanted` (RFC 8285 §4.2), if it is there and whole."""
    if extension[:2] != _ONE_BYTE:
        return None
    at = 4
    while at < len(extension):
        if extension[at] == 0:
            at += 1
            continue
        number, length = extension[at] >> 4, (extension[at] & 0x0F) + 1
        if number == 15 or at + 1 + length > len(extension):
            return None
        if number == wanted:
            return extension[at + 1] & 0x7F
        at += 1 + length
    return None
