"""Who comes back goes on as it chose: nothing is missed, or what is missed is named to the word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legato.session import events as e
from legato.session.state import Message, State
from media.opus import FRAME
from media.timeline import PER_MS
from media.voice.going_on import Missed, going_on, speech_skipped
from media.voice.rest import Report, Rest, Returning, read_report

SECOND = 50
WORDS = tuple((5 * n, n * 500 * PER_MS) for n in range(1, 41))
"""A word of five characters in each half second."""


def rest(message: str, start: int, end: int) -> Rest:
    """From frame `start` to frame `end`."""
    frames = tuple(bytes([at % 256]) for at in range(start, end))
    return Rest(message, start * FRAME, end * FRAME, frames, 200, WORDS)


def told(*ages: int, now: int = 60_000) -> State:
    """Messages `a`, `b`, … that began so many ms ago."""
    state = State()
    state.time = now
    for name, age in zip("abc", ages, strict=False):
        state.entries[name] = Message(name, "bot", 1, now - age)
    return state


def back(*rests: Rest, ago: int, then: str = "") -> Returning:
    report = read_report({"message": "a", "samples": 0, "ago": ago, "then": then})
    assert report is not None
    return Returning(rests, 9, reported=True, ago=report.ago, then=report.then)


def test_by_itself_a_listener_hears_the_rest_at_its_own_pace() -> None:
    returning = back(rest("a", 10, 500), ago=5_000)
    on = going_on(told(9_000), returning, company=False)
    assert (on.returning, on.missed, on.behind) == (returning, (), 0)


def test_in_company_it_catches_up() -> None:
    returning = back(rest("a", 10, 500), ago=5_000)
    on = going_on(told(9_000), returning, company=True)
    assert (on.returning, on.missed, on.behind) == (returning, (), 5_000 * PER_MS)
    rested = going_on(told(9_000), back(rest("a", 10, 500), ago=5_000, then="rest"), company=True)
    assert rested.behind == 0


def test_nobody_is_behind_of_what_is_not_made_or_was_not_begun() -> None:
    on = going_on(told(90_000), back(rest("a", 0, 20), ago=5_000, then="catch_up"), company=False)
    assert on.behind == 20 * FRAME
    young = going_on(
        told(90_000, 300),
        back(rest("a", 0, 20), rest("b", 0, 500), ago=5_000, then="catch_up"),
        company=False,
    )
    assert young.behind == (20 + 15) * FRAME


def test_what_was_away_in_one_message_is_not_missing_in_the_next() -> None:
    both = back(rest("a", 0, 20), rest("b", 0, 500), ago=1_000, then="catch_up")
    assert going_on(told(90_000, 80_000), both, company=False).behind == 50 * FRAME


def test_whoever_was_away_for_less_than_a_word_misses_none() -> None:
    on = going_on(told(90_000), back(rest("a", 50, 500), ago=200, then="live"), company=False)
    assert on.missed == ()
    assert on.returning.rests == (rest("a", 50, 500),)


def test_whoever_goes_straight_on_misses_whole_words_and_is_told_which() -> None:
    on = going_on(told(90_000), back(rest("a", 50, 500), ago=2_300, then="live"), company=False)
    assert on.missed == (Missed("a", 10, 30),)
    (left,) = on.returning.rests
    assert left.start == 3 * SECOND * FRAME, "the word that is being said is said whole"
    assert left.frames == rest("a", 150, 500).frames
    assert speech_skipped("ada", on.missed) == [
        e.SpeechSkipped(by="hub", message="a", participant="ada", start=10, end=30)
    ]


def test_whoever_was_away_for_longer_than_was_said_misses_all_that_was_said() -> None:
    on = going_on(
        told(90_000, 80_000),
        back(rest("a", 50, 500), rest("b", 0, 50), ago=50_000, then="live"),
        company=False,
    )
    assert [(each.start, each.frames) for each in on.returning.rests] == [(500 * FRAME, ()), (50 * FRAME, ())]
    assert on.missed == (Missed("a", 10, 200), Missed("b", 0, 200))


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 100_000), st.integers(0, 100_000))
def test_what_is_played_and_what_is_missed_is_all_that_was_unheard(
    start: int, more: int, ago: int, age: int
) -> None:
    given_rest = rest("a", start, start + more)
    on = going_on(told(age), back(given_rest, ago=ago, then="live"), company=True)
    (left,) = on.returning.rests
    skipped = (left.start - given_rest.start) // FRAME
    assert left.frames == given_rest.frames[skipped:]
    assert left.end == given_rest.end
    assert 0 <= skipped * 20 <= min(ago, age, more * 20)
    for each in on.missed:
        assert each.start == given_rest.ledger().heard(given_rest.start)
        assert each.end == left.ledger().heard(left.start)


def test_a_report_that_makes_no_sense_chooses_nothing() -> None:
    for ago, then in ((-1, "live "), ("soon", ["live"]), (True, None), (10**9, 7)):
        report = read_report({"message": "a", "samples": 1, "ago": ago, "then": then})
        assert report == Report("a", 1)
