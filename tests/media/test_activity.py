"""Marks carry the times at which speech really began and ended; flicker brings none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.activity import PER_MS, Activity, Patience, SpeechEnded, SpeechMark, SpeechStarted, Stage

WINDOW = 20 * PER_MS


def feed(activity: Activity, pattern: str, start: int = 0) -> list[SpeechMark]:
    """`#` is a window of speech, `.` one without, a space a hole."""
    marks: list[SpeechMark] = []
    for index, char in enumerate(pattern):
        at = start + index * WINDOW
        if char != " ":
            marks += activity.feed(char == "#", at, at + WINDOW)
    return marks


def test_speech_begins_where_it_began_and_ends_where_it_ended() -> None:
    assert feed(Activity(), "...#####" + "." * 10) == [SpeechStarted(3 * WINDOW), SpeechEnded(8 * WINDOW)]


def test_a_click_is_not_speech() -> None:
    assert feed(Activity(), "..##......##......#.#....") == []


def test_speech_that_flickers_is_one_speech() -> None:
    assert feed(Activity(), "#.#.#.#....#..##...#" + "." * 20) == [SpeechStarted(0), SpeechEnded(20 * WINDOW)]


def test_a_pause_shorter_than_the_patience_ends_nothing() -> None:
    activity = Activity()
    assert feed(activity, "####" + "." * 9 + "#") == [SpeechStarted(0)]
    assert activity.stage is Stage.SPEAKING


def test_a_hole_is_not_speech() -> None:
    assert feed(Activity(), "####" + " " * 20 + ".") == [SpeechStarted(0), SpeechEnded(4 * WINDOW)]
    assert feed(Activity(), "####" + " " * 20 + "###") == [
        SpeechStarted(0),
        SpeechEnded(4 * WINDOW),
        SpeechStarted(24 * WINDOW),
    ]


def test_the_time_before_a_mark_is_known_is_the_patience() -> None:
    activity = Activity(Patience(start_after=100, end_after=400))
    assert feed(activity, "####") == []
    assert feed(activity, "#", 4 * WINDOW) == [SpeechStarted(0)]
    assert feed(activity, "." * 19, 5 * WINDOW) == []
    assert feed(activity, ".", 24 * WINDOW) == [SpeechEnded(5 * WINDOW)]


def test_a_track_that_stops_ends_its_speech() -> None:
    activity = Activity()
    feed(activity, "#####")
    assert activity.stop() == [SpeechEnded(5 * WINDOW)]
    assert activity.stop() == []


@given(st.text("#. ", max_size=200))
def test_marks_alternate_in_order_of_time_and_enclose_speech(pattern: str) -> None:
    marks = feed(Activity(), pattern)
    assert [type(mark) for mark in marks] == [SpeechStarted, SpeechEnded] * (len(marks) // 2) + (
        [SpeechStarted] * (len(marks) % 2)
    )
    times = [mark.at for mark in marks]
    assert times == sorted(times)
    for mark in marks:
        index = mark.at // WINDOW - (1 if isinstance(mark, SpeechEnded) else 0)
        assert pattern[index] == "#"
    for begun, ended in zip(marks[::2], marks[1::2], strict=False):
        assert ended.at - begun.at >= Patience().start_after * PER_MS
