"""A receipt promises what is safe, asks for what is missing, and names what is lost: once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.opus import FRAME
from media.voice.receipts import GIVEN_UP, MOST_NAMED, REORDERED, Receipts


def place(receipts: Receipts, *numbers: int) -> list[bool]:
    return [receipts.place(number * FRAME, (number + 1) * FRAME) for number in numbers]


def store(receipts: Receipts, *numbers: int) -> None:
    for number in numbers:
        receipts.stored(number * FRAME, (number + 1) * FRAME)


def test_what_came_is_safe_when_it_is_stored() -> None:
    receipts = Receipts()
    receipts.opened(0)
    assert place(receipts, 0, 1, 2) == [True, True, True]
    assert receipts.until == 0
    store(receipts, 1, 0)
    assert receipts.until == 2 * FRAME
    store(receipts, 2)
    assert receipts.until == 3 * FRAME


def test_a_hole_is_missing_once_it_lies_behind_what_is_reordered() -> None:
    receipts = Receipts()
    receipts.opened(0)
    place(receipts, 0, 3, 4, 5)
    assert receipts.missing() == [(FRAME, 3 * FRAME)]
    assert receipts.missing(5 * FRAME) == []
    place(receipts, 2)
    assert receipts.missing() == [(FRAME, 2 * FRAME)]
    assert REORDERED == 3 * FRAME


def test_a_hole_is_asked_for_whole_though_it_ends_near_the_newest_frame() -> None:
    receipts = Receipts()
    receipts.opened(0)
    place(receipts, 0, 20)
    assert receipts.missing() == [(FRAME, 20 * FRAME)]


def test_a_frame_has_its_place_once() -> None:
    receipts = Receipts()
    receipts.opened(0)
    assert place(receipts, 1, 1) == [True, False]
    assert not receipts.place(FRAME // 2, FRAME + FRAME // 2), "it overlaps"
    place(receipts, 0)
    store(receipts, 0, 1)
    assert place(receipts, 0) == [False], "it is safe"


def test_what_neither_side_has_is_lost_and_then_safe() -> None:
    receipts = Receipts()
    receipts.opened(0)
    place(receipts, 0, 5)
    store(receipts, 0, 5)
    assert receipts.lacking(0, 3 * FRAME) == [(FRAME, 3 * FRAME)]
    assert receipts.lacking(0, 3 * FRAME) == []
    assert receipts.until == 3 * FRAME
    assert receipts.lacking(3 * FRAME, 100 * FRAME) == [(3 * FRAME, 5 * FRAME)], "nothing beyond the newest"
    assert receipts.until == 6 * FRAME


def test_what_the_client_no_longer_holds_is_lost() -> None:
    receipts = Receipts()
    receipts.opened(0)
    place(receipts, 0, 1)
    store(receipts, 0, 1)
    assert receipts.opened(10 * FRAME) == [(2 * FRAME, 10 * FRAME)]
    assert receipts.until == 10 * FRAME
    assert receipts.opened(10 * FRAME) == []


def test_a_capture_that_began_before_the_hub_knew_it_lost_nothing() -> None:
    receipts = Receipts()
    place(receipts, 100, 101)
    store(receipts, 100, 101)
    assert receipts.until == 0, "who says what else there is has not spoken yet"
    assert receipts.opened(90 * FRAME) == []
    assert receipts.until == 90 * FRAME
    assert receipts.missing(0) == [(90 * FRAME, 100 * FRAME)]
    fresh = Receipts()
    assert fresh.opened(500 * FRAME) == []
    assert fresh.until == 500 * FRAME


def test_the_next_node_goes_on_from_what_the_ring_holds() -> None:
    receipts = Receipts([(0, 10 * FRAME), (12 * FRAME, 20 * FRAME)])
    assert receipts.opened(8 * FRAME) == []
    assert receipts.until == 10 * FRAME
    assert receipts.missing() == [(10 * FRAME, 12 * FRAME)]
    place(receipts, 10, 11)
    store(receipts, 10, 11)
    assert receipts.until == 20 * FRAME


def test_a_loss_that_the_node_before_saw_is_seen_by_the_next() -> None:
    receipts = Receipts([(0, 10 * FRAME)])
    assert receipts.opened(13 * FRAME) == [(10 * FRAME, 13 * FRAME)]


def test_after_long_enough_nothing_is_waited_for() -> None:
    receipts = Receipts()
    receipts.opened(0)
    place(receipts, 0)
    store(receipts, 0)
    far = GIVEN_UP // FRAME + 2
    place(receipts, far)
    assert receipts.expire() == [(FRAME, 3 * FRAME)]
    assert receipts.expire() == []
    place(receipts, far + 1)
    assert receipts.expire() == [(3 * FRAME, 4 * FRAME)]


def test_what_came_and_was_never_stored_is_lost_after_all() -> None:
    receipts = Receipts()
    place(receipts, 0, 1, GIVEN_UP // FRAME + 2)
    store(receipts, 1)
    assert receipts.expire() == [(0, FRAME), (2 * FRAME, 3 * FRAME)], "the store never took the first"


def test_when_it_closes_what_is_missing_is_lost() -> None:
    receipts = Receipts()
    place(receipts, 3, 6)
    store(receipts, 3, 6)
    assert receipts.close() == [(4 * FRAME, 6 * FRAME)]
    assert receipts.until == 7 * FRAME


def test_it_asks_for_a_bounded_number_of_stretches() -> None:
    receipts = Receipts()
    receipts.opened(0)
    place(receipts, *range(0, 200, 2))
    assert len(receipts.missing()) == MOST_NAMED


@given(st.lists(st.tuples(st.sampled_from(["place", "store", "lack", "open"]), st.integers(0, 40))))
def test_every_frame_is_stored_lost_or_still_asked_for(steps: list[tuple[str, int]]) -> None:
    receipts, placed, stored, lost = Receipts(), set[int](), set[int](), set[int]()
    receipts.opened(0)
    before = 0
    for what, number in steps:
        if what == "place":
            came = place(receipts, number) == [True]
            assert came == (number not in placed | lost)
            placed |= {number} if came else set()
        elif what == "store" and number in placed:
            store(receipts, number)
            stored.add(number)
        elif what in ("lack", "open"):
            gaps = (
                receipts.lacking(number * FRAME, (number + 3) * FRAME)
                if what == "lack"
                else receipts.opened(number * FRAME)
            )
            named = {time // FRAME for start, end in gaps for time in range(start, end, FRAME)}
            assert not named & lost, "named once"
            assert not named & stored
            lost |= named
        assert receipts.until >= before, "an acknowledgement is never taken back"
        before = receipts.until
        assert set(range(receipts.until // FRAME)) <= stored | lost
        asked = {time // FRAME for start, end in receipts.missing(0) for time in range(start, end, FRAME)}
        newest = receipts.newest // FRAME
        wanted = {n for n in range(newest) if n not in placed | lost}
        assert asked <= wanted
        assert asked == wanted or len(receipts.missing(0)) == MOST_NAMED


def test_what_was_stored_before_anybody_asked_is_safe_when_somebody_does() -> None:
    receipts = Receipts()
    place(receipts, 0, 1)
    store(receipts, 0, 1)
    assert receipts.opened(0) == []
    assert receipts.until == 2 * FRAME


def test_what_a_client_held_when_it_went_is_lost_as_far_as_it_never_came() -> None:
    receipts = Receipts()
    receipts.opened(0)
    place(receipts, 0, 1, 2, 5)
    store(receipts, 0, 1)
    assert receipts.left(2 * FRAME, 9 * FRAME) == [(3 * FRAME, 5 * FRAME), (6 * FRAME, 9 * FRAME)]
    assert receipts.left(2 * FRAME, 9 * FRAME) == [], "it is named once"
    assert receipts.close() == []


def test_a_client_that_went_with_nothing_that_did_not_come_lost_nothing() -> None:
    receipts = Receipts([(0, 8 * FRAME)])
    assert receipts.left(3 * FRAME, 8 * FRAME) == []
    assert Receipts().left(3 * FRAME, 5 * FRAME) == [(3 * FRAME, 5 * FRAME)], "nothing is hot of it any more"
