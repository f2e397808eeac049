"""Sound made shorter where that is heard least, without a change of pitch.

A stretch is left out whose end sounds as its beginning does (periods of a voice, if it is one), and the two sides are
faded into each other: waveform similarity and overlap-add (WSOLA: Verhelst and Roelands, ICASSP 1993), a splice at a
time.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.mixer import Samples

FADE: Final = 480
"""Samples over which both sides of a splice sound: 10 ms."""

_QUIET: Final = 1.0
"""Added to energies: where nothing sounds, any place is as good as another."""


def shorten(sound: Samples, least: int, most: int) -> tuple[Samples, int]:
    """`sound` without `least` to `most` of its first samples, and how many were left out. It begins with the sample
    that it began with, and ends as it ended. `sound` holds at least `most` + `FADE` samples; `0 <= least <= most`."""
    if least < 0 or most < least or sound.size < most + FADE:
        raise ValueError(f"{least} to {most} of {sound.size} samples cannot be left out")
    left_out = least + int(np.argmax(_likeness(sound[: most + FADE].astype(np.float32), least)))
    if left_out == 0:
        return sound, 0
    rising = np.linspace(0.0, 1.0, FADE, dtype=np.float32)
    before, after = sound[:FADE], sound[left_out : left_out + FADE]
    faded = np.rint(before * (1 - rising) + after * rising).astype(np.int16)
    return np.concatenate((faded, sound[left_out + FADE :])), left_out


def _likeness(sound: NDArray[np.float32], least: int) -> NDArray[np.float32]:
    """How much like the beginning of `sound` each stretch from `least` on is, as long as a fade: 1 at most."""
    beginning = sound[:FADE]
    alike = np.correlate(sound[least:], beginning, "valid")
    power = np.concatenate(([0.0], np.cumsum(sound[least:].astype(np.float64) ** 2)))
    energy = power[FADE:] - power[:-FADE] + _QUIET
    likeness: NDArray[np.float32] = (alike / np.sqrt(energy)).astype(np.float32)
    return likeness
