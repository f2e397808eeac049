"""Spans are a set of media times, whatever the order of what is put in."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from media.spans import Spans

STRETCH = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda two: (min(two), max(two)))


def covered(spans: Spans) -> set[int]:
    return {time for start, end in spans for time in range(start, end)}


@given(st.lists(STRETCH), STRETCH, st.integers(0, 30))
def test_spans_are_the_set_of_what_was_put_in(
    stretches: list[tuple[int, int]], asked: tuple[int, int], cut: int
) -> None:
    spans, model = Spans(), set[int]()
    for start, end in stretches:
        spans.add(start, end)
        model |= set(range(start, end))
    assert covered(spans) == model
    pieces = list(spans)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(pieces)), "joined"
    holes = spans.holes(*asked)
    assert {time for start, end in holes for time in range(start, end)} == set(range(*asked)) - model
    assert all(start < end for start, end in holes)
    spans.drop_before(cut)
    assert covered(spans) == {time for time in model if time >= cut}
    assert len(spans) <= len(pieces)
