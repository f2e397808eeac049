"""The scripts behind `make`, run as they are on machines that lack something: links to a few programs are the PATH."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

HOUSE: Final = Path(__file__).resolve().parent.parent.parent
SCRIPTS: Final = HOUSE / "scripts"
EVERYDAY: Final = ("bash", "env", "dirname", "cat", "cut", "id", "sh", "sha256sum", "shasum", "flock", "git")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs: a machine with the everyday ones and nothing else."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in EVERYDAY:
        if (found := shutil.which(name)) is not None:
            (programs / name).symlink_to(found)
    return programs


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tree's installing part, with nothing installed."""
    root = tmp_path / "tree"
    shutil.copytree(SCRIPTS, root / "scripts")
    for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock", "requirements-node.lock"):
        shutil.copy(HOUSE / name, root / name)
    return root


def run(command: Iterable[str], where: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(programs), "LC_ALL": "C.UTF-8", "HOME": str(where)}
    return subprocess.run(
        list(command), cwd=where, env=environment, capture_output=True, text=True, timeout=50, check=False
    )


def put_program(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def test_a_python_that_is_too_old_is_named_with_what_to_do(machine: Path, tree: Path) -> None:
    put_program(machine, "python3", 'case "$*" in -V) echo "Python 3.9.2" ;; *) exit 1 ;; esac')
    done = run(["scripts/venv.sh", "run"], tree, machine)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; python3 here is 3.9.2" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_a_machine_without_python_is_told_so(machine: Path, tree: Path) -> None:
    done = run(["scripts/venv.sh", "run"], tree, machine)
    assert done.returncode == 1
    assert "there is no python3 here" in done.stderr


def test_an_environment_that_was_never_made_is_not_current(machine: Path, tree: Path) -> None:
    done = run(["scripts/venv.sh", "dev", "--current"], tree, machine)
    assert (done.returncode, done.stderr) == (1, "")


def test_an_environment_is_installed_once_until_a_lock_file_changes(machine: Path, tree: Path) -> None:
    calls = tree / "calls"
    (tree / ".venv" / "bin").mkdir(parents=True)
    put_program(
        tree / ".venv" / "bin",
        "python",
        f'case "$1" in -V) echo "Python 3.12.0" ;; -m) echo "$@" >>"{calls}" ;; esac',
    )

    def installs() -> list[str]:
        calls.write_text("")
        done = run(["scripts/venv.sh", "run"], tree, machine)
        assert done.returncode == 0, done.stderr
        return calls.read_text().splitlines()

    first = installs()
    assert any("--require-hashes" in call and "requirements.lock" in call for call in first)
    assert any("--no-deps" in call and "--editable" in call for call in first)
    assert installs() == []
    with (tree / "requirements.lock").open("a") as lock:
        lock.write("\n# changed\n")
    assert run(["scripts/venv.sh", "run", "--current"], tree, machine).returncode == 1
    assert installs() == first


def test_what_is_there_already_is_not_installed_again(machine: Path, tree: Path) -> None:
    put_program(machine, "chromium", "exit 0")
    done = run(["scripts/debian.sh", "chromium=chromium"], tree, machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_off_debian_a_missing_program_is_named_and_nothing_is_tried(machine: Path, tree: Path) -> None:
    done = run(["scripts/debian.sh", "no-such-program=chromium"], tree, machine)
    assert done.returncode == 1
    assert "Missing: chromium" in done.stderr
    assert "your system's own package manager" in done.stderr


def test_the_doctor_needs_nothing_installed_and_names_what_is_not_there(machine: Path, tree: Path) -> None:
    done = run([sys.executable, "-I", "scripts/doctor.py"], tree, machine)
    lines = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert "make" in lines["environment, tests"]
    assert "not found" in lines["chromium"]
    assert "node or npm not found" in lines["node"]
    assert lines["python"].split()[1] == "ok"
    assert done.stderr == ""
