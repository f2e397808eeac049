"""What the recordings of the page are judged by: a hole in them is found, and only a hole."""

from __future__ import annotations

import numpy as np

from tests.support.sound import RATE
from tests.support.sweep import largest_hole, positions_of, sweep

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
