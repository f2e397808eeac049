"""How loud a track was, a tenth of a second at a time: what a waveform of hours is drawn from.

A minute of a track is 600 bytes, whatever was said in it. Decoding is what it costs (30 to 50 µs a frame of 20 ms), so
who needs a minute again keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from media.codecs import decode_packet, opus_decoder
from media.frames import Frame
from media.opus import SHORT_SILENCE, BadOpus
from media.ring import MINUTE, SLOT

STEP_MS: Final = 100
A_MINUTE: Final = MINUTE // SLOT
"""Steps of a minute."""

_LOUDEST: Final = 255
_SHARE: Final = 128
_NOTHING: Final = max(map(len, SHORT_SILENCE.values()))
"""A packet that is no longer says that nothing sounds."""


def levels(frames: Iterable[Frame], minute: int) -> bytes:
    """The peak of each tenth of a second of a track's minute, 0 to 255 of full scale. Frames in order; those of other
    minutes, and what no decoder takes, count for nothing."""
    opus = opus_decoder("mono")
    found = bytearray(A_MINUTE)
    for frame in frames:
        step = frame.media_time // SLOT - minute * A_MINUTE
        if not 0 <= step < A_MINUTE or len(frame.payload) <= _NOTHING:
            continue
        try:
            samples = np.frombuffer(decode_packet(opus, frame.payload), np.int16)
        except BadOpus:
            continue
        peak = max(int(samples.max(initial=0)), -int(samples.min(initial=0)))
        found[step] = max(found[step], min(_LOUDEST, peak // _SHARE))
    return bytes(found)
