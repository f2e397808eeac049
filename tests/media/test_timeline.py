"""I9: whatever the network does, the pieces of a track tile its time: no overlap, each hole named."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from media.opus import FRAME
from media.timeline import JUMP, MEMORY, Hole, Refused, Sound, Timeline, Why

MS = 20


def send(timeline: Timeline, number: int, ssrc: int = 7, first: int = 0, stamp: int = 0) -> int | Refused:
    """Packet `number` of a call whose sequence and timestamp began at `first` and `stamp`."""
    return timeline.place(
        ssrc, (first + number) & 0xFFFF, (stamp + number * FRAME) & 0xFFFFFFFF, FRAME, number * MS
    )


def test_both_numbers_may_wrap() -> None:
    for first, stamp in ((0, 0), (65_500, 2**32 - 48_000), (65_535, 2**32 - 1)):
        timeline = Timeline()
        for number in range(200):
            assert send(timeline, number, first=first, stamp=stamp) == number * FRAME
        assert timeline.tiles(0, 200 * FRAME) == [Sound(0, 200 * FRAME)]


def test_a_very_late_packet_does_not_disturb_those_that_follow() -> None:
    timeline = Timeline()
    for number in (0, *range(2, 400)):
        send(timeline, number)
    assert timeline.place(7, 1, FRAME, FRAME, 400 * MS) == FRAME
    assert send(timeline, 400) == 400 * FRAME


def test_a_frame_that_reaches_into_a_later_one_is_refused() -> None:
    timeline = Timeline()
    timeline.take(FRAME, FRAME, 0)
    assert timeline.take(FRAME // 2, FRAME, 0) is Refused.DUPLICATE
    assert timeline.take(0, FRAME, 0) == 0


def test_time_goes_on_when_the_sequence_wraps_again() -> None:
    timeline = Timeline()
    for number in range(70_000):
        assert send(timeline, number, first=9) == number * FRAME


def test_a_late_packet_fills_its_hole() -> None:
    timeline = Timeline()
    for number in (0, 1, 3, 4):
        send(timeline, number)
    assert timeline.holes(0, 5 * FRAME) == [Hole(2 * FRAME, 3 * FRAME, Why.LOST)]
    assert send(timeline, 2) == 2 * FRAME
    assert timeline.tiles(0, 5 * FRAME) == [Sound(0, 5 * FRAME)]


def test_a_pause_of_the_sender_is_silence_not_loss() -> None:
    timeline = Timeline()
    timeline.place(7, 10, 0, FRAME, 0)
    assert timeline.place(7, 11, 50 * FRAME, FRAME, 1000) == 50 * FRAME
    assert timeline.holes(0, 51 * FRAME) == [Hole(FRAME, 50 * FRAME, Why.SILENT)]


def test_a_new_call_goes_on_where_the_track_ended() -> None:
    timeline = Timeline()
    for number in range(3):
        send(timeline, number, ssrc=1, stamp=777)
    placed = timeline.place(2, 40_000, 123_456, FRAME, 2 * MS + 1000)
    assert placed == 3 * FRAME + 49 * FRAME
    assert timeline.holes(0, placed + FRAME) == [Hole(3 * FRAME, placed, Why.ABSENT)]


def test_a_call_that_takes_over_at_once_leaves_no_hole() -> None:
    timeline = Timeline()
    send(timeline, 0, ssrc=1)
    assert timeline.place(2, 9, 9, FRAME, MS) == FRAME
    assert timeline.holes(0, 2 * FRAME) == []


def test_packets_of_the_old_call_still_find_their_place() -> None:
    timeline = Timeline()
    send(timeline, 0, ssrc=1)
    send(timeline, 2, ssrc=1)
    timeline.place(2, 9, 9, FRAME, 3 * MS)
    assert send(timeline, 1, ssrc=1) == FRAME


def test_a_duplicate_is_refused() -> None:
    timeline = Timeline()
    assert send(timeline, 0) == 0
    assert send(timeline, 0) is Refused.DUPLICATE
    assert timeline.take(FRAME // 2, FRAME, 0) is Refused.DUPLICATE
    assert timeline.take(-1, FRAME, 0) is Refused.STALE


def test_what_is_older_than_memory_is_stale() -> None:
    timeline = Timeline()
    timeline.take(0, FRAME, 0)
    timeline.take(MEMORY + 5 * FRAME, FRAME, 0)
    assert timeline.take(FRAME, FRAME, 0) is Refused.STALE
    assert timeline.take(10 * FRAME, FRAME, 0) == 10 * FRAME


def test_a_jump_is_believed_when_the_next_packet_agrees() -> None:
    timeline = Timeline()
    send(timeline, 0)
    assert timeline.place(7, 1, 2**31, FRAME, MS) is Refused.DOUBTED
    assert timeline.place(7, 2, 2**31 + FRAME, FRAME, 2 * MS) == 2 * FRAME
    assert timeline.place(7, 3, 2**31 + 2 * FRAME, FRAME, 3 * MS) == 3 * FRAME


def test_a_single_wild_packet_moves_nothing() -> None:
    timeline = Timeline()
    send(timeline, 0)
    assert timeline.place(7, 1, JUMP * 2, FRAME, MS) is Refused.DOUBTED
    assert send(timeline, 1) == FRAME
    assert timeline.tail == 2 * FRAME


def test_a_source_that_begins_anew_with_old_timestamps_is_followed() -> None:
    timeline = Timeline()
    for number in range(100):
        send(timeline, number, stamp=50_000)
    assert timeline.place(7, 100, 50_000, FRAME, 100 * MS) is Refused.DOUBTED
    assert timeline.place(7, 101, 50_000 + FRAME, FRAME, 101 * MS) == 101 * FRAME


def test_a_track_may_go_on_from_a_stored_place() -> None:
    timeline = Timeline(start=960_000)
    assert timeline.place(7, 5, 5, FRAME, 0) == 960_000
    assert timeline.take(959_000, FRAME, 0) is Refused.STALE


packets = st.tuples(
    st.sampled_from([1, 2, 3]),  # ssrc
    st.one_of(st.integers(0, 60), st.sampled_from([0, 1, 300, 6_000, 65_535])),
    st.sampled_from([FRAME, FRAME, FRAME, 480, 2880]),
    st.integers(0, 3_000),
)


@given(
    st.lists(packets, max_size=80), st.integers(0, 2**32 - 1), st.integers(0, 65_535), st.integers(0, FRAME)
)
def test_the_pieces_always_tile_the_time(
    dirty: list[tuple[int, int, int, int]], stamp: int, first: int, off: int
) -> None:
    timeline, now = Timeline(), 0
    taken: list[tuple[int, int]] = []
    for ssrc, number, samples, elapsed in dirty:
        now += elapsed
        at = stamp + number * FRAME + (off if ssrc == 3 else 0)
        place = timeline.place(ssrc, (first + number) & 0xFFFF, at & 0xFFFFFFFF, samples, now)
        if isinstance(place, int):
            taken.append((place, place + samples))
    end = timeline.tail + 3 * FRAME
    start = max(0, timeline.tail - MEMORY)
    pieces = timeline.tiles(start, end)
    assert [piece.start for piece in pieces] == [start, *(piece.end for piece in pieces[:-1])]
    assert pieces[-1].end == end
    covered = sorted(taken)
    assert all(one[1] <= two[0] for one, two in pairwise(covered))
    sound = sum(piece.end - piece.start for piece in pieces if isinstance(piece, Sound))
    assert sound == sum(min(b, end) - max(a, start) for a, b in covered if b > start)


@given(st.permutations(range(30)), st.sets(st.integers(0, 29), max_size=10))
def test_order_does_not_matter_once_the_first_packet_came(order: list[int], lost: set[int]) -> None:
    timeline = Timeline()
    send(timeline, 0)
    for number in order:
        if number not in lost and number:
            timeline.place(7, number, number * FRAME, FRAME, 600)
    missing = sorted(number for number in lost if number)
    expected = [n for n in missing if n * FRAME < timeline.tail]
    holes = timeline.holes(0, timeline.tail)
    assert [n * FRAME for n in expected] == [
        at for hole in holes for at in range(hole.start, hole.end, FRAME)
    ]
    assert all(hole.why is Why.LOST for hole in holes)


def test_memory_is_bounded_whatever_comes() -> None:
    timeline = Timeline()
    for number in range(10_000):
        timeline.take(number * 240, 120, 0)
    assert len(timeline._spans) <= 4096
