"""A WebSocket client that costs little: what is measured should be the hub, not the one who measures.

Text messages of one frame each, no extensions (RFC 6455). The mask is zero, which leaves the payload as it is.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import Final

_HEAD: Final = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: legato.1\r\n\r\n"
)
TEXT: Final = 1
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
ANSWERED: Final = {PING: PONG, CLOSE: CLOSE}


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One client frame with a mask of zeros."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, size)
    return head + b"\0\0\0\0" + payload


_ROOM: Final = memoryview(bytearray(256 * 1024))
"""What all of them read into, one after the other."""


class WireClient(asyncio.BufferedProtocol):
    """`received(text)` gets every message; `opened` is done once the hub has switched protocols."""

    def __init__(self, host: str, received: Callable[[bytes], None], path: str = "/v1/connect") -> None:
        self._received = received
        self._host, self._path = host, path
        self._rest = b""
        self._switched = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the switch at once."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(_HEAD.format(path=self._path, host=self._host, key=key).encode())

    def connection_lost(self, problem: Exception | None) -> None:
        """The connection ended."""
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("not opened"))
        if not self.closed.done():
            self.closed.set_result(None)

    def send(self, text: bytes) -> None:
        """Send one text message."""
        if self._transport is not None:
            self._transport.write(frame(text))

    def abort(self) -> None:
        """Vanish without a word."""
        if self._transport is not None:
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """One for all."""
        return _ROOM

    def buffer_updated(self, nbytes: int) -> None:
        """Cut what came into messages."""
        came = bytes(_ROOM[:nbytes])
        if self._rest:
            came, self._rest = self._rest + came, b""
        if not self._switched:
            came = self._switch(came)
        place, end = 0, len(came)
        while end - place >= 2:
            size, start = came[place + 1], place + 2
            if size > 125:
                wide = 2 if size == 126 else 8
                start += wide
                if end < start:
                    break
                size = int.from_bytes(came[start - wide : start])
            if end < start + size:
                break
            opcode, place = came[place] & 0x0F, start + size
            if opcode == TEXT:
                self._received(came[start:place])
            else:
                self._answer(opcode, came[start:place])
        if place < end:
            self._rest = came[place:]

    def _answer(self, opcode: int, payload: bytes) -> None:
        if self._transport is not None and opcode in ANSWERED:
            self._transport.write(frame(payload, ANSWERED[opcode]))
            if opcode == CLOSE:
                self._transport.close()

    def _switch(self, came: bytes) -> bytes:
        """What came after the answer to the request; nothing until that is whole."""
        head, ended, rest = came.partition(b"\r\n\r\n")
        if not ended:
            self._rest = came
            return b""
        self._switched = True
        status, _, _ = head.partition(b"\r\n")
        if b" 101 " not in status:
            self.opened.set_exception(ConnectionError(status.decode(errors="replace")))
            self.abort()
            return b""
        self.opened.set_result(None)
        return rest


async def open_wire(
    host: str, port: int, received: Callable[[bytes], None], path: str = "/v1/connect"
) -> WireClient:
    """Connect and switch. Raises `ConnectionError`, `TimeoutError`."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(20):
        _, client = await loop.create_connection(
            lambda: WireClient(f"{host}:{port}", received, path), host, port
        )
        await client.opened
    return client
