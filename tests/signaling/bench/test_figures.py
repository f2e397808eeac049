"""Figures say what was measured, and bars hold or do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.bench.figures import Bar, Figure, Value, percentile, report


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.integers(1, 100))
def test_a_percentile_is_a_sample_that_enough_others_do_not_exceed(
    samples: list[float], percent: int
) -> None:
    value = percentile(samples, percent)
    assert value in samples
    assert sum(sample <= value for sample in samples) * 100 >= percent * len(samples)


def test_a_percentile_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50)


def test_a_bar_holds_within_itself_or_within_three_floors() -> None:
    slow = Figure("f", "ms", [10.0] * 100, bars=(Bar(99, 5.0),))
    assert not slow.holds()
    slow.floor = [4.0] * 100
    assert slow.holds()
    slow.floor = [3.0] * 100
    assert not slow.holds()


def test_a_report_has_a_row_for_each_figure_and_value() -> None:
    figure = Figure("append_ack_ms", "ms", [1.0, 2.0, 3.0])
    written = report([figure, Value("join_ratio_time", 1.04, 1.5)], {"cores": 2}, {"python": "3.11"})
    row = {"unit": "ms", "n": 3, "p50": 2.0, "p90": 3.0, "p99": 3.0, "max": 3.0, "floor": None}
    assert written["figures"] == {"append_ack_ms": row, "join_ratio_time": {"value": 1.04}}
