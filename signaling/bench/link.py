"""A way over UDP, made to order: late, lossy, and with another address when asked. Seeded, so that a run repeats.

Each client gets a socket of its own towards the target, as behind a NAT. A page's calls are brought onto it by a
script (`detour`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final

Address = tuple[str, int]
HERE: Final = "127.0.0.1"

_DETOUR: Final = """(() => {
  const direct = (line) => /^(?:a=)?candidate:.* tcp /i.test(line);
  const detoured = (line) => line.replace(/^((?:a=)?candidate:.* udp \\d+ \\S+) HUB /i, "$1 PROXY ");
  const { setRemoteDescription: describe, addIceCandidate: add } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (told) {
    const lines = told.sdp.split("\\r\\n").filter((line) => !direct(line)).map(detoured);
    return describe.call(this, { type: told.type, sdp: lines.join("\\r\\n") });
  };
  RTCPeerConnection.prototype.addIceCandidate = function (told) {
    const line = told?.candidate ?? "";
    return direct(line) ? Promise.resolve() : add.call(this, { ...told, candidate: detoured(line) });
  };
})()"""


@dataclass(eq=False)
class Link:
    """Carries datagrams between clients and port `target` of this machine, each `delay_ms` late and up to `jitter_ms`
    more, so that they overtake each other; of them the share `lose` is lost, and of what clients send all that `lost`
    says. `port` is where clients send to; `watch(datagram)` sees what the target sends."""

    target: int
    random: Random
    delay_ms: int = 0
    lose: float = 0.0
    jitter_ms: int = 0
    watch: Callable[[bytes], None] = lambda datagram: None
    lost: Callable[[bytes], bool] = lambda datagram: False
    port: int = 0
    _here: asyncio.DatagramTransport | None = None
    _there: dict[Address, asyncio.DatagramTransport] = field(default_factory=dict)
    _waiting: dict[Address, list[bytes]] = field(default_factory=dict)
    _dark: set[Address] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Link]:
        """Carry inside."""
        loop = asyncio.get_running_loop()
        self._here, _ = await loop.create_datagram_endpoint(
            lambda: _Reader(self._from_client), local_addr=(HERE, 0)
        )
        self.port = self._here.get_extra_info("sockname")[1]
        try:
            yield self
        finally:
            for task in tuple(self._tasks):
                task.cancel()
            for transport in (self._here, *self._there.values()):
                transport.abort()
            self._here = None

    async def rebind(self) -> None:
        """From here on the target sees every client at another port, as after a NAT forgot them."""
        for client, old in tuple(self._there.items()):
            self._there[client] = await self._open(client)
            old.abort()

    def darken(self) -> None:
        """Carry nothing more for the clients that there are: nothing closes, and new ones are served."""
        self._dark |= self._there.keys()

    async def _open(self, client: Address) -> asyncio.DatagramTransport:
        there, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Reader(lambda datagram, _: self._from_target(datagram, client)),
            remote_addr=(HERE, self.target),
        )
        return there

    def _from_client(self, datagram: bytes, client: Address) -> None:
        there = self._there.get(client)
        if self.lost(datagram):
            return
        if there is not None:
            self._carry(client, lambda: self._there[client].sendto(datagram))
        elif client in self._waiting:
            self._waiting[client].append(datagram)
        else:
            self._waiting[client] = [datagram]
            task = asyncio.get_running_loop().create_task(self._begin(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _begin(self, client: Address) -> None:
        self._there[client] = await self._open(client)
        for datagram in self._waiting.pop(client):
            self._from_client(datagram, client)

    def _from_target(self, datagram: bytes, client: Address) -> None:
        self.watch(datagram)
        here = self._here
        if here is not None:
            self._carry(client, lambda: here.sendto(datagram, client))

    def _carry(self, client: Address, send: Callable[[], None]) -> None:
        def arrive() -> None:
            if self._here is not None and client not in self._dark:
                send()

        if self.random.random() < self.lose:
            return
        wait_ms = self.delay_ms + (self.random.random() * self.jitter_ms if self.jitter_ms else 0)
        if wait_ms:
            asyncio.get_running_loop().call_later(wait_ms / 1000, arrive)
        else:
            arrive()


class _Reader(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Address], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._received(data, addr)


@asynccontextmanager
async def late(target: int, delay_ms: int, host: str = HERE) -> AsyncIterator[int]:
    """A TCP port of `host` that leads to port `target` of this machine, each byte so many ms late in either direction.
    Its clients must have gone before it does."""
    loop = asyncio.get_running_loop()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                loop.call_later(delay_ms / 1000, writer.write, data)
        loop.call_later(delay_ms / 1000, writer.close)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(HERE, target)
        await asyncio.gather(carry(reader, back), carry(there, writer))

    server = await asyncio.start_server(serve, host, 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


def detour(hub: int, proxy: int) -> str:
    """The script that brings a page's calls to UDP port `proxy` instead of `hub`, and to no TCP port."""
    return _DETOUR.replace("HUB", str(hub)).replace("PROXY", str(proxy))


def free_port() -> int:
    """A UDP port that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])
