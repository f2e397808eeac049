"""Processes that come back: what is killed is started again at once.

A supervisor holds the listening sockets, so that connections made while a child is down wait in the
kernel's queue instead of being refused. Of a child that starts slowly it keeps a *spare*: imported,
warmed, waiting for one line on its standard input. When the child dies, the spare takes over in
milliseconds and the next spare is warmed behind it.

A child ends when its standard input does: the supervisor's own death leaves no orphans.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

STEADY_S: Final = 0.5
"""A child that lived this long is started again at once."""

LONGEST_WAIT_S: Final = 5.0
GO: Final = b"go\n"
"""What a spare waits for."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a child. With `spare`, a warmed second one waits for `GO` on its standard input."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    sockets: tuple[int, ...] = ()
    spare: bool = False


@dataclass(slots=True)
class Supervised:
    """One child and, perhaps, its spare. `ended(name, code)` is told of each death, `said(line)` of each line
    that a child prints."""

    command: Command
    ended: Callable[[str, int], None]
    said: Callable[[str], None]
    process: asyncio.subprocess.Process | None = None
    _spare: asyncio.subprocess.Process | None = None
    _stopping: bool = field(default=False)
    restarts: int = 0

    async def run(self) -> None:
        """Keep it alive until `stop`."""
        loop = asyncio.get_running_loop()
        wait = 0.0
        while not self._stopping:
            started = loop.time()
            self.process = await self._take()
            if self.command.spare:
                self._spare = await self._start()
            code = await self._attend(self.process)
            if self._stopping:
                break
            self.ended(self.command.name, code)
            self.restarts += 1
            wait = 0.0 if loop.time() - started >= STEADY_S else min(max(0.1, wait * 2), LONGEST_WAIT_S)
            await asyncio.sleep(wait)

    def kill(self) -> None:
        """Kill it with -9, as a crash would; it comes back."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    async def stop(self, patience_s: float = 30.0) -> None:
        """Ask it to end, and insist after `patience_s`."""
        self._stopping = True
        for process in (self._spare, self.process):
            if process is not None and process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM if process is self.process else signal.SIGKILL)
        if self.process is not None:
            try:
                async with asyncio.timeout(patience_s):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()

    async def _attend(self, process: asyncio.subprocess.Process) -> int:
        """Pass on what it says until it ends."""
        assert process.stdout is not None
        async for line in process.stdout:
            self.said(line.decode(errors="replace").rstrip())
        return await process.wait()

    async def _take(self) -> asyncio.subprocess.Process:
        spare, self._spare = self._spare, None
        process = spare if spare is not None and spare.returncode is None else await self._start()
        if self.command.spare and process.stdin is not None:
            process.stdin.write(GO)
        return process

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.command.arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=dict(self.command.environment),
            pass_fds=self.command.sockets,
            start_new_session=True,
        )


def wait_for_go() -> None:
    """A spare blocks here, imported and warm, until it is needed; it ends if its supervisor does."""
    if not sys.stdin.buffer.readline():
        sys.exit(0)


def end_with_supervisor(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Call `end` when standard input closes: the supervisor is gone, and nobody would start us again."""

    def readable() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            end()

    loop.add_reader(sys.stdin.fileno(), readable)
