"""A peer of another project runs in an environment of its own, which is made when it is asked for."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path

import pytest

from signaling.bench.peers import FOLDER, PEERS, NoPeer, start_peer

TELLS_WHERE = """
import os, sys
print("ready 0", flush=True)
sys.stdin.readline()
print(sys.prefix, flush=True)
"""


def peer_in(folder: Path, requirements: str = "") -> Path:
    """A peer that tells which environment it runs in."""
    home = folder / "somebody"
    home.mkdir()
    (home / "bot.py").write_text(TELLS_WHERE)
    (home / "requirements.txt").write_text(requirements)
    return home


def told_where(folder: Path, says: list[str]) -> str:
    """What it tells; `says` gets what is said while it is started."""

    async def ask() -> str:
        peer = await start_peer("somebody", says.append, folder)
        try:
            assert peer.process.stdin is not None
            assert peer.process.stdout is not None
            peer.process.stdin.write(b"\n")
            return (await peer.process.stdout.readline()).decode().strip()
        finally:
            await peer.end()

    return asyncio.run(ask())


@pytest.mark.e2e
@pytest.mark.timeout(120)
def test_a_peers_environment_is_its_own_and_made_once_for_its_requirements(tmp_path: Path) -> None:
    home, says = peer_in(tmp_path), list[str]()
    assert told_where(tmp_path, says) == str(home / ".venv")
    assert len(says) == 1
    assert told_where(tmp_path, says) == str(home / ".venv")
    assert len(says) == 1
    (home / "requirements.txt").write_text("# Others.\n")
    assert told_where(tmp_path, says) == str(home / ".venv")
    assert len(says) == 2


def test_a_peer_that_is_installed_is_started_at_once(tmp_path: Path) -> None:
    home, says = peer_in(tmp_path, "# What it needs.\n"), list[str]()
    (home / ".venv" / "bin").mkdir(parents=True)
    (home / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (home / ".venv" / "installed").write_text(hashlib.sha256(b"# What it needs.\n").hexdigest())
    assert told_where(tmp_path, says)
    assert says == []


def test_a_peer_that_is_not_in_the_tree_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoPeer, match="somebody"):
        asyncio.run(start_peer("somebody", print, tmp_path))


def test_every_peer_is_in_the_tree_and_locked_with_hashes() -> None:
    for name in PEERS:
        assert (FOLDER / name / "bot.py").exists()
        lines = (FOLDER / name / "requirements.txt").read_text().splitlines()
        pinned = [line for line in lines if line and not line.startswith(("#", " "))]
        assert pinned
        assert all("==" in line and line.endswith("\\") for line in pinned)
