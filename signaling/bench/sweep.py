"""A sound that tells its own time: a tone that rises, so that what is heard says which moment of it that is. Pure."""

from __future__ import annotations

import array
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

RATE: Final = 48_000
LOWEST_HZ: Final = 500.0
HZ_A_SECOND: Final = 250.0
WINDOW: Final = 960
LOUD: Final = 1_300
"""Of 32 767: what stays below tells no time."""

LEVEL: Final = 0.4
STEADY_S: Final = 0.01
"""Two windows that follow each other read as moments that do, give or take this."""


def sweep(seconds: float) -> bytes:
    """The sound: s16, mono, 48 kHz."""
    times = (at / RATE for at in range(round(seconds * RATE)))
    phases = (2 * math.pi * (LOWEST_HZ * time + HZ_A_SECOND / 2 * time**2) for time in times)
    return array.array("h", (round(32_767 * LEVEL * math.sin(phase)) for phase in phases)).tobytes()


def moment_of(window: Sequence[int]) -> float | None:
    """The middle of a window of the sound, in seconds of the sweep; None if it is too quiet, or no tone of it."""
    if max(window, default=0) < LOUD:
        return None
    rises = [
        at - after / (after - before)
        for at, (before, after) in enumerate(pairwise(window), 1)
        if before < 0 <= after
    ]
    if len(rises) < 3:
        return None
    # The tone's mean frequency between its first and its last rise is that of the moment between them.
    hertz = (len(rises) - 1) * RATE / (rises[-1] - rises[0])
    middle = (len(window) - rises[0] - rises[-1]) / 2 / RATE
    moment = (hertz - LOWEST_HZ) / HZ_A_SECOND + middle
    return moment if moment >= 0 else None


def first_moment(samples: Sequence[int]) -> tuple[int, float] | None:
    """Where the sweep begins to sound (a sample), and the moment of it that sounds there. None: it does not."""
    windows = [
        (at, moment_of(samples[at : at + WINDOW])) for at in range(0, len(samples) - WINDOW + 1, WINDOW)
    ]
    for (at, moment), (_, after) in pairwise(windows):
        if moment is not None and after is not None and _steady(moment, after):
            loud = next(index for index in range(max(0, at - WINDOW), at + WINDOW) if samples[index] >= LOUD)
            return loud, moment - (at + WINDOW / 2 - loud) / RATE
    return None


def last_moment(samples: Sequence[int]) -> float | None:
    """The moment of the sweep up to which it sounds."""
    end = len(samples) % WINDOW
    windows = [moment_of(samples[at : at + WINDOW]) for at in range(end, len(samples) - WINDOW + 1, WINDOW)]
    heard = [
        after + WINDOW / 2 / RATE
        for moment, after in pairwise(windows)
        if moment is not None and after is not None and _steady(moment, after)
    ]
    return heard[-1] if heard else None


def _steady(moment: float, after: float) -> bool:
    return abs(after - moment - WINDOW / RATE) < STEADY_S


def wrong_words(heard: float, goes_on: float, word: float) -> int:
    """Who heard it up to the moment `heard` gets the rest from `goes_on` on: how many words of so many seconds, said
    one after another, are missing or said twice. One that is cut in the middle is neither."""
    first, last = sorted((heard, goes_on))
    return max(0, math.floor(last / word) - math.ceil(first / word))
