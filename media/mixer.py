"""Several voices in one, for one listener.

Samples are added, not averaged: a voice is as loud among others as alone. Where the sum would not fit, a limiter
turns it down at once and up again slowly, so that two who shout together sound loud and not broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.opus import FRAME

Samples = NDArray[np.int16]
"""Mono at 48 kHz."""

LOUDEST: Final = 32_767
RECOVERY: Final = 0.02
"""How much of its gain a limiter gets back in a frame of 20 ms: all of it in a second."""


class Mixer:
    """One listener's mix."""

    def __init__(self) -> None:
        self.gain = 1.0
        """What the limiter leaves of the sum, from 0 to 1."""

    def mix(self, voices: Iterable[Samples]) -> Samples:
        """The next 20 ms: the sum of a frame (`FRAME` samples) of each voice; shorter ones end early."""
        total = np.zeros(FRAME, np.int32)
        for samples in voices:
            part = samples[:FRAME]
            total[: part.size] += part
        return self._limited(total)

    def _limited(self, total: NDArray[np.int32]) -> Samples:
        peak = int(np.abs(total).max())
        before = self.gain
        fits = 1.0 if peak <= LOUDEST else LOUDEST / peak
        self.gain = min(fits, before + RECOVERY, 1.0)
        if before == self.gain == 1.0:
            return total.astype(np.int16)
        slope = np.linspace(before, self.gain, FRAME) if self.gain >= before else self.gain
        return np.asarray(np.clip(total * slope, -LOUDEST, LOUDEST), dtype=np.int16)
