"""A frame that carries its media time: eight bytes behind the encoded frame, big-endian.

RTP timestamps begin at random with every call; the capture's clock goes on through all of them. So a page that
acknowledges its microphone appends the clock to each frame before it is encrypted, and the hub takes it off.
"""

from __future__ import annotations

import re
from typing import Final

STAMP: Final = 8
"""Bytes of a stamp."""

MAX_MEDIA_TIME: Final = 2**53
"""Media times stay exact in a JavaScript number; that is some 5 900 years of audio."""


_CAPTURE: Final = re.compile(r"[A-Za-z0-9_\-]{1,16}\Z")


def well_formed_capture(text: str) -> bool:
    """Whether `text` may name a capture: 1 to 16 characters of `A-Z a-z 0-9 _ -`."""
    return _CAPTURE.match(text) is not None


def stamped(packet: bytes, media_time: int) -> bytes:
    """The packet with its media time behind it."""
    return packet + media_time.to_bytes(STAMP, "big")


def unstamped(payload: bytes) -> tuple[bytes, int] | None:
    """The packet and its media time; None if there is no packet, or no time that can be."""
    media_time = int.from_bytes(payload[-STAMP:], "big")
    if len(payload) <= STAMP or media_time >= MAX_MEDIA_TIME:
        return None
    return payload[:-STAMP], media_time
