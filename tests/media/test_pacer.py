"""The beat never stops, never doubles, and a late loop costs time but no speech."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.opus import FRAME, SILENCE
from media.pacer import MAX_CATCH_UP, Beat, Pacer
from media.playout import Playout
from tests.media.builders import packet


def run(pacer: Pacer, start: int, end: int, step: int = 1) -> list[Beat]:
    return [beat for now in range(start, end, step) for beat in pacer.due(now)]


def added(pacer: Pacer, listener: str, playout: Playout) -> list[Beat]:
    """Add the listener; the frame that leaves at once, if one does."""
    first = pacer.add(listener, playout)
    return [] if first is None else [first]


def test_every_listener_gets_one_frame_every_twenty_milliseconds() -> None:
    pacer = Pacer(1000)
    beats = [beat for number in range(10) for beat in added(pacer, f"l{number}", Playout())]
    beats += run(pacer, 1000, 1996)
    assert set(Counter(beat.listener for beat in beats).values()) == {50}
    assert {beat.payload for beat in beats} == {SILENCE}


def test_listeners_are_spread_over_the_notches() -> None:
    pacer = Pacer(0)
    for number in range(100):
        pacer.add(f"l{number}", Playout())
    assert [len(pacer.due(now)) for now in (5, 10, 15, 20)] == [25, 25, 25, 25]


def test_who_comes_to_an_empty_wheel_does_not_wait_for_it() -> None:
    pacer, playout = Pacer(7), Playout()
    playout.enqueue("m", [packet(0), packet(1)])
    first = pacer.add("l", playout)
    assert first is not None
    assert (first.payload, first.media_time) == (packet(0), 0)
    assert [(beat.payload, beat.media_time) for beat in run(pacer, 7, 26)] == [(packet(1), FRAME)]


def test_who_comes_where_the_notch_of_now_is_full_waits_for_a_free_one() -> None:
    pacer = Pacer(0)
    pacer.add("a", Playout())
    assert pacer.add("b", Playout()) is None
    assert [beat.listener for beat in pacer.due(5)] == ["b"]


def test_queued_speech_leaves_at_the_beat_and_silence_follows() -> None:
    pacer, playout = Pacer(0), Playout()
    playout.enqueue("m", [packet(0), packet(1)])
    playout.finish("m")
    beats = added(pacer, "l", playout) + run(pacer, 0, 41)
    assert [(beat.media_time, beat.payload, beat.message, beat.first, beat.last) for beat in beats] == [
        (0, packet(0), "m", True, False),
        (FRAME, packet(1), "m", False, True),
        (2 * FRAME, SILENCE, None, False, False),
    ]
    position = pacer.position("l")
    assert (position.frames, position.spoken, position.media_time) == (3, 2, 3 * FRAME)


def test_a_late_loop_catches_up_within_its_bound_and_keeps_the_clock() -> None:
    pacer, playout = Pacer(0), Playout()
    playout.enqueue("m", [packet(i) for i in range(100)])
    assert len(added(pacer, "l", playout) + run(pacer, 0, 21)) == 2
    late = pacer.due(1020)
    assert len(late) == MAX_CATCH_UP
    assert [beat.payload for beat in late] == [packet(i) for i in range(2, 2 + MAX_CATCH_UP)]
    assert late[-1].media_time == 51 * FRAME
    assert [beat.joined for beat in late] == [False, *[True] * (MAX_CATCH_UP - 1)], (
        "after a hole comes word of it"
    )
    assert pacer.position("l").skipped == 50 - MAX_CATCH_UP


def test_a_small_delay_is_made_up_completely() -> None:
    pacer = Pacer(0)
    pacer.add("l", Playout())
    assert len(pacer.due(60)) == 3
    assert pacer.position("l").skipped == 0


def test_in_portions_everybody_gets_the_same_and_a_frame_is_taken_only_when_it_leaves() -> None:
    pacer, playouts = Pacer(0), [Playout() for _ in range(12)]
    for number, playout in enumerate(playouts):
        playout.enqueue("m", [packet(0), packet(1)])
        pacer.add(f"l{number}", playout)
    first = pacer.due(5, 2)
    assert len(first) == 2
    assert pacer.next_deadline() == 5, "the rest of the notch is due still"
    waiting = next(number for number in (1, 5, 9) if f"l{number}" not in {beat.listener for beat in first})
    playouts[waiting].cut()
    (late,) = pacer.due(6, 2)
    assert (late.listener, late.payload) == (f"l{waiting}", SILENCE), "what was cut meanwhile is not said"
    assert pacer.next_deadline() == 10
    beats = [beat.listener for now in range(7, 21) for _ in range(3) for beat in pacer.due(now, 1)]
    assert sorted(beats) == sorted(f"l{number}" for number in range(12) if number % 4 != 1)


def test_who_goes_between_two_portions_gets_nothing_more() -> None:
    pacer = Pacer(0)
    for number in range(8):
        pacer.add(f"l{number}", Playout())
    (first,) = pacer.due(5, 1)
    (other,) = {"l1", "l5"} - {first.listener}
    pacer.remove(other)
    assert pacer.due(5, 1) == []
    assert pacer.add(other, Playout()) is not None, "its old place in the notch is not its new one"
    assert pacer.due(5) == []


def test_a_removed_listener_is_silent_and_frees_its_place() -> None:
    pacer = Pacer(0)
    pacer.add("a", Playout())
    with pytest.raises(KeyError):
        pacer.add("a", Playout())
    pacer.remove("a")
    pacer.remove("a")
    assert pacer.due(100) == []
    assert pacer.next_deadline() is None
    assert len(pacer) == 0


def test_the_deadline_is_the_next_notch_with_somebody_in_it() -> None:
    pacer = Pacer(0)
    pacer.add("a", Playout())
    first = pacer.next_deadline()
    assert first is not None
    assert pacer.due(first - 1) == []
    assert len(pacer.due(first)) == 1
    assert pacer.next_deadline() == first + 20


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 12)), max_size=60),
    st.integers(0, 200),
    st.integers(1, 9),
)
def test_whatever_the_loop_does_the_clock_holds_and_nothing_is_lost(
    waits: list[tuple[int, int]], spoken: int, listeners: int
) -> None:
    pacer, now = Pacer(0), 0
    beats: list[Beat] = []
    for number in range(listeners):
        playout = Playout()
        playout.enqueue("m", [packet(i) for i in range(spoken)])
        beats += added(pacer, str(number), playout)
    for wait, most in waits:
        now += wait
        beats += pacer.due(now, most)
    beats += pacer.due(now)
    for number in range(listeners):
        mine = [beat for beat in beats if beat.listener == str(number)]
        times = [beat.media_time for beat in mine]
        assert times == sorted(set(times))
        said = [beat.payload for beat in mine if beat.message]
        assert said == [packet(i) for i in range(len(said))]
        assert len(said) == min(spoken, len(mine))
        assert abs(pacer.position(str(number)).media_time // FRAME - now // 20) <= 1
