"""What an Opus packet says about itself, read without decoding it (RFC 6716, section 3).

The first byte (TOC) names the configuration, and with it the length of one coded frame; its low bits
say how many of them the packet holds. That is all a hub needs to keep time.
"""

from __future__ import annotations

from typing import Final

RATE: Final = 48_000
"""Samples a second in which every media time is counted, whatever rate was coded."""

FRAME: Final = 960
"""Samples of the 20 ms frame that the hub itself sends."""

SILENCE: Final = b"\xf8\xff\xfe"
"""20 ms of digital silence: CELT, full band, mono, with its silence flag set."""

MAX_PACKET: Final = 1275 * 3 + 7
"""The longest packet that one 60 ms frame may need (RFC 6716, 3.2.5); real ones are under 400 bytes."""

_SILK: Final = (480, 960, 1920, 2880)
_HYBRID: Final = (480, 960)
_CELT: Final = (120, 240, 480, 960)
_LONGEST: Final = 5760  # 120 ms: no packet may hold more

SHORT_SILENCE: Final = {
    120: b"\xe0\xff\xfe",
    240: b"\xe8\xff\xfe",
    480: b"\xf0\xff\xfe",
    960: SILENCE,
}
"""Silence of 2.5, 5, 10 and 20 ms, by samples."""


class BadOpus(ValueError):
    """A packet that is no Opus packet. `reason` is one of `empty`, `long`, `count`, `duration`, `coding`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def duration(packet: bytes) -> int:
    """Samples at 48 kHz that `packet` lasts; raises `BadOpus` for what no decoder would take."""
    if not packet:
        raise BadOpus("empty")
    if len(packet) > MAX_PACKET:
        raise BadOpus("long")
    samples = _ALONE.get(packet[0])
    if samples is not None:
        return samples
    samples = _frame_length(packet[0] >> 3) * _frame_count(packet)
    if samples > _LONGEST:
        raise BadOpus("duration")
    return samples


def stereo(packet: bytes) -> bool:
    """Whether the packet codes two channels."""
    return bool(packet[0] & 0x04)


def _frame_length(config: int) -> int:
    if config < 12:
        return _SILK[config & 3]
    if config < 16:
        return _HYBRID[config & 1]
    return _CELT[config & 3]


def _frame_count(packet: bytes) -> int:
    code = packet[0] & 3
    if code == 0:
        return 1
    if code < 3:
        return 2
    count = packet[1] & 0x3F if len(packet) > 1 else 0
    if count == 0:
        raise BadOpus("count")
    return count


_ALONE: Final = {toc: _frame_length(toc >> 3) for toc in range(0, 256, 4)}
"""Samples of a packet with one frame, by its first byte: what nearly every packet is."""
