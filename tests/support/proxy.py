"""Proxies that break the network between real processes, seeded so that a run can be repeated.

    async with TcpProxy("127.0.0.1", server.port) as proxy:
        client = connect(proxy.port)
        proxy.blackhole()      # silence in both directions, nothing is closed
        proxy.heal()           # what was held back goes on
        proxy.cut()            # every connection is reset; new ones are taken

TCP_NODELAY is set on both sides: without it small writes wait for an acknowledgement, and every figure is 40 ms.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Final

CHUNK: Final = 1 << 16


@dataclass(eq=False)
class TcpProxy:
    """Forwards to `host`:`port_there`. `delay_ms` holds every chunk back."""

    host: str
    port_there: int
    delay_ms: int = 0
    port: int = 0
    accepted: int = 0
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> TcpProxy:
        self._open.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def blackhole(self) -> None:
        """Forward nothing from here on."""
        self._open.clear()

    def heal(self) -> None:
        """Forward again, also what was held back."""
        self._open.set()

    def cut(self) -> None:
        """Reset every connection."""
        for pair in self._pairs:
            for writer in pair:
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            there_reader, there = await asyncio.open_connection(self.host, self.port_there)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, there)
        self._pairs.add(pair)
        for end in pair:
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pumps = [
            asyncio.create_task(self._pump(reader, there)),
            asyncio.create_task(self._pump(there_reader, writer)),
        ]
        self._tasks.update(pumps)
        try:
            await asyncio.wait(pumps)
        finally:
            self._tasks.difference_update(pumps)
            self._pairs.discard(pair)
            for end in pair:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(CHUNK):
                await self._open.wait()
                if self.delay_ms:
                    await asyncio.sleep(self.delay_ms / 1000)
                writer.write(data)
                await writer.drain()
        except (ConnectionError, OSError):
            pass
        finally:
            writer.transport.abort()


@dataclass(eq=False)
class UdpProxy:
    """Forwards datagrams between one client and `host`:`port_there`. Chances are from 0 to 1; a jitter reorders."""

    host: str
    port_there: int
    random: Random
    lose: float = 0.0
    duplicate: float = 0.0
    delay_ms: int = 0
    jitter_ms: int = 0
    dark: bool = False
    port: int = 0
    client: tuple[str, int] | None = None
    _here: asyncio.DatagramTransport | None = None
    _there: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> UdpProxy:
        loop = asyncio.get_running_loop()
        here, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._from_client), local_addr=("127.0.0.1", 0)
        )
        self._here = here
        self.port = self._here.get_extra_info("sockname")[1]
        await self.rebind()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for transport in (self._here, self._there):
            if transport is not None:
                transport.abort()

    async def rebind(self) -> None:
        """From here on the target sees another source port, as after a NAT forgot or a phone changed networks."""
        old = self._there
        there, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(self._from_target), remote_addr=(self.host, self.port_there)
        )
        self._there = there
        if old is not None:
            old.abort()

    def _from_client(self, data: bytes, address: tuple[str, int]) -> None:
        self.client = address
        self._forward(lambda: self._there, data, None)

    def _from_target(self, data: bytes, address: tuple[str, int]) -> None:
        self._forward(lambda: self._here, data, self.client)

    def _forward(
        self, way: Callable[[], asyncio.DatagramTransport | None], data: bytes, to: tuple[str, int] | None
    ) -> None:
        def send() -> None:
            transport = way()
            if transport is not None:
                transport.sendto(data, to)

        if self.dark or self.random.random() < self.lose:
            return
        for _ in range(2 if self.random.random() < self.duplicate else 1):
            wait = self.delay_ms + self.random.random() * self.jitter_ms
            asyncio.get_running_loop().call_later(wait / 1000, send)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receive: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._receive(data, addr)
