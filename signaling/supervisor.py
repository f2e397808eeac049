"""Processes that come back: what is killed is started again at once.

A supervisor holds the listening sockets, so that connections made while a child is down wait in the
kernel's queue instead of being refused. Of a child that starts slowly it keeps a *spare*: imported,
warmed, waiting for one line on its standard input. When the child dies, the spare takes over in
milliseconds and the next spare is warmed behind it.

A child that is watched beats (`signaling.pulse`). One whose loop hangs is killed like any other crash, so that its
sessions go on elsewhere (`signaling.watchdog` says when).

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

from signaling.pulse import TELL, VARIABLE, sight
from signaling.watchdog import LOOK_MS, Watchdog

STEADY_S: Final = 0.5
"""A child that lived this long is started again at once."""

LONGEST_WAIT_S: Final = 5.0
TELLING_S: Final = 0.1
"""What a process that hangs has to say where, before it is killed."""

GO: Final = b"go\n"
"""What a spare waits for."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a child. With `spare`, a warmed second one waits for `GO` on its standard input. With `patience`
    (ms) it is killed when its loop hangs for so long."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    sockets: tuple[int, ...] = ()
    spare: bool = False
    patience: int = 0


@dataclass(frozen=True, slots=True)
class _Child:
    """A process, and the end of the pipe that it beats on (None: it does not)."""

    process: asyncio.subprocess.Process
    pulse: int | None


@dataclass(slots=True)
class Supervised:
    """One child and, perhaps, its spare. `ended(name, code)` is told of each death, `said(line)` of each line
    that a child prints, `hung(name)` when it is killed because its loop hangs."""

    command: Command
    ended: Callable[[str, int], None]
    said: Callable[[str], None]
    hung: Callable[[str], None] = lambda name: None
    process: asyncio.subprocess.Process | None = None
    _spare: _Child | None = None
    _stopping: bool = field(default=False)
    _watchdog: Watchdog = field(init=False)
    restarts: int = 0

    def __post_init__(self) -> None:
        self._watchdog = Watchdog(self.command.patience)

    async def run(self) -> None:
        """Keep it alive until `stop`."""
        loop = asyncio.get_running_loop()
        wait = 0.0
        while not self._stopping:
            started = loop.time()
            child = await self._take()
            self.process = child.process
            if self.command.spare:
                self._spare = await self._start()
            code = await self._attended(child)
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
        spare = self._spare.process if self._spare is not None else None
        for process in (spare, self.process):
            if process is not None and process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM if process is self.process else signal.SIGKILL)
        if self.process is not None:
            try:
                async with asyncio.timeout(patience_s):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()

    async def _attended(self, child: _Child) -> int:
        """Its exit code, once it has ended; meanwhile it is watched."""
        watching = asyncio.create_task(self._watch(child))
        try:
            return await self._attend(child.process)
        finally:
            watching.cancel()
            await asyncio.wait((watching,))

    async def _attend(self, process: asyncio.subprocess.Process) -> int:
        """Pass on what it says until it ends."""
        assert process.stdout is not None
        async for line in process.stdout:
            self.said(line.decode(errors="replace").rstrip())
        return await process.wait()

    async def _watch(self, child: _Child) -> None:
        """Kill it when its loop hangs."""
        if child.pulse is None:
            return
        loop = asyncio.get_running_loop()
        self._watchdog.begin()
        try:
            while not self._stopping:
                # After whatever else is due: beats that wait in the pipe count before the look.
                await asyncio.sleep(LOOK_MS / 1000)
                now = round(loop.time() * 1000)
                if self._feel(child.pulse, now):
                    continue
                if self._watchdog.look(sight(child.process.pid), now):
                    self.hung(self.command.name)
                    with contextlib.suppress(ProcessLookupError):
                        child.process.send_signal(TELL)
                    await asyncio.sleep(TELLING_S)
                    self.kill()
                    return
        finally:
            os.close(child.pulse)

    def _feel(self, pulse: int, now: int) -> bool:
        """Whether it beat."""
        try:
            beats = os.read(pulse, 65_536)
        except BlockingIOError:
            return False
        if beats:
            self._watchdog.beat(now)
        else:
            self._watchdog.rest()
        return bool(beats)

    async def _take(self) -> _Child:
        child, self._spare = self._spare, None
        if child is not None and child.process.returncode is not None:
            if child.pulse is not None:
                os.close(child.pulse)
            child = None
        child = child or await self._start()
        if self.command.spare and child.process.stdin is not None:
            child.process.stdin.write(GO)
        return child

    async def _start(self) -> _Child:
        environment, sockets = dict(self.command.environment), self.command.sockets
        pulse = beats = None
        if self.command.patience:
            pulse, beats = os.pipe()
            os.set_blocking(pulse, False)
            environment[VARIABLE] = str(beats)
            sockets = (*sockets, beats)
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command.arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=environment,
                pass_fds=sockets,
                start_new_session=True,
            )
        finally:
            if beats is not None:
                os.close(beats)
        return _Child(process, pulse)


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
