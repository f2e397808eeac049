"""`legato bench` runs on real processes and writes every figure that it promises."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from signaling.bench.plan import SMALL
from signaling.cli.benching import bench

PROMISED = {
    "append_ack_ms",
    "deliver_remote_ms",
    "deliver_remote_5k_ms",
    "resume_ws_ms",
    "idle_client_kb",
    "storm_ms",
    "join_ratio_time",
    "join_ratio_bytes",
    "join_first_bytes",
}
pytestmark = [pytest.mark.e2e, pytest.mark.store]


@pytest.mark.timeout(180)
def test_a_small_bench_writes_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signaling.cli.benching.SMALL", replace(SMALL, first_audios=0))
    words = [
        "--small",
        "--runs",
        "1",
        "--no-judge",
        "--json",
        f"{tmp_path}/f.json",
        "--html",
        f"{tmp_path}/f.html",
    ]
    ended = CliRunner().invoke(bench, words, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    report = json.loads((tmp_path / "f.json").read_text())
    assert set(report) == {"machine", "versions", "figures"}
    assert set(report["figures"]) >= PROMISED
    for name, row in report["figures"].items():
        assert set(row) in ({"value"}, {"unit", "n", "p50", "p90", "p99", "max", "floor"}), name
    assert report["figures"]["append_ack_ms"]["n"] == 500
    assert report["figures"]["append_ack_ms"]["floor"]
    assert (tmp_path / "f.html").read_text().startswith("<!doctype html>")
