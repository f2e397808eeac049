"""Of a bench that is killed nothing is left: neither its store, which outlives whoever started it, nor its files."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.store, pytest.mark.timeout(120)]

BENCH = """
import asyncio, random, tempfile
from pathlib import Path
from hub.store.embedded import EmbeddedStore, Options
from signaling.bench.leavings import swept

async def measure():
    await EmbeddedStore.start(Options(Path(tempfile.mkdtemp()) / "store"), random=random.random)
    print("measuring", flush=True)
    await asyncio.sleep(100)

with swept():
    asyncio.run(measure())
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_bench_that_is_killed_leaves_neither_store_nor_files(how: signal.Signals) -> None:
    # A store's socket lies within: its path must be short.
    with tempfile.TemporaryDirectory(prefix="lg-", dir="/tmp") as folder:
        environment = {**os.environ, "TMPDIR": folder}
        with subprocess.Popen(
            [sys.executable, "-c", BENCH], env=environment, stdout=subprocess.PIPE, text=True
        ) as killed:
            assert killed.stdout is not None
            assert killed.stdout.readline() == "measuring\n"
            assert running_in(folder)
            killed.send_signal(how)
            killed.wait(60)
        deadline = time.monotonic() + 60
        while left := [*running_in(folder), *map(str, Path(folder).iterdir())]:
            assert time.monotonic() < deadline, left
            time.sleep(0.05)


def running_in(folder: str) -> list[str]:
    """The processes whose environment says that their files are there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found
