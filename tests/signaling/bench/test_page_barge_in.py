"""Words said into what a page plays, and when it fell silent."""

from __future__ import annotations

from signaling.bench.page_barge_in import MOST_MS, silenced

PLAYS = [(0.0, True), (2_070.0, False), (3_000.0, True), (5_090.0, False), (6_000.0, True)]


def test_each_word_is_timed_until_the_page_falls_silent() -> None:
    assert silenced([2_000.0, 5_000.0], PLAYS) == [70.0, 90.0]


def test_a_word_into_silence_into_what_has_just_begun_or_at_the_end_counts_for_nothing() -> None:
    assert silenced([-5.0, 2_500.0, 3_100.0, 7_000.0], PLAYS) == []


def test_a_word_that_is_not_noticed_counts_with_the_most() -> None:
    assert silenced([100.0 + 500], [(0.0, True), (9_000.0, False)]) == [MOST_MS]
