"""The hub that is measured: a store, nodes and bare echoes as real processes, and what each of them costs."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from hub.keys.embedded import embedded_key_store
from hub.keys.hub_secrets import hub_secrets
from hub.keys.keyring import configured_keyring
from hub.keys.signer import TicketSigner
from hub.store.admin import client
from hub.store.embedded import EmbeddedStore
from hub.store.embedded import Options as EmbeddedOptions
from hub.store.endpoint import Endpoint
from legato.session.events import Role
from legato.session.ids import MAIN, new_id
from legato.session.tickets import ANY_SESSION, CEILINGS, new_ticket
from signaling.serve import monotonic_ms

READY_S: Final = 60.0
CREATING_AT_ONCE: Final = 64


class StoreNotEmpty(Exception):
    """The store holds `keys` keys already."""

    def __init__(self, keys: int) -> None:
        super().__init__(
            f"the store holds {keys} keys: a bench needs an empty one, and leaves its sessions there"
        )
        self.keys = keys


@dataclass(slots=True)
class Child:
    """A process that was started here. `port` is where it listens."""

    name: str
    process: asyncio.subprocess.Process
    port: int

    @property
    def pid(self) -> int:
        return self.process.pid

    async def end(self) -> None:
        """Close its standard input, and insist."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def started(name: str, *arguments: str) -> Child:
    """Run a module of ours, and wait until it says `ready URL`, or `ready PORT`."""
    return await begun(name, sys.executable, "-m", *arguments)


async def begun(name: str, *command: str) -> Child:
    """Run a program, and wait until it says the same. Raises `RuntimeError`, `TimeoutError` and `OSError`."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            said = (await process.stdout.readline()).decode().split()
    except TimeoutError:
        process.kill()
        raise
    if len(said) != 2 or said[0] != "ready":
        raise RuntimeError(f"{name} did not start")
    port = int(said[1]) if said[1].isdecimal() else urlsplit(said[1]).port
    assert port is not None
    return Child(name, process, port)


def cpu_seconds(pid: int) -> float:
    """What the process has used of a processor (user and system), where /proc tells; else 0."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kb(pid: int) -> float:
    """Its resident memory in kB, where /proc tells; else 0."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


@dataclass(slots=True)
class Rig:
    """Nodes `a`, `b`, … on one store. `rng` is seeded; whoever measures draws from it.

    `tools`: a file of what the nodes call for agents.
    `crowd`, `long` and `short` are sessions that are on the store already.
    """

    data: Path
    redis: str
    accept_store: str
    store_pid: int
    signer: TicketSigner
    rng: random.Random
    nodes: list[Child] = field(default_factory=list)
    profile: Path | None = None
    tools: Path | None = None
    crowd: list[str] = field(default_factory=list)
    long: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)

    def ticket(self, session: str, participant: str, role: Role = "user") -> str:
        """A ticket of this hub, good for the whole bench."""
        capabilities = CEILINGS[role] if session == ANY_SESSION else None
        made = new_ticket(
            "invite",
            id=new_id("j", secrets.token_bytes),
            now=int(time.time()),
            tenant=MAIN,
            session=session,
            participant=participant,
            role=role,
            name=participant,
            capabilities=capabilities,
            life=86_400,
        )
        return self.signer.mint(made)

    async def start_node(self, idle_close: int = 30_000, engines: str = "none") -> Child:
        """One more node. Rooms that nobody needs close after `idle_close` ms; `engines`: its ears and its voice."""
        node = await self._node(len(self.nodes), idle_close, engines=engines)
        self.nodes.append(node)
        return node

    async def at_least(self, nodes: int) -> None:
        """So many nodes."""
        while len(self.nodes) < nodes:
            await self.start_node()

    async def replace_node(self, place: int, idle_close: int = 30_000) -> Child:
        """kill -9 it, and start another under its address."""
        old = self.nodes[place]
        old.process.kill()
        await old.process.wait()
        node = self.nodes[place] = await self._node(place, idle_close, old.port)
        return node

    async def _node(self, place: int, idle_close: int, port: int = 0, engines: str = "none") -> Child:
        name = f"n_{chr(ord('a') + place)}{secrets.token_hex(3)}"
        words = ["--data", str(self.data), "--redis", self.redis, "--name", name, "--port", str(port)]
        words += ["--idle-close", str(idle_close), "--accept-store", self.accept_store]
        words += ["--engines", engines]
        if self.tools is not None:
            words += ["--tools", str(self.tools)]
        if self.profile is not None:
            words += ["--profile", str(self.profile / f"{name}.prof")]
        return await started(name, "signaling.bench.node_process", *words)

    def ports(self) -> list[int]:
        """Where the nodes listen."""
        return [node.port for node in self.nodes]

    async def end_nodes(self) -> None:
        """End all nodes."""
        nodes, self.nodes = self.nodes, []
        for node in nodes:
            await node.end()

    def processes(self) -> dict[str, int]:
        """The process ids of what is measured."""
        found = {f"node_{chr(ord('a') + i)}": node.pid for i, node in enumerate(self.nodes)}
        return found | ({"store": self.store_pid} if self.store_pid else {}) | {"client": os.getpid()}

    def cpu(self) -> dict[str, float]:
        """What each of them has used, in seconds."""
        return {name: cpu_seconds(pid) for name, pid in self.processes().items()}

    async def create(self, sessions: Sequence[str]) -> None:
        """Create the sessions, spread over the nodes."""
        waiting = list(enumerate(sessions))[::-1]
        headers = {"Authorization": f"Bearer {self.ticket(ANY_SESSION, 'p_bench', 'supervisor')}"}
        async with (
            ClientSession(
                connector=TCPConnector(limit=CREATING_AT_ONCE),
                timeout=ClientTimeout(total=60),
                headers=headers,
            ) as http,
            asyncio.TaskGroup() as group,
        ):

            async def create() -> None:
                while waiting:
                    place, session = waiting.pop()
                    port = self.nodes[place % len(self.nodes)].port
                    url = f"http://127.0.0.1:{port}/v1/sessions"
                    async with http.post(url, json={"session": session}) as answer:
                        if answer.status != 201:
                            raise RuntimeError(f"no session: {answer.status} {await answer.text()}")

            for _ in range(min(CREATING_AT_ONCE, len(sessions))):
                group.create_task(create())


@asynccontextmanager
async def open_rig(
    redis: str = "", accept_store: str = "", seed: int = 1, profile: Path | None = None
) -> AsyncIterator[Rig]:
    """A store (the embedded one unless `redis` names another) and keys, in a folder that is removed in the end."""
    async with AsyncExitStack() as stack:
        folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="legato-bench-")
        stack.push_async_callback(asyncio.to_thread, shutil.rmtree, folder, ignore_errors=True)
        data, pid = Path(folder), 0
        if redis:
            await asyncio.to_thread(_must_be_empty, Endpoint.from_url(redis))
        else:
            embedded = await EmbeddedStore.start(EmbeddedOptions(data / "store"), random=random.random)
            stack.push_async_callback(embedded.stop)
            redis, pid = (
                f"unix://{embedded.endpoint.path}",
                await asyncio.to_thread(_pid_of, embedded.endpoint),
            )
        async with embedded_key_store(data / "keys", monotonic_ms) as keys:
            held = await hub_secrets(keys)
        ring, _ = configured_keyring({}, loopback=True, development=held.development)
        rig = Rig(data, redis, accept_store, pid, TicketSigner(ring), random.Random(seed), profile=profile)
        stack.push_async_callback(rig.end_nodes)
        yield rig


def _pid_of(endpoint: Endpoint) -> int:
    with closing(client(endpoint)) as admin:
        return int(admin.info("server")["process_id"])


def _must_be_empty(endpoint: Endpoint) -> None:
    """Somebody's store is not for measuring on."""
    with closing(client(endpoint)) as admin:
        held = int(admin.dbsize())
    if held:
        raise StoreNotEmpty(held)
