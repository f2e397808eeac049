"""An outage, made to order: connections to a node go through here, and for a while nothing does.

Whoever is connected is reset, and whoever comes meanwhile is reset too, as when a network comes and goes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

CHUNK: Final = 1 << 16


class Outage:
    """Forwards TCP to `port` on this machine; `own` is where."""

    def __init__(self, port: int) -> None:
        self.own = 0
        self._port = port
        self._dark = False
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Outage]:
        """Forward inside."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.own = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.begin()
            await server.wait_closed()

    def begin(self) -> None:
        """From here on nothing gets through."""
        self._dark = True
        for writer in tuple(self._writers):
            writer.transport.abort()

    def end(self) -> None:
        """It is over."""
        self._dark = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._dark:
            writer.transport.abort()
            return
        there_reader, there = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, there}
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(_pump(reader, there))
                pumps.create_task(_pump(there_reader, writer))
        finally:
            self._writers -= {writer, there}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
