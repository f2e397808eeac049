"""A tone that rises, read piece by piece."""

from __future__ import annotations

import array
import random

from hypothesis import given
from hypothesis import strategies as st

from signaling.bench.sweep import (
    RATE,
    WINDOW,
    first_moment,
    last_moment,
    moment_of,
    sweep,
    wrong_words,
)

SOUND = array.array("h", sweep(12.0))
NEAR_S = 0.003


@given(st.integers(0, len(SOUND) - WINDOW))
def test_each_window_tells_its_moment(at: int) -> None:
    moment = moment_of(SOUND[at : at + WINDOW])
    assert moment is not None
    assert abs(moment - (at + WINDOW / 2) / RATE) < NEAR_S


def test_silence_noise_and_a_tone_below_tell_none() -> None:
    noise = random.Random(4)
    assert moment_of([0] * WINDOW) is None
    assert moment_of([3_000 * (-1) ** (at // 120) for at in range(WINDOW)]) is None
    assert last_moment([noise.randint(-9_000, 9_000) for _ in range(20 * WINDOW)]) is None


@given(st.integers(0, 3 * WINDOW), st.integers(0, 10 * RATE))
def test_where_the_rest_begins_and_what_it_is(silence: int, start: int) -> None:
    found = first_moment([0] * silence + list(SOUND[start : start + RATE // 4]))
    assert found is not None
    at, moment = found
    assert silence <= at <= silence + 60, "to its first loud sample"
    assert abs(moment - (start + at - silence) / RATE) < NEAR_S


@given(st.integers(RATE // 4, 12 * RATE))
def test_where_it_stopped(end: int) -> None:
    moment = last_moment(SOUND[end - RATE // 8 : end])
    assert moment is not None
    assert abs(moment - end / RATE) < NEAR_S


def test_words_that_are_missing_or_twice_are_counted_whole() -> None:
    assert wrong_words(3.30, 3.30, 0.2) == 0
    assert wrong_words(3.30, 3.21, 0.2) == 0, "the word that was cut is said again from its beginning"
    assert wrong_words(3.30, 3.00, 0.2) == 1, "3.0 to 3.2 twice"
    assert wrong_words(3.30, 3.85, 0.2) == 2, "3.4 to 3.8 missing"
