"""What is left out is not missed: length, both ends, pitch, no click."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.mixer import Samples
from media.splice import FADE, shorten
from tests.support.sound import tone

LEAST, MOST = 160, 800


def hurried(sound: Samples, least: int = LEAST, most: int = MOST) -> Samples:
    """The whole sound, with a splice in every 40 ms."""
    said = list[Samples]()
    while sound.size >= most + FADE + 1_920:
        sound, _ = shorten(sound, least, most)
        said.append(sound[:1_920])
        sound = sound[1_920:]
    return np.concatenate([*said, sound])


def pitch(sound: Samples) -> float:
    """The strongest frequency, in Hz."""
    strength = np.abs(np.fft.rfft(sound * np.hanning(sound.size)))
    return float(np.argmax(strength)) * 48_000 / sound.size


@given(
    st.integers(0, 4_000),
    st.integers(0, 400),
    st.integers(0, 400),
    st.integers(0, 2**32 - 1),
)
def test_so_much_is_left_out_as_is_told_and_both_ends_stay(
    rest: int, least: int, more: int, seed: int
) -> None:
    noise = np.random.default_rng(seed).integers(-32_768, 32_767, least + more + FADE + rest, np.int16, True)
    made, left_out = shorten(noise, least, least + more)
    assert least <= left_out <= least + more
    assert made.size == noise.size - left_out
    assert made[0] == noise[0]
    assert made[-1] == noise[-1]
    assert np.array_equal(made[FADE:], noise[left_out + FADE :])


@given(st.integers(80, 1_000), st.floats(0.01, 0.9))
def test_a_tone_keeps_its_pitch_and_has_no_click(hertz: int, amplitude: float) -> None:
    sound = tone(hertz, 1.5, amplitude)
    made = hurried(sound)
    assert made.size < sound.size * 0.95
    assert abs(pitch(made) - hertz) < 3 + hertz / 100
    steepest = np.abs(np.diff(sound.astype(np.int32))).max()
    assert np.abs(np.diff(made.astype(np.int32))).max() <= 1.3 * steepest + 3, "a click is a leap"


@given(st.integers(80, 400))
def test_a_voices_periods_are_left_out_whole(hertz: int) -> None:
    sound = np.sum([tone(hertz * n, 0.2, 0.3 / n) for n in range(1, 8)], axis=0).astype(np.int16)
    _, left_out = shorten(sound, LEAST, MOST)
    period = 48_000 / hertz
    assert abs(left_out / period - round(left_out / period)) * period <= 2


def test_silence_is_left_out_anywhere() -> None:
    made, left_out = shorten(np.zeros(4_000, np.int16), LEAST, MOST)
    assert made.size == 4_000 - left_out
    assert not made.any()


def test_nothing_may_be_left_out_too() -> None:
    sound = tone(300, 0.1)
    made, left_out = shorten(sound, 0, 0)
    assert left_out == 0
    assert np.array_equal(made, sound)


def test_what_cannot_be_left_out_is_refused() -> None:
    for size, least, most in ((FADE + 9, 0, 10), (4_000, -1, 5), (4_000, 6, 5)):
        with pytest.raises(ValueError, match="cannot be left out"):
            shorten(np.zeros(size, np.int16), least, most)


def test_of_a_tone_whole_periods_are_left_out() -> None:
    _, left_out = shorten(tone(150, 0.1), LEAST, MOST)
    assert left_out in (319, 320, 321, 639, 640, 641)
