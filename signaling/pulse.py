"""A process's beat, and what a watcher sees of it: the shell around `signaling.watchdog`.

The beat is a byte in a pipe that the watcher made. It comes from a timer of the loop, so it stops when the loop does,
and the pipe closes when the loop ends.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from signaling.watchdog import BEAT_MS, Sight

VARIABLE: Final = "LEGATO_PULSE"
"""In a child's environment: the descriptor to beat on."""

TELL: Final = signal.SIGUSR2
"""Asks a process that beats to write the stacks of its threads to standard error: where it hangs."""


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
    faulthandler.register(TELL)
    task = asyncio.get_running_loop().create_task(_beat(descriptor))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))
        faulthandler.unregister(TELL)
        os.close(descriptor)


async def _beat(descriptor: int) -> None:
    while True:
        with suppress(OSError):  # the pipe is full: the watcher itself is away
            os.write(descriptor, b".")
        await asyncio.sleep(BEAT_MS / 1000)


def sight(pid: int) -> Sight:
    """What Linux shows of a process; elsewhere nothing is seen, and only the beat counts.

    All of its threads count: while one that holds the interpreter's lock waits for a processor, the loop can do
    nothing either, and sleeps.
    """
    tasks = Path(f"/proc/{pid}/task")
    try:
        main = _state(tasks / str(pid))
        states = [_state(task) for task in tasks.iterdir()]
    except (OSError, IndexError, ValueError):
        return Sight()
    return Sight(
        ran=sum(each.ran for each in states),
        waited=sum(each.waited for each in states),
        ready=any(each.ready for each in states),
        stopped=main.stopped,
    )


def _state(task: Path) -> Sight:
    """One thread. In the state D it waits for a disk, and a kill would be heard no sooner than it goes on."""
    state = (task / "stat").read_bytes().rpartition(b")")[2].split()[0]
    ran, waited = (task / "schedstat").read_bytes().split()[:2]
    return Sight(int(ran) // 1000, int(waited) // 1000, state == b"R", state in (b"T", b"t", b"D"))
