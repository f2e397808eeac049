"""Whether somebody is talking, told frame by frame without decoding: what is quiet is not sent on.

A microphone sends a frame every 20 ms whether or not anybody speaks. Most browsers say how loud each one is
(RFC 6464); where they do not, a coder says it by the length of its packet. A voice is heard from its first loud
frame, and goes on for `HANGOVER` after its last one, so that no word loses its soft end.
"""

from __future__ import annotations

from typing import Final

QUIET: Final = 60
"""A frame of this level or softer (in -dBov) is nobody's voice."""

SHORT: Final = 16
"""Bytes of a packet of 20 ms that hold no more than a hiss."""

HANGOVER: Final = 20
"""Frames that a voice goes on after its last loud one."""


class Talker:
    """One microphone."""

    def __init__(self) -> None:
        self._left = 0

    def talks(self, payload: bytes, level: int | None) -> bool:
        """Whether this frame of the microphone, the next, is to be heard."""
        loud = len(payload) > SHORT if level is None else level < QUIET
        self._left = HANGOVER if loud else max(0, self._left - 1)
        return self._left > 0
