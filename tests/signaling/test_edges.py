"""Where a page of a list ends, as a client carries it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.store.promise import Edge
from signaling.http.edges import read, written

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.@:+-]{0,63}", fullmatch=True)
TIMES = st.one_of(st.sampled_from([0, 1, 9, 10, (1 << 53) - 1]), st.integers(0, (1 << 53) - 1))


@given(TIMES, NAMES)
def test_an_edge_is_read_as_it_was_written_and_is_no_number(last: int, session: str) -> None:
    text = written(Edge(last, session))
    assert read(text) == Edge(last, session)
    assert not text.isdigit(), "a number is what older clients carry"
    assert text.replace("-", "").replace("_", "").isalnum(), "in a query as it is"


@given(st.text(max_size=130))
@example("MS5zX")
@example("MQ")
@example("x" * 121)
def test_what_was_not_written_is_not_read(text: str) -> None:
    found = read(text)
    assert found is None or written(found) == text


@pytest.mark.parametrize("text", ["01.s_1", "-1.s_1", "1.", ".s_1", "1", "1.s 1", "1._s", "1.s_1\n"])
def test_an_edge_has_a_time_and_a_session(text: str) -> None:
    last, _, session = text.partition(".")
    assert read(written(Edge(last, session))) is None  # type: ignore[arg-type]


def test_edges_are_in_the_order_of_time_then_of_names() -> None:
    mixed = [Edge(2, "a"), Edge(1, "b"), Edge(2), Edge(1), Edge(1, "a")]
    assert sorted(mixed) == [Edge(1), Edge(1, "a"), Edge(1, "b"), Edge(2), Edge(2, "a")]
