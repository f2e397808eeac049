"""`bench voice --peer`: a peer of another project carries the same callers' calls, in the same run."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from signaling.bench.plan import SMALL
from signaling.bench.rig import open_rig
from signaling.bench.voice_peers import measure_voice_peers

pytestmark = [pytest.mark.e2e, pytest.mark.store]


@pytest.fixture
def peers(tmp_path: Path) -> Path:
    """A folder of peers as the bench knows them."""
    home = tmp_path / "pipecat"
    (home / ".venv" / "bin").mkdir(parents=True)
    # Stock aiortc stands for Pipecat, which speaks the same: the real one is hundreds of megabytes.
    (home / "bot.py").write_text("import asyncio\nfrom media.bench.stock import main\nasyncio.run(main())\n")
    (home / "requirements.txt").write_text("")
    (home / ".venv" / "installed").write_text(hashlib.sha256(b"").hexdigest())
    python = home / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o700)
    return tmp_path


@pytest.mark.timeout(120)
async def test_a_peer_is_measured_beside_the_hub(peers: Path) -> None:
    async with open_rig() as rig:
        measured = await measure_voice_peers(rig, replace(SMALL, peers=("pipecat",)), peers)
        assert await measure_voice_peers(rig, SMALL, peers) == []
    values = {result.name: result.row()["value"] for result in measured}
    assert all(value > 0 for value in values.values()), values
    assert set(values) == {
        "calls_per_core_beside", "calls_beside_kept",
        "calls_per_core_pipecat", "calls_by_pipecat", "calls_pipecat_kept",
    }  # fmt: skip
