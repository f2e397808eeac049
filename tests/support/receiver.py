"""A receiver of webhooks on loopback."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

from tests.support.patience import patience


@contextmanager
def nobody() -> Iterator[tuple[socket.socket, int]]:
    """A socket that does not listen (yet), and its port: who calls there is refused, and no other process gets it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held, int(held.getsockname()[1])


class Receiver:
    """Keeps what comes, and answers with a status, once it may."""

    def __init__(self, status: int = 204, location: str = "") -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.port = 0
        self._status, self._location = status, location
        self._came = asyncio.Event()
        self._may_answer = asyncio.Event()
        self._may_answer.set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    def hang(self) -> None:
        """Answer nobody until `go_on`."""
        self._may_answer.clear()

    def go_on(self) -> None:
        """Answer again."""
        self._may_answer.set()

    async def comes(self, count: int, patience_s: float = 60.0) -> None:
        """So many have come."""
        async with patience(patience_s, f"{count} that come", self._count):
            while len(self.got) < count:
                self._came.clear()
                await self._came.wait()

    async def _count(self) -> int:
        return len(self.got)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append((headers, await request.read()))
        self._came.set()
        await self._may_answer.wait()
        return web.Response(
            status=self._status, headers={"Location": self._location} if self._location else {}
        )


@asynccontextmanager
async def receiving(
    status: int = 204, location: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A receiver that listens inside, with `tls` by https."""
    receiver = Receiver(status, location)
    server = web.Server(receiver)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        transports = [each.transport for each in server.connections]
        await runner.cleanup()
        # By TLS one whose peer was killed would wait for its goodbye for ever.
        for transport in transports:
            if transport is not None:
                transport.abort()
        for _ in range(3):
            await asyncio.sleep(0)  # so many passes of the loop until their sockets are closed
