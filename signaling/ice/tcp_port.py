"""ICE over TCP (RFC 6544, passive) for networks without UDP: datagrams framed as RFC 4571 has it.

A connection stands for an address. Who connects has five seconds to show an authentic check; a frame that
is too long, or a connection too many from one host, closes it.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from typing import Final, cast

from signaling.ice.paths import Address
from signaling.ice.udp_port import bind

MAX_FRAME: Final = 2048
MAX_PER_HOST: Final = 16
MAX_CONNECTIONS: Final = 1024
AUTHENTICATE_WITHIN: Final = 5.0
MAX_UNSENT: Final = 65_536
"""Bytes that may wait for a slow reader; frames beyond are dropped, as the network would."""


class TcpPort:
    """Listening from `start` until `close`."""

    def __init__(self, host: str | None, port: int) -> None:
        """`host` and `port` as for `UdpPort`. Raises OSError."""
        self._socket = bind(host, port, socket.SOCK_STREAM)
        self._server: asyncio.Server | None = None
        self._connections: dict[Address, _Connection] = {}
        self._hosts: Counter[str] = Counter()
        self.refused = 0
        """Connections closed for being too many, too slow to authenticate, or malformed."""

    async def start(
        self,
        receive: Callable[[bytes, Address], None],
        known: Callable[[Address], bool],
        gone: Callable[[Address], None],
    ) -> None:
        """Hand each frame to `receive`; ask `known` whether an address has authenticated; tell `gone`."""
        self._receive, self._known, self._gone = receive, known, gone
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), sock=self._socket, backlog=128)

    def send(self, datagram: bytes, address: Address) -> None:
        """Send as a frame, if the connection is there and keeps up."""
        connection = self._connections.get(address)
        if connection is not None:
            connection.send(datagram)

    async def close(self) -> None:
        """Stop listening and cut all connections."""
        for connection in list(self._connections.values()):
            connection.cut()
        if self._server is None:
            self._socket.close()
            return
        self._server.close()
        await self._server.wait_closed()
        self._server = None

    def enter(self, connection: "_Connection", address: Address) -> bool:
        """A connection was made; whether it may stay."""
        if len(self._connections) >= MAX_CONNECTIONS or self._hosts[address[0]] >= MAX_PER_HOST:
            return False
        self._connections[address] = connection
        self._hosts[address[0]] += 1
        return True

    def leave(self, address: Address) -> None:
        """A connection that entered is lost."""
        del self._connections[address]
        self._hosts[address[0]] -= 1
        if not self._hosts[address[0]]:
            del self._hosts[address[0]]
        self._gone(address)

    def take(self, frame: bytes, address: Address) -> None:
        """A whole frame came."""
        self._receive(frame, address)

    def authenticated(self, address: Address) -> bool:
        return self._known(address)


class _Connection(asyncio.Protocol):
    """One TCP connection: takes frames apart, and knows its own deadline."""

    def __init__(self, port: TcpPort) -> None:
        self._port = port
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._address: Address | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if peer is None:
            self._refuse()
            return
        address = (peer[0], peer[1], "tcp")
        if not self._port.enter(self, address):
            self._refuse()
            return
        self._address = address
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(AUTHENTICATE_WITHIN, self._judge)

    def data_received(self, data: bytes) -> None:
        if self._address is None or self._transport is None or self._transport.is_closing():
            return
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= 2:
            length = buffer[at] << 8 | buffer[at + 1]
            if length > MAX_FRAME:
                self._refuse()
                return
            if len(buffer) - at < 2 + length:
                break
            self._port.take(bytes(buffer[at + 2 : at + 2 + length]), self._address)
            at += 2 + length
        del buffer[:at]

    def connection_lost(self, _: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if self._address is not None:
            self._port.leave(self._address)
            self._address = None

    def send(self, datagram: bytes) -> None:
        transport = self._transport
        if transport is not None and transport.get_write_buffer_size() < MAX_UNSENT:
            transport.write(len(datagram).to_bytes(2, "big") + datagram)

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _judge(self) -> None:
        if self._address is not None and not self._port.authenticated(self._address):
            self._refuse()

    def _refuse(self) -> None:
        self._port.refused += 1
        self.cut()
