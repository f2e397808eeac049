"""What a watcher sees of a real process on a crowded processor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from signaling.pulse import sight
from signaling.watchdog import Sight

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SPINS: Final = "while True: pass"
A_THREAD_SPINS: Final = f"""
import threading

def spin():
    {SPINS}

threading.Thread(target=spin).start()
threading.Event().wait()
"""
CROWD: Final = 3
PATIENCE_S: Final = 45.0


@contextmanager
def on_one_processor(*programs: str) -> Iterator[list[int]]:
    processor = min(os.sched_getaffinity(0))
    started = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    try:
        for process in started:
            os.sched_setaffinity(process.pid, {processor})
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()


def seen_when(pid: int, holds: Callable[[Sight], bool]) -> None:
    """Look until it holds."""
    until = time.monotonic() + PATIENCE_S
    while not holds(seen := sight(pid)):
        assert time.monotonic() < until, seen
        time.sleep(0.05)


def test_a_thread_that_waits_for_a_processor_is_seen_though_the_main_one_sleeps() -> None:
    with on_one_processor(A_THREAD_SPINS, *[SPINS] * CROWD) as (watched, *_):
        seen_when(watched, lambda seen: seen.waited >= 3 * seen.ran // 2 and seen.ran >= 100_000)


def test_of_a_process_that_is_gone_nothing_is_seen() -> None:
    with on_one_processor(SPINS) as (pid,):
        seen_when(pid, lambda seen: seen.ran > 0)
    assert sight(pid) == type(sight(pid))()
