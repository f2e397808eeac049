"""Curves show every sample's place, on an axis that cuts nothing off."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.bench.curve import LEFT, RIGHT, WIDTH, Axis, cumulative, curve
from signaling.bench.figures import Bar, Figure

SAMPLES = st.lists(st.floats(0.001, 10_000), min_size=1, max_size=2_000)


@given(SAMPLES)
def test_a_cumulative_curve_rises_to_the_largest_sample(samples: list[float]) -> None:
    points = cumulative(samples)
    assert points == sorted(points)
    assert points[-1] == (max(samples), 1.0)
    assert points[0][0] == min(samples)


@given(SAMPLES)
def test_each_point_of_a_curve_is_the_share_of_samples_that_do_not_exceed_it(samples: list[float]) -> None:
    share_before = 0.0
    for value, share in cumulative(samples):
        assert share_before < share <= sum(sample <= value for sample in samples) / len(samples)
        share_before = share


@given(SAMPLES)
def test_an_axis_cuts_no_sample_off(samples: list[float]) -> None:
    axis = Axis(samples)
    for sample in samples:
        assert LEFT <= axis.x(sample) <= WIDTH - RIGHT + 1e-6


def test_an_axis_is_logarithmic() -> None:
    axis = Axis([0.1, 100.0])
    assert axis.x(1) - axis.x(0.1) == pytest.approx(axis.x(100) - axis.x(10))


def test_a_curve_is_well_formed_and_marks_the_percentiles_the_floor_and_the_bars() -> None:
    figure = Figure("append_ack_ms", "ms", [0.4, 0.5, 0.6, 9.0], [0.1, 0.2], (Bar(50, 0.6), Bar(99, 3.0)))
    root = ElementTree.fromstring(curve(figure))
    assert [line.get("class") for line in root.iter("polyline")] == ["floor", "ours"]
    assert {"p50 0.5", "p99 9"} <= {text.text for text in root.iter("text")}
    assert len([path for path in root.iter("path") if path.get("class") == "bar"]) == 2


def test_a_figure_without_a_floor_has_one_curve() -> None:
    root = ElementTree.fromstring(curve(Figure("join_long_ms", "ms", [1.0])))
    assert len(list(root.iter("polyline"))) == 1
