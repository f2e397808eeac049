"""Two stores, the second a replica of the first, behind one address that leads to the second after a failover."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Final

from hub.store.admin import client
from hub.store.embedded import binary
from hub.store.endpoint import Endpoint

HERE: Final = "127.0.0.1"
LOOK_S: Final = 0.02
PATIENCE_S: Final = 30.0


class TwoStores:
    """`port` is the address. Connections to who serves no more are reset, as those of a host that died are."""

    def __init__(self, first: int, second: int) -> None:
        self.port, self.serving = 0, first
        self._first, self._second = first, second
        self._open: set[asyncio.StreamWriter] = set()

    async def fail_over(self, first: asyncio.subprocess.Process) -> None:
        """Once the replica has all that was written until now: kill -9 the first, make a primary of the second, lead
        the address to it."""
        written, _ = await asyncio.to_thread(_offsets, self._first)
        async with asyncio.timeout(PATIENCE_S):
            while (await asyncio.to_thread(_offsets, self._first))[1] < written:  # noqa: ASYNC110 — another process
                await asyncio.sleep(LOOK_S)
        first.kill()
        await first.wait()
        await asyncio.to_thread(_promote, self._second)
        self.serving = self._second
        for writer in tuple(self._open):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to who serves now."""
        try:
            there, back = await asyncio.open_connection(HERE, self.serving)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        try:
            await asyncio.gather(_carry(reader, back), _carry(there, writer))
        finally:
            self._open -= {writer, back}
            for each in (writer, back):
                each.transport.abort()


@asynccontextmanager
async def two_stores() -> AsyncIterator[tuple[TwoStores, asyncio.subprocess.Process]]:
    """Both, and the process of the first. Raises what starting a server raises."""
    async with AsyncExitStack() as stack:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="legato-stores-"))
        stack.push_async_callback(asyncio.to_thread, shutil.rmtree, folder, ignore_errors=True)
        ports = _free_port(), _free_port()
        first = await _started(stack, folder / "first", ports[0])
        await _started(stack, folder / "second", ports[1], "--replicaof", HERE, str(ports[0]))
        stores = TwoStores(*ports)
        server = await asyncio.start_server(stores.serve, HERE, 0)
        stack.callback(server.close)
        stores.port = int(server.sockets[0].getsockname()[1])
        yield stores, first


async def _started(stack: AsyncExitStack, folder: Path, port: int, *words: str) -> asyncio.subprocess.Process:
    await asyncio.to_thread(folder.mkdir)
    process = await asyncio.create_subprocess_exec(
        *(str(binary()), "--port", str(port), "--bind", HERE, "--dir", str(folder), "--save", ""),
        *("--appendonly", "yes", "--logfile", "server.log", "--repl-diskless-sync-delay", "0", *words),
    )
    stack.push_async_callback(_ended, process)
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(_answers, port):  # noqa: ASYNC110 — another process does it
            await asyncio.sleep(LOOK_S)
    return process


async def _ended(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


def _answers(port: int) -> bool:
    with closing(client(Endpoint(host=HERE, port=port))) as admin:
        try:
            return bool(admin.ping())
        except Exception:  # noqa: BLE001 — whatever it is, it does not answer yet
            return False


def _offsets(port: int) -> tuple[int, int]:
    """How far the primary has written, and its replica (-1: there is none) has said to have."""
    with closing(client(Endpoint(host=HERE, port=port))) as admin:
        told = admin.info("replication")
        replica = told.get("slave0") or {}
        return int(told["master_repl_offset"]), int(replica.get("offset", -1))


def _promote(port: int) -> None:
    with closing(client(Endpoint(host=HERE, port=port))) as admin:
        admin.slaveof()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])
