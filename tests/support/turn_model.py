"""The model that hears whether a turn sounds finished, and sentences in which somebody pauses.

path = turn_model()                 # fetched once, by its hash, as `make turn-model` does
pcm = pausing("I would like to", "book a table for four people tonight.", 1_000)
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import numpy as np

from media.codecs import Resampler
from media.engines.child import Engine
from media.engines.wire import Say, Sound
from media.engines.words import estimate
from tests.support.spoken import RATE, ROOT, speech_pcm

_NEAR: Final = RATE * 150 // 1000
"""Samples from where a word is thought to begin, within which the quietest moment is looked for."""

_MOMENT: Final = RATE * 20 // 1000


def turn_model() -> Path:
    """Where the model lies; it is fetched if it is not there."""
    done = subprocess.run(
        ["scripts/turn_model.sh"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return ROOT / done.stdout.strip()


def parted(before: str, after: str) -> tuple[bytes, bytes]:
    """One sentence of the demo's voice, which has the tune of a whole one, cut between its parts (48 kHz): where it is
    quietest near the word that the second part begins with."""
    pcm = speech_pcm(f"{before} {after}")
    begins = estimate(f"{before} {after}", pcm, RATE)[len(before.split())].start
    loud = np.abs(np.frombuffer(pcm, np.int16).astype(np.float64))
    low = max(0, begins - _NEAR)
    moments = np.convolve(loud[low : begins + _NEAR], np.ones(_MOMENT), "valid")
    at = 2 * (low + int(moments.argmin()) + _MOMENT // 2)
    return pcm[:at], pcm[at:]


async def parted_by_espeak() -> tuple[bytes, bytes]:
    """A sentence cut in the middle (48 kHz) that sounds the same each time, and of which the judge is sure (0.04 at the
    cut, 0.98 at the end): for tests. Of other sentences by this voice it mostly is not."""
    before, after = "I would like to", "book a table for four people tonight."
    async with Engine("espeak") as espeak:
        (said,) = await espeak.ask(lambda number: Say(number, f"{before} {after}"))
    assert isinstance(said, Sound)
    resampler = Resampler(said.rate, RATE)
    pcm = resampler.push(said.pcm) + resampler.flush()
    at = 2 * said.words[len(before.split())].start
    return pcm[:at], pcm[at:]
