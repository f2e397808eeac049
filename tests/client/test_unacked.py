"""What is not known to be safe is kept, and sent again: soon, seldom, and in runs without a hole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legato.client.unacked import AGAIN, HOLD, LATE, MOST, Answer, Run, Unacked

FRAME = 960


def said(unacked: Unacked, *numbers: int, now: int | None = None) -> None:
    for number in numbers:
        at = 20 * number if now is None else now
        assert unacked.capture(number * FRAME, FRAME, bytes([number % 256]), at)


def told(runs: list[Run]) -> list[int]:
    return [run.media_time // FRAME + i for run in runs for i in range(len(run.frames))]


def test_what_is_acknowledged_is_let_go() -> None:
    unacked = Unacked()
    said(unacked, 0, 1, 2)
    assert unacked.acked(2 * FRAME, [], 100) == Answer()
    assert (len(unacked), unacked.since) == (1, 2 * FRAME)
    unacked.acked(3 * FRAME, [], 100)
    assert (len(unacked), unacked.since, unacked.end) == (0, 3 * FRAME, 3 * FRAME)


def test_what_is_missing_is_sent_again_but_not_at_every_word_of_it() -> None:
    unacked = Unacked()
    said(unacked, *range(10))
    missing = [(2 * FRAME, 4 * FRAME), (6 * FRAME, 7 * FRAME)]
    answer = unacked.acked(2 * FRAME, missing, 300)
    assert answer == Answer([Run(2 * FRAME, (b"\2", b"\3")), Run(6 * FRAME, (b"\6",))])
    assert unacked.acked(2 * FRAME, missing, 300 + AGAIN - 1) == Answer()
    assert told(unacked.acked(2 * FRAME, missing, 300 + AGAIN).runs) == [2, 3, 6]


def test_what_is_missing_here_too_is_said_to_be() -> None:
    unacked = Unacked()
    said(unacked, 0, 1, 5, 6)
    answer = unacked.acked(FRAME, [(FRAME, 6 * FRAME), (6 * FRAME, 9 * FRAME)], 300)
    assert told(answer.runs) == [1, 5, 6]
    assert answer.lacking == [(2 * FRAME, 5 * FRAME)], "beyond the newest nobody can know"
    assert unacked.acked(FRAME, [(2 * FRAME, 5 * FRAME)], 400).lacking == [(2 * FRAME, 5 * FRAME)]


def test_what_is_late_is_sent_again_unasked_while_there_is_a_connection() -> None:
    unacked = Unacked()
    said(unacked, 0, now=0)
    said(unacked, 1, now=20)
    assert unacked.next_deadline() is None
    assert unacked.late(10_000) == []
    assert told(unacked.opened(30)) == [0, 1]
    assert unacked.next_deadline() == 30 + AGAIN
    said(unacked, 2, now=40)
    assert unacked.next_deadline() == 40 + LATE
    assert told(unacked.late(40 + LATE)) == [2]
    assert told(unacked.late(30 + AGAIN)) == [0, 1]
    unacked.closed()
    assert unacked.next_deadline() is None
    assert unacked.late(10_000) == []


def test_on_a_new_connection_everything_goes_at_once() -> None:
    unacked = Unacked()
    said(unacked, *range(120))
    unacked.opened(2_400)
    runs = unacked.opened(2_401)
    assert told(runs) == list(range(120))
    assert [len(run.frames) for run in runs] == [MOST, MOST, 20]


def test_a_run_has_no_hole() -> None:
    unacked = Unacked()
    said(unacked, 0, 1, 3)
    assert unacked.opened(0) == [Run(0, (b"\0", b"\1")), Run(3 * FRAME, (b"\3",))]


def test_what_does_not_follow_is_dropped() -> None:
    unacked = Unacked()
    said(unacked, 4)
    assert not unacked.capture(4 * FRAME, FRAME, b"", 100)
    assert unacked.end == 5 * FRAME


def test_it_holds_a_minute_and_no_more_than_its_bound() -> None:
    unacked = Unacked()
    most = HOLD // FRAME
    said(unacked, *range(most + 10))
    assert len(unacked) == most
    assert unacked.since == 10 * FRAME
    assert HOLD >= 60 * 48_000


@given(
    st.lists(st.tuples(st.sampled_from(["say", "skip", "ack", "miss", "late", "open"]), st.integers(0, 60)))
)
def test_each_frame_is_held_until_it_is_acknowledged(steps: list[tuple[str, int]]) -> None:
    unacked, held, until, now = Unacked(), dict[int, int](), 0, 0
    sent_at: dict[int, int] = {}
    for what, number in steps:
        now += number
        runs: list[Run] = []
        if what == "say":
            at = unacked.end // FRAME
            said(unacked, at, now=now)
            held[at] = now
        elif what == "skip" and unacked.end:
            unacked.capture(unacked.end + number * FRAME, FRAME, b"x", now)
            held[unacked.end // FRAME - 1] = now
        elif what == "ack":
            until = max(until, min(number, unacked.end // FRAME))
            runs = unacked.acked(until * FRAME, [], now).runs
            held = {at: when for at, when in held.items() if at >= until}
        elif what == "miss":
            answer = unacked.acked(until * FRAME, [(number * FRAME, (number + 4) * FRAME)], now)
            asked = {at for at in range(number, number + 4) if at * FRAME < unacked.end}
            lacking = {t // FRAME for start, end in answer.lacking for t in range(start, end, FRAME)}
            assert lacking == asked - set(held)
            runs = answer.runs
            assert set(told(runs)) <= asked & set(held)
        elif what == "late":
            runs = unacked.late(now)
        elif what == "open":
            runs = unacked.opened(now)
            assert told(runs) == sorted(held)
            sent_at = {}
        for at in told(runs):
            assert at in held
            assert what == "open" or now - sent_at.get(at, -AGAIN) >= AGAIN, "seldom"
            sent_at[at] = now
        assert len(unacked) == len(held)
        deadline = unacked.next_deadline()
        if deadline is not None and deadline > now:
            assert unacked.late(deadline - 1) == [], "nothing before the deadline"
