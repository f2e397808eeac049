"""What the recordings of the page are judged by: a hole in them is found, and only a hole."""

from __future__ import annotations

import numpy as np

from tests.support.sound import RATE
from tests.support.sweep import largest_hole, longest_repeat, positions_of, sweep

WHOLE = sweep(4.0)


def hole_ms(recording: np.ndarray) -> float:
    return largest_hole(positions_of(recording.astype(np.int16)), 3.5) * 1_000


def test_what_is_missing_is_found_and_what_is_heard_twice_is_no_hole() -> None:
    cut = np.concatenate((WHOLE[:RATE], WHOLE[RATE + RATE // 2 :]))
    assert 480 < hole_ms(cut) < 540
    assert hole_ms(WHOLE) < 45
    assert hole_ms(np.concatenate((WHOLE[: 2 * RATE], WHOLE[RATE:]))) < 45


def test_a_tone_from_below_the_sweeps_beginning_is_none_of_it() -> None:
    hum = 0.2 * 32_767 * np.sin(2 * np.pi * 180 * np.arange(RATE // 10) / RATE)
    assert hole_ms(np.concatenate((hum, WHOLE))) < 45
    assert 480 < hole_ms(np.concatenate((hum, WHOLE[RATE // 2 :]))) < 540, (
        "its beginning is missed all the same"
    )


def test_a_hole_is_looked_for_where_one_asks() -> None:
    cut = positions_of(np.concatenate((WHOLE[:RATE], WHOLE[RATE + RATE // 2 :])).astype(np.int16))
    assert largest_hole(cut, 3.5, 1.6) < 0.045
    assert 0.28 < largest_hole(cut, 3.5, 1.2) < 0.33


def test_what_is_heard_twice_is_told_from_what_is_missing_or_fades() -> None:
    def twice_ms(*parts: np.ndarray) -> float:
        return longest_repeat(positions_of(np.concatenate(parts).astype(np.int16))) * 1_000

    silence = np.zeros(RATE // 10)
    assert twice_ms(WHOLE) < 30
    assert twice_ms(WHOLE[:RATE], WHOLE[RATE + RATE // 2 :]) < 30
    assert 270 < twice_ms(WHOLE[: 2 * RATE], WHOLE[2 * RATE - RATE * 3 // 10 :]) < 330
    assert 270 < twice_ms(WHOLE[: 2 * RATE], silence, WHOLE[2 * RATE - RATE * 3 // 10 :]) < 330
    hum = 0.2 * 32_767 * np.sin(2 * np.pi * 900 * np.arange(RATE // 10) / RATE)
    assert twice_ms(WHOLE[: 2 * RATE], hum, WHOLE[2 * RATE :]) < 30, "a tone of its own is no sweep"


def test_what_a_browser_makes_up_before_a_break_is_not_heard_twice() -> None:
    steady = [0.02 * window for window in range(340)]
    made_up = [6.49, 6.748, 6.479, 6.936, 6.496, 6.496, 6.701, 6.484]  # of a browser, in place of 6.8 to 6.96
    assert longest_repeat([*steady, *made_up, None, *steady[338:]]) < 0.1
    assert 0.28 < longest_repeat([*steady, *made_up, None, *steady[325:]]) < 0.4
