"""What a page played of numbered frames is judged for what it is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from tests.support.numbered import spoken
from tests.support.sound import FRAME, Samples
from tests.support.sounded import Played, judged

SOUND = spoken()
FRAMES = 150
ENDS = 2
"""Frames at either end of a stretch whose windows are not whole."""


def played(*stretches: range) -> Samples:
    return np.concatenate([SOUND[each.start * FRAME : each.stop * FRAME] for each in stretches])


def near(found: Sequence[int], *those: range) -> bool:
    """These frames, give or take those at the ends."""
    wanted = set(chain(*those))
    most = {number + off for number in wanted for off in range(-ENDS, ENDS + 1)}
    inner = {number for each in those for number in each[ENDS:-ENDS]}
    return inner <= set(found) <= most


def clean(told: Played) -> bool:
    return (told.lost, told.doubled, told.misplaced) == ((), (), ())


def test_what_is_played_once_and_in_order_is_whole() -> None:
    told = judged(played(range(FRAMES)))
    assert clean(told)
    assert (told.first <= ENDS, told.last >= FRAMES - 1 - ENDS) == (True, True)


def test_a_pause_costs_nothing() -> None:
    silence = np.zeros(7 * FRAME + 311, dtype=np.int16)
    told = judged(np.concatenate([played(range(70)), silence, played(range(70, FRAMES))]))
    assert told.unread <= 2 * ENDS
    assert (told.doubled, told.misplaced) == ((), ())


def test_frames_that_are_skipped_are_lost_unless_the_browser_says_that_it_played_them() -> None:
    skipped = played(range(60), range(75, FRAMES))
    told = judged(skipped)
    assert near(told.lost, range(60, 75))
    assert (told.doubled, told.misplaced) == ((), ())
    excused = judged(skipped, frozenset(range(55, 80)))
    assert clean(excused)
    assert excused.unread == told.unread


def test_frames_that_come_again_are_doubled() -> None:
    told = judged(played(range(80), range(65, FRAMES)))
    assert near(told.doubled, range(65, 79))
    assert (told.lost, told.misplaced) == ((), ())


def test_frames_that_come_after_later_ones_are_misplaced() -> None:
    told = judged(played(range(60), range(80, FRAMES), range(60, 80)))
    assert near(told.misplaced, range(60, 80))


def test_a_click_of_made_up_sound_is_no_frame() -> None:
    noise = np.random.default_rng(7).integers(-9_000, 9_000, 3 * FRAME, dtype=np.int16)
    told = judged(np.concatenate([played(range(70)), noise, played(range(70, FRAMES))]))
    assert (told.doubled, told.misplaced) == ((), ())
