"""Whatever the network's order, a listener hears a track forwards, soon."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.frames import Frame
from media.opus import FRAME
from media.order import MAX_WAITING, PATIENCE, Order
from media.turns import HOLD
from tests.media.builders import frames


def numbers(ordered: list[Frame]) -> list[int]:
    return [frame.media_time // FRAME for frame in ordered]


def test_frames_in_order_pass_at_once() -> None:
    order = Order()
    assert [numbers(order.add(frame, 0)) for frame in frames(0, 3)] == [[0], [1], [2]]
    assert order.next_deadline() is None


def test_a_frame_that_was_overtaken_is_waited_for() -> None:
    order, (a, b, c) = Order(), frames(0, 3)
    order.add(a, 0)
    assert order.add(c, 10) == []
    assert numbers(order.add(b, 20)) == [1, 2]


def test_a_lost_frame_delays_by_the_patience_and_no_more() -> None:
    order, (a, b, c, d) = Order(), frames(0, 4)
    order.add(a, 0)
    order.add(c, 10)
    order.add(d, 30)
    assert order.next_deadline() == 10 + PATIENCE
    assert order.expire(10 + PATIENCE - 1) == []
    assert numbers(order.expire(10 + PATIENCE)) == [2, 3]
    assert order.add(b, 100) == []
    assert order.dropped == 1


def test_frames_that_are_sent_again_are_waited_for_longer() -> None:
    order, track = Order(), frames(0, 20)
    order.add(track[0], 0)
    order.hold(500)
    for frame in track[10:]:
        assert order.add(frame, 500) == []
    assert order.expire(500 + HOLD - 1) == []
    again = [each for frame in track[1:10] for each in order.add(frame, 600)]
    assert numbers(again) == list(range(1, 20))


def test_after_the_release_what_is_still_missing_is_passed() -> None:
    order, track = Order(), frames(0, 6)
    order.add(track[0], 0)
    order.hold(0)
    order.add(track[3], 10)
    order.add(track[5], 10)
    assert order.release(10 + PATIENCE) == [track[3]]
    assert numbers(order.expire(10 + 2 * PATIENCE)) == [5]


def test_duplicates_and_overlaps_are_dropped() -> None:
    order, (a, _, c) = Order(), frames(0, 3)
    order.add(a, 0)
    order.add(c, 0)
    assert order.add(a, 0) == []
    assert order.add(c, 0) == []
    order.add(Frame(c.media_time + 10, b"\x48"), 0)
    assert order.expire(PATIENCE) == [c]
    assert order.dropped == 3


def test_a_hole_never_holds_more_than_the_bound() -> None:
    order = Order()
    order.add(frames(0, 1)[0], 0)
    passed = [each for frame in frames(2 * FRAME, MAX_WAITING + 1) for each in order.add(frame, 0)]
    assert numbers(passed) == list(range(2, MAX_WAITING + 3))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 50)), max_size=80))
def test_what_passes_is_in_order_and_everything_passes_or_was_too_late(
    arrivals: list[tuple[int, int]],
) -> None:
    order, now, passed = Order(), 0, list[Frame]()
    for number, elapsed in arrivals:
        now += elapsed
        passed += order.expire(now)
        passed += order.add(frames(number * FRAME, 1)[0], now)
    while (deadline := order.next_deadline()) is not None:
        now = max(now, deadline)
        passed += order.expire(now)
    times = numbers(passed)
    assert times == sorted(set(times))
    assert len(times) + order.dropped == len(arrivals)
