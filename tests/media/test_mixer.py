"""Mixing: what is added, what is limited, and that silence stays silent."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from media.mixer import LOUDEST, RECOVERY, Mixer, Samples
from media.opus import FRAME

VOICES = st.lists(
    hnp.arrays(
        np.int16, st.sampled_from([FRAME, FRAME, FRAME // 2, 0]), elements=st.integers(-32_768, 32_767)
    ),
    max_size=5,
)
SOFT = st.lists(hnp.arrays(np.int16, FRAME, elements=st.integers(-5_000, 5_000)), max_size=6)


def loud(amplitude: int) -> Samples:
    return np.full(FRAME, amplitude, np.int16)


@given(SOFT)
def test_what_fits_is_the_sum_to_the_sample(voices: list[Samples]) -> None:
    total = np.sum(np.array(voices, np.int32), axis=0) if voices else np.zeros(FRAME)
    assert np.array_equal(Mixer().mix(voices), total)


@given(st.lists(VOICES, max_size=6))
def test_nothing_ever_wraps_around(frames: list[list[Samples]]) -> None:
    mixer = Mixer()
    for voices in frames:
        padded = [np.pad(each, (0, FRAME - each.size)).astype(np.int32) for each in voices]
        total = np.sum(padded, axis=0) if padded else np.zeros(FRAME, np.int32)
        mixed = mixer.mix(voices).astype(np.int32)
        assert mixed.shape == (FRAME,)
        assert np.abs(mixed).max() <= LOUDEST
        assert (mixed * total >= 0).all(), "no sample changes its side"
        assert (np.abs(mixed) <= np.abs(total)).all(), "a limiter adds nothing"
        assert 0 < mixer.gain <= 1


@given(VOICES, st.randoms())
def test_the_order_of_the_voices_does_not_matter(voices: list[Samples], random: object) -> None:
    assert np.array_equal(Mixer().mix(voices), Mixer().mix(reversed(voices)))


def test_a_voice_alone_is_left_as_it_is() -> None:
    assert np.array_equal(Mixer().mix([loud(LOUDEST)]), loud(LOUDEST))


def test_nobody_is_silence() -> None:
    assert not Mixer().mix([]).any()


def test_two_who_shout_are_turned_down_and_the_shape_is_kept() -> None:
    wave = (30_000 * np.sin(np.arange(FRAME) / 20)).astype(np.int16)
    mixed = Mixer().mix([wave, wave])
    assert abs(int(np.abs(mixed).max()) - LOUDEST) <= 1
    assert np.corrcoef(mixed, wave)[0, 1] > 0.9999


def test_after_a_shout_the_sound_comes_back_within_a_second() -> None:
    mixer = Mixer()
    mixer.mix([loud(30_000), loud(30_000)])
    turned_down = mixer.gain
    assert turned_down < 0.6
    for _ in range(round(1 / RECOVERY)):
        assert mixer.gain >= turned_down
        mixer.mix([loud(1_000)])
    assert mixer.gain == 1.0
    assert np.array_equal(mixer.mix([loud(1_000)]), loud(1_000))
