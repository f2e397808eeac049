"""Proxies that stand between pages and hubs in the wild: one that keeps answers until they are whole, and one that
cuts what is idle."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

CHUNK: Final = 65_536
LOOK_S: Final = 0.05
_LENGTH: Final = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


class _Proxy:
    """Passes bytes to the hub's port and back. `port` is its own."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._pairs: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = {}
        self.port = 0
        self.cuts = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        hub_reader, hub_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._pairs[task] = writer, hub_writer
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.up(reader, hub_writer))
                group.create_task(self.down(hub_reader, writer))
        except* (ConnectionError, TimeoutError):
            self.cuts += 1
        finally:
            for each in self._pairs.pop(task):
                each.close()
                with suppress(ConnectionError):
                    await each.wait_closed()

    async def up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the page."""
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the hub."""
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def close(self) -> None:
        """Cut everything."""
        tasks = tuple(self._pairs)
        for each in (writer for pair in self._pairs.values() for writer in pair):
            each.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)


class Buffering(_Proxy):
    """Passes an answer on when it has all of it: one of a known length, or one that ended."""

    async def down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept = b""
        while data := await reader.read(CHUNK):
            kept += data
            head, gap, body = kept.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if gap and length is not None and len(body) >= int(length.group(1)):
                writer.write(kept)
                await writer.drain()
                kept = b""
        writer.write(kept)
        await writer.drain()
        raise ConnectionResetError


class CuttingIdle(_Proxy):
    """Ends a connection on which the hub said nothing for `idle_s`, counted in `LOOK_S`: a process that stood still has
    not waited, and what came meanwhile is read first."""

    def __init__(self, target: int, idle_s: float) -> None:
        super().__init__(target)
        self._looks = round(idle_s / LOOK_S)

    async def _next(self, reader: asyncio.StreamReader) -> bytes:
        """What the hub says next. Raises `TimeoutError` if that takes too long."""
        reading = asyncio.ensure_future(reader.read(CHUNK))
        try:
            for _ in range(self._looks):
                done, _ = await asyncio.wait({reading}, timeout=LOOK_S)
                if done:
                    return reading.result()
            raise TimeoutError
        finally:
            reading.cancel()

    async def down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            data = await self._next(reader)
            if not data:
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def _running(proxy: _Proxy) -> AsyncIterator[_Proxy]:
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()


def buffering(target: int) -> AbstractAsyncContextManager[_Proxy]:
    """A proxy that buffers, before the hub's port."""
    return _running(Buffering(target))


def cutting_idle(target: int, idle_s: float) -> AbstractAsyncContextManager[_Proxy]:
    """A proxy that cuts idle connections, before the hub's port."""
    return _running(CuttingIdle(target, idle_s))
