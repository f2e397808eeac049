"""What who is held hears in the place of silence: a soft tone each two seconds, so that the call does not seem
dead."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from media.codecs import encode_frame, opus_encoder
from media.opus import FRAME, RATE, SILENCE

TONE: Final = 20
PERIOD: Final = 100
"""Frames of the tone, and from one tone to the next."""

_HERTZ: Final = 440
_LOUD: Final = 2_000
_BIT_RATE: Final = 24_000


@cache
def comfort() -> tuple[bytes, ...]:
    """The Opus frames of one period."""
    samples = np.arange(TONE * FRAME)
    swell = np.sin(np.pi * samples / len(samples)) ** 2
    pcm = (_LOUD * swell * np.sin(2 * np.pi * _HERTZ * samples / RATE)).astype(np.int16)
    encoder = opus_encoder("mono", _BIT_RATE, "voip")
    coded: list[bytes] = []
    for frame in range(TONE):
        coded += encode_frame(encoder, pcm[frame * FRAME : (frame + 1) * FRAME].tobytes(), frame * FRAME)
    return (*coded, *[SILENCE] * (PERIOD - len(coded)))
