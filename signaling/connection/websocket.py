"""The WebSocket door: `GET /v1/connect`, subprotocol `legato.1` (RFC 6455).

aiohttp does the handshake and reads; what goes down is framed here and given to the transport in one write a
pass of the loop. Compression is off (it costs 93 kB a connection), beats are the protocol's own.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from legato.wire.strict import MAX_BYTES
from signaling.connection.line import Line
from signaling.hall import Hall

SUBPROTOCOL: Final = "legato.1"
HIGH_WATER: Final = 256 * 1024
"""Bytes in the transport's buffer from which on a reader is slow."""

LOOK_AGAIN_S: Final = 0.05
CLOSE_S: Final = 2.0

_TEXT: Final = 0x81
_BINARY: Final = 0x82
_CLOSE: Final = 0x88


def frame(opcode: int, payload: bytes) -> bytes:
    """One unmasked frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((opcode, size)) + payload
    if size < 1 << 16:
        return bytes((opcode, 126)) + size.to_bytes(2) + payload
    return bytes((opcode, 127)) + size.to_bytes(8) + payload


class SocketWire:
    """The `Wire` over a WebSocket's transport."""

    __slots__ = ("_looking", "_loop", "_transport", "closing", "line")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._looking = False
        self.line: Line | None = None
        self.closing = False

    @property
    def writable(self) -> bool:
        if self._transport.get_write_buffer_size() < HIGH_WATER:
            return True
        if not self._looking:
            self._looking = True
            self._loop.call_later(LOOK_AGAIN_S, self._look)
        return False

    def send(self, envelopes: Sequence[bytes]) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"".join([frame(_TEXT, envelope) for envelope in envelopes]))

    def send_audio(self, envelope: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(frame(_BINARY, envelope))

    def close(self, code: int, reason: str) -> None:
        if self.closing or self._transport.is_closing():
            return
        self.closing = True
        self._transport.write(frame(_CLOSE, code.to_bytes(2) + reason.encode()[:100]))
        # The client answers, and then the connection ends; one that does not answer is cut off.
        self._loop.call_later(CLOSE_S, self._transport.abort)

    def _look(self) -> None:
        self._looking = False
        if self.line is not None and not self._transport.is_closing():
            self.line.flush()


async def serve_socket(hall: Hall, request: web.Request, peer: str) -> web.StreamResponse:
    """One connection, from its handshake to its end."""
    response = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        compress=False,
        max_msg_size=MAX_BYTES,
        decode_text=False,
        timeout=CLOSE_S,
        autoclose=False,
    )
    await response.prepare(request)
    transport = request.transport
    if transport is None:
        return response
    _send_at_once(transport)
    wire = SocketWire(transport)
    line = wire.line = Line(hall, wire, peer)
    try:
        await _read(line, response)
    finally:
        line.ended("closed" if response.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY) else "lost")
    if not wire.closing and not response.closed:
        await response.close(code=response.close_code or WSCloseCode.OK, drain=False)
    return response


async def _read(line: Line, response: web.WebSocketResponse) -> None:
    while True:
        message = await response.receive()
        if message.type is WSMsgType.TEXT:
            line.received(message.data)
        elif message.type is WSMsgType.BINARY:
            line.received_audio(message.data)
        else:
            return


def _send_at_once(transport: asyncio.Transport) -> None:
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
