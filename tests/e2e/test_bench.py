"""`legato bench` runs on real processes and writes every figure that it promises."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
    "calls_per_core",
    "calls_by_aiortc",
    "call_kb",
    "hub_added_latency_ms",
    "hub_added_arrived",
    "hub_tapped_arrived",
    "hub_pause_ms",
    "heard_error_ms",
    "heard_beyond_sent",
    "turn_hub_ms",
    "turn_engines_ms",
    "switch_to_text_ms",
    "switch_to_voice_ms",
    "switch_words_wrong",
    "gap_audio_recovered",
    "gap_audio_back_ms",
    "dead_path_ms",
    "working_paths_dropped",
    "spray_gap_ms",
    "spray_failed_set_ups",
    "spray_bytes_back",
    "spray_replayed",
    "spray_replay_times_back",
    "crash_event_ms",
    "agent_recovery_ms",
    "old_words_after_token",
    "black_hole_event_ms",
    "cancel_ms",
    "takeover_ms",
    "takeover_unarmed_ms",
    "takeover_gap_ms",
    "takeover_calls_changed",
    "cancel_silence_ms",
    "node_kill_crashes",
    "node_kill_cuts",
    "stale_writes_tried",
    "stale_workers_tried",
    "stale_operators_tried",
    "stale_writes_accepted",
    "dispatched_per_s",
    "dispatched_per_s_alone",
    "dispatch_rate_kept",
    "waiting_kb",
    "stall_leased",
    "false_crashes_stall",
    "false_crashes_bad_path",
    "failover_leased",
    "false_crashes_failover",
}
pytestmark = [pytest.mark.e2e, pytest.mark.store]


@pytest.mark.timeout(420)
def test_a_small_bench_writes_every_figure(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "signaling", "bench", "--small", "--runs", "1", "--no-judge"]
    words += ["--json", str(tmp_path / "f.json"), "--html", str(tmp_path / "f.html")]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=400, check=False)
    assert ended.returncode == 0, ended.stderr
    report = json.loads((tmp_path / "f.json").read_text())
    assert set(report) == {"machine", "versions", "figures"}
    assert set(report["figures"]) >= PROMISED
    for name, row in report["figures"].items():
        assert set(row) in ({"value"}, {"unit", "n", "p50", "p90", "p99", "max", "floor"}), name
    assert report["figures"]["append_ack_ms"]["n"] == 500
    assert report["figures"]["append_ack_ms"]["floor"]
    assert (tmp_path / "f.html").read_text().startswith("<!doctype html>")


@pytest.mark.timeout(120)
def test_a_bench_that_is_told_to_end_leaves_no_process_behind(tmp_path: Path) -> None:
    mark = f"LEGATO_BENCH_TEST={tmp_path}"
    words = [sys.executable, "-m", "signaling", "bench", "delivery", "--small", "--no-judge"]
    environment = {**os.environ, "LEGATO_BENCH_TEST": str(tmp_path)}
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as told:
        while len(marked(mark)) < 3:  # itself, its store, a node
            assert told.poll() is None
            time.sleep(0.05)
        told.terminate()
        assert told.wait(60) == 128 + signal.SIGTERM
    deadline = time.monotonic() + 30  # a node that was starting ends once it sees that nobody is there
    while left := marked(mark):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def marked(mark: str) -> list[str]:
    """The processes that were started with this in their environment, and have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(folder.name)
        except OSError:
            continue
    return found
