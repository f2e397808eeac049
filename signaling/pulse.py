"""A process's beat, and what a watcher sees of it: the shell around `signaling.watchdog`.

The beat is a byte in a pipe that the watcher made. It comes from a timer of the loop, so it stops when the loop does,
and the pipe closes when the loop ends.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from signaling.watchdog import BEAT_MS, Sight

VARIABLE: Final = "LEGATO_PULSE"
"""In a child's environment: the descriptor to beat on."""


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beat inside, if somebody watches."""
    told = os.environ.pop(VARIABLE, "")  # not for children of ours
    if not told.isdecimal():
        yield
        return
    descriptor = int(told)
    os.set_blocking(descriptor, False)
    os.set_inheritable(descriptor, False)
    task = asyncio.get_running_loop().create_task(_beat(descriptor))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))
        os.close(descriptor)


async def _beat(descriptor: int) -> None:
    while True:
        with suppress(OSError):  # the pipe is full: the watcher itself is away
            os.write(descriptor, b".")
        await asyncio.sleep(BEAT_MS / 1000)


def sight(pid: int) -> Sight:
    """What Linux shows of a process; elsewhere nothing is seen, and only the beat counts."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
        ran, waited = Path(f"/proc/{pid}/schedstat").read_bytes().split()[:2]
    except (OSError, IndexError, ValueError):
        return Sight()
    return Sight(
        ran=int(ran) // 1000,
        waited=int(waited) // 1000,
        ready=state == b"R",
        stopped=state in (b"T", b"t"),
    )
