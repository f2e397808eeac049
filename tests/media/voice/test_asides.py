"""What was said aside stays aside, however late it comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.opus import FRAME
from media.voice.asides import MOST, Asides


def test_what_was_said_before_anything_is_known_is_as_one_says() -> None:
    asides = Asides()
    assert asides.at(5, unknown=True)
    assert not asides.at(5, unknown=False)
    asides.note(100, aside=False)
    assert asides.at(99, unknown=True)
    assert not asides.at(100, unknown=True)


def test_what_was_said_in_a_tunnel_goes_with_the_stricter_end_of_it() -> None:
    asides = Asides()
    asides.note(0, aside=True)
    asides.note(FRAME, aside=True)
    asides.note(10 * FRAME, aside=False)
    assert asides.at(5 * FRAME, unknown=False), "whispered before the tunnel"
    assert not asides.at(10 * FRAME, unknown=False)
    asides.note(20 * FRAME, aside=True)
    assert asides.at(15 * FRAME, unknown=False), "whispered after it"
    assert not Asides().at(0, unknown=False)


def test_a_frame_that_comes_again_changes_nothing() -> None:
    asides = Asides()
    asides.note(0, aside=True)
    asides.note(FRAME, aside=True)
    asides.note(FRAME, aside=False)
    assert asides.at(FRAME, unknown=False)


@given(st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=200), st.integers(0, 500))
def test_nothing_said_aside_is_taken_for_anything_else(said: list[tuple[int, bool]], asked: int) -> None:
    asides, latest = Asides(), -1
    known: dict[int, bool] = {}
    for media_time, aside in said:
        asides.note(media_time, aside=aside)
        if media_time > latest:
            latest = media_time
            known[media_time] = aside
    if known.get(asked) and len(known) < MOST:
        assert asides.at(asked, unknown=False)


def test_what_was_said_between_two_stances_goes_with_the_stricter_one() -> None:
    asides = Asides()
    for number, aside in enumerate((0, 2, 1)):
        asides.note(number * 10 * FRAME, aside=aside)
    assert [asides.at(number * 5 * FRAME, unknown=1) for number in range(-1, 6)] == [1, 2, 2, 2, 2, 1, 1]


def test_changes_are_bounded_and_the_newest_stay() -> None:
    asides = Asides()
    for number in range(4 * MOST):
        asides.note(number * FRAME, aside=number % 2 == 0)
    assert asides.at((4 * MOST - 2) * FRAME, unknown=False)
    assert asides.at(0, unknown=True)
    assert not asides.at(0, unknown=False) or asides.at(FRAME, unknown=False)
