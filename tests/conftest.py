"""What every test stands on: one seed, an event loop nobody blocks, and no test looks away."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom
from typing import Final, NamedTuple

import pytest
from blockbuster import BlockBuster
from hypothesis import HealthCheck, settings

ROOMS: Final = ["legato", "hub", "media", "signaling"]

# Deadlines are off in all: on a shared machine they measure the neighbours. `ci` is for every run, and asks the same
# examples each time: it judges the change, not the dice. `explore` asks others each time, and `thorough` many more:
# for the night before a release, or after a change to a machine's table (`make explore`).
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, max_examples=80, stateful_step_count=40
)
settings.register_profile("explore", parent=settings.get_profile("ci"), derandomize=False)
settings.register_profile(
    "thorough",
    parent=settings.get_profile("explore"),
    max_examples=3000,
    stateful_step_count=120,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


class Allowance(NamedTuple):
    """A call that may block the event loop, where, and why that harms nobody."""

    call: str
    file: str
    functions: frozenset[str]
    because: str


ALLOWANCES: Final = [
    Allowance(
        "os.read",
        "/subprocess.py",
        frozenset({"_execute_child"}),
        "a supervisor starts its children itself; this read ends with the child's exec, in about 1 ms",
    ),
]

# Guarding these replaces methods of built-in types, and Debian's Python 3.11.2 crashes for it on its way out.
UNGUARDED: Final = "io."


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give the order of the tests, `random` and Hypothesis one seed, so that one number replays a run."""
    if config.option.randomly_seed == "default":
        config.option.randomly_seed = SystemRandom().getrandbits(32)
    if config.option.hypothesis_seed is None and config.option.randomly_seed != "last":
        config.option.hypothesis_seed = str(config.option.randomly_seed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    profile = settings.get_current_profile_name()
    terminalreporter.write_line(
        f"replay this run: HYPOTHESIS_PROFILE={profile} pytest --randomly-seed={config.option.randomly_seed}"
    )
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"did not run, which counts as a failure here: {report.nodeid}", red=True)
    for report in terminalreporter.stats.get("rerun", []):
        why = report.longreprtext.strip().splitlines()[-1]
        terminalreporter.write_line(
            f"ran out of patience, and was tried again: {report.nodeid}: {why}", yellow=True
        )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test that was skipped, or is expected to fail, tells nothing: it fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and any(
        reporter.stats.get(outcome) for outcome in ("skipped", "xfailed", "xpassed")
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def nothing_blocks_the_event_loop() -> Iterator[None]:
    """A call from our rooms that would block a running event loop raises `BlockingError` where it stands."""
    guard = BlockBuster(scanned_modules=ROOMS)
    for name in [name for name in guard.functions if name.startswith(UNGUARDED)]:
        del guard.functions[name]
    for allowance in ALLOWANCES:
        guard.functions[allowance.call].can_block_in(allowance.file, allowance.functions)
    guard.activate()
    yield
    guard.deactivate()


@pytest.fixture
def run_seed(request: pytest.FixtureRequest) -> int:
    """The number that replays this run; whoever needs randomness of their own derives it from this."""
    seed: int = request.config.option.randomly_seed
    return seed


@pytest.fixture
def socket_folder() -> Iterator[Path]:
    """A temporary folder whose path is short: a unix socket's must fit in 108 bytes, pytest's own may not."""
    folder = Path(tempfile.mkdtemp(prefix="lg-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
