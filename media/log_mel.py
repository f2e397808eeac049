"""The log-mel spectrogram that Whisper's encoder reads, of eight seconds of sound.

What it computes is defined by `log_mel_spectrogram` of Whisper (github.com/openai/whisper, MIT) and by
`WhisperFeatureExtractor` of Transformers (Apache-2.0), with which the networks that read it were trained: sound of
mean 0 and variance 1, frames of 25 ms each 10 ms under a periodic Hann window (reflected at both ends), their power in
80 triangular bands of Slaney's mel scale (linear below 1 kHz, logarithmic above; each of area 1), log10, nothing more
than 8 below the loudest, scaled to about -1 to 1. `tests/media/log_mel.json` holds numbers of theirs. Pure.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

LOG_MEL_RATE: Final = 16_000
SECONDS: Final = 8
SAMPLES: Final = SECONDS * LOG_MEL_RATE
BANDS: Final = 80
FRAMES: Final = SECONDS * 100

_WINDOW: Final = 400
_HOP: Final = 160
_QUIETEST: Final = 1e-10
_RANGE: Final = 8.0  # in log10 of power
_LEAST_VARIANCE: Final = 1e-7

_LINEAR: Final = 3 / 200  # mel a hertz, below
_KNEE_HZ: Final = 1000.0
_KNEE: Final = _KNEE_HZ * _LINEAR
_STEP: Final = float(np.log(6.4)) / 27  # of the logarithm of hertz a mel, above

Floats = NDArray[np.float64]


def log_mel(pcm: bytes) -> NDArray[np.float32]:
    """`pcm`: s16 mono at 16 kHz, of any length: the last `SECONDS` count, and what is missing is silence before it.

    Returns (`BANDS`, `FRAMES`).
    """
    sound = np.frombuffer(pcm[-2 * SAMPLES :], np.int16).astype(np.float32) / 32768.0
    sound = np.pad(sound, (SAMPLES - len(sound), 0))
    sound = (sound - sound.mean()) / np.sqrt(sound.var() + _LEAST_VARIANCE)
    around = np.pad(sound.astype(np.float64), _WINDOW // 2, mode="reflect")
    frames = sliding_window_view(around, _WINDOW)[::_HOP][:FRAMES]
    power = np.abs(np.fft.rfft(frames * _HANN, axis=1)) ** 2
    logs = np.log10(np.maximum(_QUIETEST, power @ _TRIANGLES)).T
    scaled: NDArray[np.float32] = ((np.maximum(logs, logs.max() - _RANGE) + 4) / 4).astype(np.float32)
    return scaled


def _hertz(mel: Floats) -> Floats:
    above: Floats = _KNEE_HZ * np.exp(_STEP * (np.maximum(mel, _KNEE) - _KNEE))
    return np.where(mel < _KNEE, mel / _LINEAR, above)


def _triangles() -> Floats:
    """What each band (second axis) takes of each frequency of a frame (first axis)."""
    highest = _KNEE + float(np.log(LOG_MEL_RATE / 2 / _KNEE_HZ)) / _STEP
    corners = _hertz(np.linspace(0, highest, BANDS + 2))
    heard = np.linspace(0, LOG_MEL_RATE / 2, _WINDOW // 2 + 1)[:, None]
    left, top, right = corners[:-2], corners[1:-1], corners[2:]
    sides = np.minimum((heard - left) / (top - left), (right - heard) / (right - top))
    bands: Floats = np.maximum(0, sides) * (2 / (right - left))
    return bands


_HANN: Final = np.hanning(_WINDOW + 1)[:-1]
_TRIANGLES: Final = _triangles()
