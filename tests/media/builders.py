"""Packets and frames for tests that care about time, not about sound."""

from __future__ import annotations

import math
from array import array

from media.frames import Frame
from media.opus import FRAME


def packet(number: int, size: int = 40) -> bytes:
    """A 20 ms packet (SILK, wide band, one frame) that tells its number."""
    return bytes([0x48]) + number.to_bytes(4, "big") + bytes(size - 5)


def frames(start: int, count: int, mark: int = 0) -> list[Frame]:
    """Adjoining 20 ms frames from media time `start` on."""
    return [Frame(start + i * FRAME, packet(start // FRAME + i), FRAME, mark) for i in range(count)]


def tone(hertz: float, samples: int, rate: int = 48_000, level: float = 0.3) -> bytes:
    """A sine as PCM."""
    top = level * 32767
    return array("h", (int(top * math.sin(2 * math.pi * hertz * i / rate)) for i in range(samples))).tobytes()
