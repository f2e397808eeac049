"""The listening side: aiohttp's protocol, held to our bounds.

aiohttp waits for a request's head as long as somebody sends it slowly, and writes a traceback for every head that is
none. Here a head has 5 s, a bad one gets a typed error and no line in the log, and the gate decides which sockets
stay (`signaling.gate`). A handler may take its socket over, for another protocol (`taken_over`).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec
from aiohttp import web

from signaling.gate import Gate, Verdict
from signaling.http.errors import ErrorBody, ErrorDetail, error_response

log: Final = logging.getLogger("legato.http")

BACKLOG: Final = 4_096
KEEP_ALIVE_S: Final = 30.0
LOOK_S: Final = 0.5
GOING_S: Final = 2.0
GOING_LOOKS: Final = 100
MOST_HEAD: Final = 16_384

_FULL_BODY: Final = msgspec.json.encode(ErrorBody(ErrorDetail("overloaded", retry_after_ms=2000)))
_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
) % (len(_FULL_BODY), _FULL_BODY)


class Successor(asyncio.BufferedProtocol):
    """The protocol that goes on with a socket. It tells the gate when the socket is `closed`."""

    def received(self, data: bytes) -> None:
        """What had come already."""


Made = Callable[[asyncio.Transport, Gate[asyncio.Transport]], Successor]


class Gated(web.RequestHandler):
    """One socket. `gate` and `now` (monotonic ms) are shared by all of a port."""

    __slots__ = ("_gate", "_now")

    def __init__(
        self, server: web.Server, gate: Gate[asyncio.Transport], now: Callable[[], int], **kwargs: Any
    ) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **kwargs)
        self._gate = gate
        self._now = now

    def connection_made(self, made: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", made)  # by duty: uvloop's transports are no subclasses
        name = transport.get_extra_info("peername")
        address = str(name[0]) if isinstance(name, tuple) and name else "local"
        verdict, oldest = self._gate.opened(transport, address, self._now())
        super().connection_made(made)
        if verdict is not Verdict.STAYS:
            transport.write(_FULL)
            self.force_close()
            transport.close()
        if oldest is not None:
            oldest.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        if self.transport is not None:
            self._gate.closed(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._request_count and self.transport is not None:
            self._gate.spoke(self.transport)

    def hand_over(self, made: Made) -> bool:
        """Let another protocol go on with the socket, from behind the request that is being answered. False if its
        sender may have sent another request there."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return True  # nobody is there any more
        if not self._upgraded:
            return False
        protocol, tail = made(transport, self._gate), self._message_tail
        transport.set_protocol(protocol)
        self.transport, self._message_tail = None, b""
        super().connection_lost(None)  # to aiohttp the connection is over: it lets go of everything
        if tail:
            protocol.received(tail)
        if self._buffer_paused and not transport.is_closing():
            transport.resume_reading()
        return True

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A request that is none: a typed error, and nothing in the log that its sender chose."""
        if request.writer.output_size > 0:
            raise ConnectionError
        reason = "malformed" if status < 500 else "failed"
        if status >= 500:
            log.error("a request failed", extra={"kind": type(exc).__name__}, exc_info=exc)
        response = error_response(ErrorDetail(reason), status)
        response.force_close()
        return response


class TakenOver(web.StreamResponse):
    """What a handler returns whose socket is another protocol's now: there is nothing left to send."""

    @property
    def prepared(self) -> bool:
        return True

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing."""


def taken_over(request: web.Request, made: Made) -> TakenOver | None:
    """Go on with the request's socket in the protocol that `made` makes; its handler returns what this returns.
    None if the request asks for no upgrade (RFC 9110, 7.8)."""
    protocol = request.protocol
    if request.body_exists or not isinstance(protocol, Gated) or not protocol.hand_over(made):
        return None
    return TakenOver()


class Port:
    """Serves an application at the addresses it is told. An async context of `web.AppRunner`'s life."""

    def __init__(self, app: web.Application, gate: Gate[asyncio.Transport], now: Callable[[], int]) -> None:
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        self.gate = gate
        self._now = now
        self._servers: list[asyncio.Server] = []
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Port:
        await self._runner.setup()
        self._looking = asyncio.get_running_loop().create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()
        if self._looking is not None:
            self._looking.cancel()
        await self._runner.cleanup()
        await self._see_off()

    async def listen(
        self, host: str, port: int, tls: ssl.SSLContext | None = None, descriptor: int = -1
    ) -> int:
        """Open a port (0: the system's choice), or take the listening socket `descriptor`; says which port.
        Raises OSError."""
        loop = asyncio.get_running_loop()
        sock = socket.socket(fileno=descriptor) if descriptor >= 0 else bound(host, port)
        try:
            server = await loop.create_server(
                self._socket, sock=sock, ssl=tls, backlog=BACKLOG,
                ssl_handshake_timeout=5.0 if tls is not None else None,
                ssl_shutdown_timeout=2.0 if tls is not None else None,
            )  # fmt: skip
        except BaseException:
            sock.close()
            raise
        self._servers.append(server)
        number: int = sock.getsockname()[1]
        return number

    def stop(self) -> None:
        """Take no more sockets; those that are open go on."""
        for server in self._servers:
            server.close()

    def _socket(self) -> Gated:
        server = self._runner.server
        assert server is not None
        return Gated(
            server,
            self.gate,
            self._now,
            keepalive_timeout=KEEP_ALIVE_S,
            access_log=None,
            max_line_size=8_190,
            max_headers=64,
            max_field_size=8_190,
            lingering_time=1.0,
            auto_decompress=False,
        )

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for late in self.gate.expired(self._now()):
                late.abort()

    async def _see_off(self) -> None:
        """Who was told to go may take a moment to do so."""
        for _ in range(GOING_LOOKS):
            if not len(self.gate):
                return
            await asyncio.sleep(GOING_S / GOING_LOOKS)
        for late in tuple(self.gate):
            late.abort()
        await asyncio.sleep(0)


def bound(host: str, port: int) -> socket.socket:
    """A socket bound to an address, or to all of them; IPv6 takes IPv4 too where it listens to all."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock
