"""Of several runs the best median counts, and the report says what was missed or is missing."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import cast

from click.testing import CliRunner

from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.page import page
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig
from signaling.bench.runs import BENCHES, Outcome, attempt, best, outcome, with_parts
from signaling.cli.benching import bench


def of(*results: Figure | Value, missing: tuple[str, ...] = ()) -> Outcome:
    return Outcome(results, {"delivery": [0.5, 0.7]}, missing)


def test_of_a_figure_the_run_with_the_lowest_median_counts_with_its_own_floor() -> None:
    runs = [Figure("f", "ms", [median] * 9 + [50.0], [floor]) for median, floor in ((3, 1), (2, 7), (4, 1))]
    assert best(runs) is runs[1]


def test_of_a_value_the_median_run_counts() -> None:
    assert best([Value("v", 9.0), Value("v", 1.0), Value("v", 2.0)]) == Value("v", 2.0)
    assert best([Value("v", 9.0), Value("v", 1.0)]) == Value("v", 1.0)


def test_of_what_must_never_happen_the_worst_run_counts() -> None:
    crashes = [Value("v", 0.0, 0), Value("v", 7.0, 0), Value("v", 0.0, 0)]
    assert best(crashes) is crashes[1]
    kept = [Value("v", 1.0, least=1), Value("v", 0.98, least=1), Value("v", 1.0, least=1)]
    assert best(kept) is kept[1]


def test_an_outcome_holds_only_if_every_bar_does() -> None:
    good, bad = Value("good", 1.0, 1.5), Value("bad", 2.0, 1.5)
    assert of(good).holds()
    assert not of(good, bad).holds()


def test_what_could_not_be_measured_does_not_hold() -> None:
    assert not of(Value("good", 1.0, 1.5), missing=("first_audio_ms: no browser",)).holds()


def test_a_run_without_a_sample_is_passed_over() -> None:
    runs = [Figure("f", "ms"), Figure("f", "ms", [3.0])]
    assert best(runs) is runs[1]


def test_a_figure_without_a_sample_in_any_run_is_missing_and_the_others_stay() -> None:
    found = outcome({"f": [Figure("f", "ms")], "v": [Value("v", 1.0)]}, {}, ["before"])
    assert found.results == (Value("v", 1.0),)
    assert found.missing == ("before", "f: no run gave a sample")


async def test_a_part_that_fails_is_told_and_costs_no_other_its_figures() -> None:
    async def measure_tunnels(rig: Rig, plan: Plan) -> list[Result]:
        raise ExceptionGroup("people", [TimeoutError("nobody spoke")])

    async def measure_waves(rig: Rig, plan: Plan) -> list[Result]:
        return [Value("v", 1.0)]

    rig, told = cast("Rig", None), list[str]()
    plan = replace(Plan(), says=told.append)
    assert await attempt(measure_tunnels, rig, plan) == ([], ["tunnels: TimeoutError: nobody spoke"])
    assert await attempt(measure_waves, rig, plan) == ([Value("v", 1.0)], [])
    assert told == [Value("v", 1.0).line()]


def test_a_report_is_json_with_machine_versions_and_figures() -> None:
    report = json.loads(json.dumps(of(Figure("f", "ms", [1.0, 2.0])).report()))
    assert set(report) == {"machine", "versions", "figures"}
    assert set(report["figures"]["f"]) == {"unit", "n", "p50", "p90", "p99", "max", "floor"}
    assert report["machine"]["load_before_each_run"] == {"delivery": [0.5, 0.7]}


class Tags(HTMLParser):
    """What a page is made of, and whether each element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_is_self_contained_and_says_what_was_missed() -> None:
    slow = Figure("append_ack_ms", "ms", [9.0] * 10, [1.0] * 10, (Bar(50, 0.6),))
    tags = Tags()
    tags.feed(page(of(slow, Value("join_ratio_time", 1.1, 1.5), missing=("no <browser>",)), "legato bench"))
    assert tags.open == []
    assert tags.fetched == []
    assert "missed" in tags.words
    assert "Not measured: no <browser>" in tags.words
    assert "Not every bar holds." in tags.words


def test_parts_bring_their_benches_with_them() -> None:
    assert with_parts(()) == tuple(BENCHES)
    assert with_parts(("voice_guard", "route_flips", "join")) == ("join", "voice")


def test_a_part_that_a_named_bench_does_not_have_is_refused() -> None:
    told = CliRunner().invoke(bench, ["delivery", "voice", "--part", "voice_guard"])
    assert told.exit_code == 2
    assert "delivery has no part named voice_guard" in told.output
