"""Peers of other projects, to be loaded as the hub is.

Each is a folder of `benchmarks/peers`: `bot.py`, which speaks as `media.bench.stock` does, and `requirements.txt`,
locked with hashes. It runs in an environment of its own (`.venv` beside them), made when the peer is first asked for
and made anew when its requirements change; nothing of it comes with Legato, and `make install` knows nothing of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from signaling.bench.rig import Child, begun

PEERS: Final = {"pipecat": 25.0}
"""Each, and how many times its calls a core are to carry."""

FOLDER: Final = Path(__file__).resolve().parents[2] / "benchmarks" / "peers"
STAMP: Final = "installed"
INSTALL_S: Final = 1_200.0


class NoPeer(Exception):
    """The peer cannot be had here; the text says why."""


async def start_peer(name: str, says: Callable[[str], None], folder: Path = FOLDER) -> Child:
    """The peer, ready for offers; `says` is told when it is installed first. Raises `NoPeer`, and what `begun` does."""
    home = folder / name
    environment = home / ".venv"
    python = environment / "bin" / "python"
    wanted = await asyncio.to_thread(_wanted, home)
    if wanted:
        says(f"installing {name}: minutes, and hundreds of megabytes")
        await _run(sys.executable, "-m", "venv", "--clear", str(environment))
        requirements = ("--require-hashes", "-r", str(home / "requirements.txt"))
        await _run(str(python), "-m", "pip", "install", "-qq", "--no-input", *requirements)
        await asyncio.to_thread((environment / STAMP).write_text, wanted)
    return await begun(name, str(python), str(home / "bot.py"))


def _wanted(home: Path) -> str:
    """The stamp of the environment that is to be made; empty: it is there."""
    if not (home / "bot.py").exists():
        raise NoPeer(f"{home.name} is in the source tree of Legato alone")
    digest = hashlib.sha256((home / "requirements.txt").read_bytes()).hexdigest()
    stamp = home / ".venv" / STAMP
    return "" if stamp.exists() and stamp.read_text() == digest else digest


async def _run(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(INSTALL_S):
            _, said = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise NoPeer(f"{' '.join(words[1:4])}: {last}")
