"""The WebSocket to a hub: carries envelopes, decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import aiohttp

from legato.client.transport import Transport

CONNECT_S: Final = 5.0
LINGER_S: Final = 1.0
SUBPROTOCOL: Final = "legato.1"
MAX_BYTES: Final = 4 * 1024 * 1024
BEHIND: Final = 512
"""Envelopes in line from which on live audio waits."""


def socket_url(hub: str) -> str:
    """The WebSocket address of a hub given as `http(s)://…` or `ws(s)://…`."""
    scheme, _, rest = hub.rstrip("/").partition("://")
    return f"{'wss' if scheme in ('https', 'wss') else 'ws'}://{rest}/v1/connect"


async def opens(hub: str, http: aiohttp.ClientSession, opened: Callable[[], None]) -> None:
    """Try whether a connection to the hub opens within `CONNECT_S`: then `opened` is called, and it is closed."""
    with suppress(aiohttp.ClientError, OSError, TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            socket = await http.ws_connect(
                socket_url(hub),
                protocols=(SUBPROTOCOL,),
                compress=0,
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
        opened()
        await socket.close()


class Socket:
    """One connection. `received` gets text as bytes, `audio` binary envelopes; `closed` is called once at the end."""

    watched: Final = False

    def __init__(
        self,
        hub: str,
        opened: Callable[[Transport], None],
        received: Callable[[Transport, bytes], None],
        audio: Callable[[bytes], None],
        closed: Callable[[Transport], None],
    ) -> None:
        self._hub = hub
        self._opened, self._received, self._audio, self._closed = opened, received, audio, closed
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._out: asyncio.Queue[bytes | tuple[bytes] | None] = asyncio.Queue(4096)
        self._task: asyncio.Task[object] | None = None
        self._linger: asyncio.TimerHandle | None = None

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Connect and carry until either side ends it."""
        self._task = asyncio.current_task()
        try:
            timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
            async with asyncio.timeout(CONNECT_S):
                self._socket = await http.ws_connect(
                    socket_url(self._hub),
                    protocols=(SUBPROTOCOL,),
                    compress=0,
                    max_msg_size=MAX_BYTES,
                    timeout=timeout,
                )
            self._opened(self)
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write(self._socket))
                await self._read(self._socket)
                writer.cancel()
        except* (aiohttp.ClientError, OSError, TimeoutError):
            pass  # the link decides what a lost connection means
        finally:
            if self._linger is not None:
                self._linger.cancel()
            if self._socket is not None and not self._socket.closed:
                await self._socket.close()
            self._closed(self)

    def send(self, raw: bytes) -> None:
        """Send a text envelope. Never blocks; a queue that is full means a connection that is dead."""
        self._put(raw)

    @property
    def behind(self) -> bool:
        """Whether more is in line than live audio should wait for."""
        return self._out.qsize() > BEHIND

    def send_audio(self, raw: bytes) -> bool:
        """Send a binary envelope; False if the connection is behind (send it again later)."""
        if self.behind:
            return False
        self.send_binary(raw)
        return True

    def send_binary(self, raw: bytes) -> None:
        """Send a binary envelope, as `send` does a text."""
        self._put((raw,))

    def _put(self, what: bytes | tuple[bytes]) -> None:
        if self._out.full():
            self.close()
        else:
            self._out.put_nowait(what)

    def close(self) -> None:
        """Close it once what is in line has left, within `LINGER_S`; the hub should not take it for alive."""
        if self._task is None or self._linger is not None:
            return
        waits = LINGER_S if self._socket is not None and not self._out.full() else 0.0
        self._linger = asyncio.get_running_loop().call_later(waits, self._task.cancel)
        if waits:
            self._out.put_nowait(None)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._received(self, message.data.encode())
            elif message.type is aiohttp.WSMsgType.BINARY:
                self._audio(message.data)

    async def _write(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            raw = await self._out.get()
            if raw is None:
                await socket.close()
                return
            if isinstance(raw, tuple):
                await socket.send_bytes(raw[0])
            else:
                await socket.send_str(raw.decode())
