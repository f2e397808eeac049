"""From samples that were sent to characters that were heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.opus import FRAME
from media.portions import Point
from media.speaker import Speech
from media.voice.ledger import Ledger

TEXT = "Hello **big** world. Bye now."


def speech(start: int, end: int, *points: Point) -> Speech:
    return Speech((b"x",) * ((end - start) // FRAME), start, end, points)


def test_a_word_counts_when_its_last_sample_was_heard() -> None:
    ledger, big = Ledger(), TEXT.index("big") + 3
    ledger.add(speech(0, 10 * FRAME, (5, 3 * FRAME), (big, 5 * FRAME), (20, 10 * FRAME)))
    assert ledger.heard(3 * FRAME - 1) == 0
    assert ledger.heard(3 * FRAME) == 5
    assert ledger.heard(5 * FRAME) == big
    assert ledger.heard(10 * FRAME) == 20


def test_a_recital_from_the_middle_counts_from_there() -> None:
    ledger = Ledger(21)
    assert ledger.heard(0) == 21
    ledger.add(speech(0, 5 * FRAME, (3, 2 * FRAME)))
    assert ledger.heard(2 * FRAME) == 24
    ledger.settle(len(TEXT) - 21)
    assert ledger.heard(5 * FRAME) == len(TEXT)


def test_what_became_known_is_told_once() -> None:
    ledger = Ledger(3)
    assert ledger.fresh
    assert ledger.news() == [(3, 0)]
    assert not ledger.fresh
    ledger.add(speech(0, 2 * FRAME, (4, FRAME)))
    assert ledger.fresh
    assert ledger.news() == [(7, FRAME)]
    ledger.add(speech(2 * FRAME, 3 * FRAME))
    assert not ledger.fresh, "sound is no news"


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 60), st.integers(0, 9)), max_size=10),
    st.integers(0, 200_000),
    st.integers(0, 200_000),
)
def test_heard_never_goes_back_nor_beyond_the_text(
    pieces: list[tuple[int, int, int]], one: int, other: int
) -> None:
    ledger, at, length = Ledger(3), 0, 60
    for frames, characters, early in pieces:
        end = at + frames * FRAME
        ledger.add(speech(at, end, (characters, max(0, end - early * FRAME))))
        at = end
    few, many = sorted((one, other))
    assert 3 <= ledger.heard(few) <= ledger.heard(many) <= 3 + length
    ledger.settle(length)
    assert ledger.heard(max(at, 1)) == 3 + length
