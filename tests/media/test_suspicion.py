"""What may be speech is told once, soon, and taken back when it is quiet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.suspicion import AFTER, FORGIVE, QUIET, Dismissed, Suspected, Suspicion, SuspicionMark
from media.timeline import PER_MS

WINDOW = 20 * PER_MS
ENOUGH = AFTER // WINDOW
LONG = QUIET // WINDOW


def feed(suspicion: Suspicion, pattern: str, start: int = 0) -> list[SuspicionMark]:
    """`#` is a window that may be speech, `.` one that is not, a space a hole."""
    marks: list[SuspicionMark] = []
    for index, char in enumerate(pattern):
        at = start + index * WINDOW
        if char != " ":
            marks += suspicion.feed(char == "#", at, at + WINDOW)
    return marks


def test_it_is_told_after_a_little_and_from_where_it_began() -> None:
    suspicion = Suspicion()
    assert feed(suspicion, "..." + "#" * (ENOUGH - 1)) == []
    assert feed(suspicion, "#", (2 + ENOUGH) * WINDOW) == [Suspected(3 * WINDOW)]


def test_a_click_is_not_suspected() -> None:
    assert feed(Suspicion(), "#..#..#" + "." * LONG) == []


def test_what_flickers_by_a_window_is_one_suspicion() -> None:
    assert feed(Suspicion(), "#.#.#.#.#") == [Suspected(0)]
    assert FORGIVE == WINDOW


def test_a_noise_that_goes_on_is_told_once() -> None:
    assert feed(Suspicion(), "#" * 200) == [Suspected(0)]
    assert feed(Suspicion(), "###" + ("." * (LONG - 1) + "###") * 5) == [Suspected(0)]


def test_it_is_dismissed_when_it_was_quiet_for_long_enough() -> None:
    suspicion = Suspicion()
    assert feed(suspicion, "###" + "." * (LONG - 1)) == [Suspected(0)]
    assert feed(suspicion, ".", (2 + LONG) * WINDOW) == [Dismissed((3 + LONG) * WINDOW)]
    assert feed(suspicion, "." * 20 + "###", (3 + LONG) * WINDOW) == [Suspected((23 + LONG) * WINDOW)]


def test_a_hole_is_no_sound() -> None:
    assert feed(Suspicion(), "###" + " " * 20 + "#") == [Suspected(0), Dismissed(23 * WINDOW)]


@given(st.text("#. ", max_size=200))
def test_suspicions_and_their_ends_take_turns_and_stand_where_sound_was(pattern: str) -> None:
    marks = feed(Suspicion(), pattern)
    kinds = [Suspected, Dismissed] * (len(marks) // 2) + [Suspected] * (len(marks) % 2)
    assert [type(mark) for mark in marks] == kinds
    times = [mark.at for mark in marks]
    assert times == sorted(times)
    for mark in marks:
        if isinstance(mark, Suspected):
            assert pattern[mark.at // WINDOW] == "#"
    for suspected, dismissed in zip(marks[::2], marks[1::2], strict=False):
        heard = pattern[suspected.at // WINDOW : dismissed.at // WINDOW]
        assert heard.count("#") >= ENOUGH
        assert len(heard) - len(heard.rstrip(" .")) >= LONG
