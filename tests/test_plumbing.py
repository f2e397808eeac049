"""The plumbing of `conftest.py`, proved on small test runs of its own."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest
from blockbuster import BlockingError

import hub

HERE: Final = Path(__file__).resolve().parent

LOOKS_AWAY: Final = """
import pytest

def test_that_holds() -> None:
    pass

@pytest.mark.skip(reason="some other day")
def test_that_looks_away() -> None:
    raise AssertionError
"""

DEPENDS_ON_CHANCE: Final = """
import random
from hypothesis import given, strategies as st

seen = []

@given(st.integers())
def test_hypothesis(number: int) -> None:
    seen.append(number)

def test_random() -> None:
    seen.append(random.random())

def test_more_random() -> None:
    seen.append(random.random())

def teardown_module() -> None:
    print("SEEN", hash(tuple(seen)))
"""


def run_of(test: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(HERE / "conftest.py", folder / "conftest.py")
    (folder / "test_it.py").write_text(test)
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


async def test_a_call_of_ours_that_blocks_the_event_loop_fails_where_it_stands() -> None:
    source = "def nap(sleep): sleep(0.001)"
    namespace: dict[str, object] = {}
    exec(compile(source, f"{hub.__path__[0]}/nap.py", "exec"), namespace)
    nap = namespace["nap"]
    assert callable(nap)
    with pytest.raises(BlockingError, match="sleep"):
        nap(time.sleep)


def test_a_run_with_a_skipped_test_fails(tmp_path: Path) -> None:
    done = run_of(LOOKS_AWAY, tmp_path)
    assert done.returncode == 1
    assert "did not run, which counts as a failure here" in done.stdout


@pytest.mark.timeout(120)
def test_one_number_replays_order_randomness_and_hypothesis(tmp_path: Path) -> None:
    first = run_of(DEPENDS_ON_CHANCE, tmp_path)
    seed = re.search(r"--randomly-seed=(\d+)", first.stdout)
    assert seed is not None
    shutil.rmtree(tmp_path / ".hypothesis", ignore_errors=True)
    again = run_of(DEPENDS_ON_CHANCE, tmp_path, f"--randomly-seed={seed[1]}")
    assert re.findall(r"SEEN.*", first.stdout) == re.findall(r"SEEN.*", again.stdout) != []


def test_a_unix_socket_fits_into_the_socket_folder(socket_folder: Path) -> None:
    assert len(str(socket_folder / "valkey.sock")) < 60
