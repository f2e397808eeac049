"""The network hears what it was trained to hear: the numbers are those of the reference.

`log_mel.json` was made once by `compute_whisper_log_mel_features` of Pipecat 1.14.0
(`pipecat/audio/turn/smart_turn/_whisper_features.py`), which follows Transformers' `WhisperFeatureExtractor`,
of `sound(6.5)` with silence before it, as Pipecat feeds Smart Turn v3: every hundredth frame of each band.
"""

from __future__ import annotations

import json
import math
from array import array
from pathlib import Path

import numpy as np

from media.log_mel import BANDS, FRAMES, LOG_MEL_RATE, SAMPLES, log_mel

EVERY = 100


def sound(seconds: float) -> bytes:
    """A tone that rises from 100 Hz, over noise that anybody can make."""
    samples, noise = array("h"), 1
    for i in range(int(seconds * LOG_MEL_RATE)):
        noise = (1_103_515_245 * noise + 12_345) % 2**31
        at = i / LOG_MEL_RATE
        rising = math.sin(2 * math.pi * (100 + 300 * at) * at)
        samples.append(round(9_000 * rising) + noise % 2_001 - 1_000)
    return samples.tobytes()


def test_the_spectrogram_has_the_numbers_of_the_reference() -> None:
    wanted = np.array(json.loads(Path(__file__).with_name("log_mel.json").read_text()))
    made = log_mel(sound(6.5))
    assert made.shape == (BANDS, FRAMES)
    assert made.dtype == np.float32
    assert wanted.shape == (BANDS, FRAMES // EVERY)
    assert np.abs(made[:, ::EVERY] - wanted).max() < 2e-4


def test_only_the_last_eight_seconds_count() -> None:
    last = sound(8)
    assert len(last) == 2 * SAMPLES
    assert np.array_equal(log_mel(sound(1) + last), log_mel(last))


def test_what_is_missing_is_silence_before_it() -> None:
    short = sound(2)
    assert np.array_equal(log_mel(short), log_mel(bytes(2 * SAMPLES - len(short)) + short))


def test_silence_has_numbers_too() -> None:
    for pcm in (b"", bytes(2 * SAMPLES)):
        assert np.isfinite(log_mel(pcm)).all()
