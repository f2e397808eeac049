"""`legato` commands as real processes: started on a free port with a folder of their own, ended with all
they began.

    async with running("demo") as hub:                 # supervisor, node, spare, agent, embedded store
        pid = await hub.pid("node")
        hub.kill("node")                               # kill -9; it comes back
        await hub.replaced("node", pid)

    async with running("node", "--redis", url, data=folder) as node: ...

Every process of the tree inherits a mark in its environment, works in the data folder, or names it: so whatever is
left is found and killed, the embedded store (nobody's child) included. Leaving checks that nothing is.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import aiohttp

ROOT: Final = Path(__file__).resolve().parents[2]
MARK: Final = "LEGATO_TEST_TREE"
READY_S: Final = 30.0
LOOK_S: Final = 0.01
QUIET: Final = ("--ears", "none", "--voice", "none")
"""No speech engines: for tests of text."""

Role = Literal["supervisor", "node", "agent", "store", "other"]


@dataclass
class Tree:
    """One command and everything that it started. `folder` is its data folder, `log` its standard error."""

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    log: Path
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    url: str = ""
    process: asyncio.subprocess.Process | None = None
    said: list[str] = field(default_factory=list)
    _reader: asyncio.Task[None] | None = None
    _strangers: set[int] = field(default_factory=set)
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, *, again: bool = False) -> None:
        """Run it, and wait until it says `ready`. Raises `AssertionError` with its log if it does not. `again`: on
        the same port, after its end."""
        if again and self.process is not None:
            await self.process.wait()
        self._ready.clear()
        port = self.url.rpartition(":")[2] if again else "0"
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "signaling", *self.words, "--port", port, "--data", str(self.folder),
                cwd=ROOT, env={**os.environ, **self.environment, MARK: self.mark},
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self._reader = asyncio.create_task(self._read(self.process))
        try:
            await asyncio.wait_for(self._ready.wait(), READY_S)
        except TimeoutError:
            raise AssertionError(f"never ready: {self.log.read_text()[-2000:]}") from None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self.said.append(line)
            if line.startswith("ready "):
                self.url = line.removeprefix("ready ").rstrip("/")
                self._ready.set()

    # --- who is who

    def members(self) -> dict[int, Role]:
        """The living processes of the tree. Which of two nodes serves, only its log says: see `pid`."""
        seen = {pid: self._look(pid)[1] for pid in _pids() if pid not in self._strangers}
        self._strangers |= {pid for pid, role in seen.items() if role is None}
        return {pid: role for pid, role in seen.items() if role is not None}

    async def pid(self, role: Role) -> int:
        """The one living process in that role, waited for."""
        async with asyncio.timeout(READY_S):
            while True:
                if role == "node":
                    found = [pid for pid in self._served()[-1:] if self._look(pid)[1] == role]
                else:
                    found = [pid for pid, has in self.members().items() if has == role]
                if found:
                    return found[0]
                await asyncio.sleep(LOOK_S)

    async def replaced(self, role: Role, old: int) -> int:
        """Wait until another process than `old` has that role."""
        async with asyncio.timeout(READY_S):
            while True:
                if (pid := await self.pid(role)) != old:
                    return pid
                await asyncio.sleep(LOOK_S)

    async def send(self, role: Role, number: signal.Signals) -> int:
        """Send a signal; to whom."""
        pid = await self.pid(role)
        os.kill(pid, number)
        return pid

    async def kill(self, role: Role) -> int:
        """kill -9; whom."""
        return await self.send(role, signal.SIGKILL)

    def lines(self) -> list[dict[str, Any]]:
        """The log so far, where it is JSON."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            with suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return [line for line in found if isinstance(line, dict)]

    async def ended(self, patience_s: float = 40.0) -> int:
        """Wait until the command ended by itself: its exit code."""
        assert self.process is not None
        async with asyncio.timeout(patience_s):
            return await self.process.wait()

    # --- how it ends

    async def end(self) -> None:
        """Kill whatever is left of it; nothing may be."""
        deadline = time.monotonic() + READY_S
        while left := self.members():
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert time.monotonic() < deadline, f"these cannot be killed: {left}"
            await asyncio.sleep(LOOK_S)
        if self.process is not None:
            await self.process.wait()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    def _served(self) -> list[int]:
        return [line["pid"] for line in self.lines() if line.get("message") == "ready" and "pid" in line]

    def _look(self, pid: int) -> tuple[int, Role | None]:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            ours = f"{MARK}={self.mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            place = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            return pid, None
        inside = place == str(self.folder / "store")
        if not words[0] or not (ours or inside):
            return pid, None
        return pid, _role(words, inside=inside)


def _role(words: list[bytes], *, inside: bool) -> Role:
    if inside:
        return "store"
    if b"signaling.demo.agent" in words:
        return "agent"
    if b"signaling" in words:
        return "node" if b"node" in words else "supervisor"
    return "other"


def _pids() -> list[int]:
    return sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """A temporary folder whose path is short enough for a unix socket."""
    made = Path(tempfile.mkdtemp(prefix="lg-", dir="/tmp"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@asynccontextmanager
async def running(
    command: str, *words: str, data: Path | None = None, **environment: str
) -> AsyncIterator[Tree]:
    """`legato COMMAND WORDS…` on a port of its own. `data`: somebody else's folder (several nodes share one)."""
    async with folder() as own:
        log = own / "stderr.log"
        tree = Tree((command, *QUIET, *words), data or own / "data", environment, log)
        try:
            await tree.start()
            yield tree
        finally:
            await tree.end()


@dataclass(frozen=True, slots=True)
class Invited:
    """A person's way into a demo's session."""

    session: str
    ticket: str
    participant: str


async def invited(http: aiohttp.ClientSession, url: str, session: str = "", participant: str = "") -> Invited:
    """What the demo's page asks for when somebody opens it."""
    wanted = {"session": session, "participant": participant}
    async with http.post(f"{url}/demo/join", json=wanted) as answer:
        answer.raise_for_status()
        body = await answer.json()
    return Invited(body["session"], body["ticket"], body["participant"])
