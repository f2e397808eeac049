"""The WebSocket door: `GET /v1/connect`, subprotocol `legato.1` (RFC 6455).

aiohttp reads the request; then the socket is taken over from it, and nothing of aiohttp is left at it (its parser,
queue and tasks cost 14 kB a connection, and a pass of the loop a message). Beats are the protocol's own; a
client's pings are answered, and counted like its questions.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from legato.wire.carried import OVERHEAD
from legato.wire.strict import MAX_BYTES
from signaling.connection.effects import NEVER
from signaling.connection.frames import (
    DONE,
    GOING_AWAY,
    NO_CODE,
    TOO_LARGE,
    Fault,
    FrameReader,
    Message,
    Opcode,
    close_code,
    close_frame,
    frame,
)
from signaling.connection.handshake import VERSION, NoHandshake, switching
from signaling.connection.line import Line
from signaling.gate import Gate
from signaling.hall import Hall
from signaling.http.errors import ErrorDetail, Refused, error_response
from signaling.port import Successor, taken_over

HIGH_WATER: Final = 256 * 1024
"""Bytes in the transport's buffer from which on a reader is slow."""

MOST_AT_ONCE: Final = 16
"""Messages of one socket that are handed on in a pass of the loop. A page that could not send for a while brings
hundreds of frames of sound at once, and to relay them takes longer than anybody else may be made to wait."""

CLOSE_S: Final = 2.0
FAULT_S: Final = 0.1

_ROOM: Final = memoryview(bytearray(64 * 1024))
"""What all sockets read into, one after the other: what was read is taken out before the loop goes on. A buffer of
asyncio's own is made and thrown away at each read, which costs twice what the read itself does."""

_WITH_A_WORD: Final = (DONE, GOING_AWAY)


class SocketWire(Successor):
    """One WebSocket: the protocol of its transport, and the `Wire` of its line."""

    carries = True
    beat_ms = 0
    __slots__ = ("_behind", "_gate", "_line", "_reader", "_transport", "closing", "writable")

    def __init__(self, gate: Gate[asyncio.Transport], transport: asyncio.Transport) -> None:
        self._gate = gate
        self._transport = transport
        self._reader = FrameReader(MAX_BYTES + OVERHEAD)
        self._line: Line | None = None
        self._behind = False
        """There is more than was taken in this pass of the loop: nothing is read meanwhile."""
        self.writable = True
        self.closing = False
        """A close frame was sent: nothing follows it."""
        transport.set_write_buffer_limits(high=HIGH_WATER)

    def begin(self, line: Line) -> None:
        """What comes is the line's from here on."""
        self._line = line

    # --- the wire

    def send(self, envelopes: Sequence[bytes]) -> None:
        self._write(b"".join([frame(Opcode.TEXT, envelope) for envelope in envelopes]))

    def send_audio(self, envelope: bytes) -> None:
        self._write(frame(Opcode.BINARY, envelope))

    def close(self, code: int, reason: str) -> None:
        if self.closing or self._transport.is_closing():
            return
        self._write(close_frame(code, reason))
        self.closing = True
        # The client answers, and then the connection ends; one that does not answer is cut off.
        asyncio.get_running_loop().call_later(CLOSE_S, self._transport.abort)

    def _write(self, frames: bytes) -> None:
        if not self.closing and not self._transport.is_closing():
            self._transport.write(frames)

    # --- the transport

    def get_buffer(self, sizehint: int) -> memoryview:
        return _ROOM

    def buffer_updated(self, nbytes: int) -> None:
        self.received(bytes(_ROOM[:nbytes]))

    def received(self, data: bytes) -> None:
        """Bytes of the client."""
        if self._line is not None:
            self._reader.feed(data)
            if not self._behind:
                self._take()

    def _take(self) -> None:
        """Hand on what came, so much of it as one pass of the loop has time for."""
        line = self._line
        if line is None:
            return
        try:
            for _ in range(MOST_AT_ONCE):
                message = self._reader.next()
                if message is None:
                    self._caught_up()
                    return
                if message[0] == Opcode.TEXT:
                    line.received(message[1])
                elif message[0] == Opcode.BINARY:
                    line.received_audio(message[1])
                else:
                    self._controlled(line, message)
            self._fall_behind()
        except Fault as fault:
            self._line = None
            line.close(fault.code, "too_large" if fault.code == TOO_LARGE else "malformed", NEVER)
            # What follows cannot be understood, so an answer is not looked for; what was said last still arrives.
            asyncio.get_running_loop().call_later(FAULT_S, self._transport.close)

    def _fall_behind(self) -> None:
        if not self._behind:
            self._behind = True
            self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._take)

    def _caught_up(self) -> None:
        if self._behind:
            self._behind = False
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        if self._line is not None:
            self._line.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gate.closed(self._transport)
        line, self._line = self._line, None
        if line is not None:
            line.ended("lost")

    def _controlled(self, line: Line, message: Message) -> None:
        opcode, payload = message
        if opcode == Opcode.CLOSE:
            code = close_code(payload)
            self._line = None
            line.ended("closed" if code in _WITH_A_WORD else "lost")
            self._write(close_frame(DONE if code == NO_CODE else code, ""))
            self.closing = True
            self._transport.close()
        else:
            line.pinged()
            if opcode == Opcode.PING and self.writable:
                self._write(frame(Opcode.PONG, payload))


async def serve_socket(hall: Hall, request: web.Request, peer: str) -> web.StreamResponse:
    """Answer the handshake and take the socket over."""
    try:
        answer = switching(request.headers)
    except NoHandshake as wrong:
        if wrong.header == "Sec-WebSocket-Version":
            refusal = error_response(ErrorDetail("unsupported", field=wrong.header), 426)
            refusal.headers["Sec-WebSocket-Version"] = VERSION
            return refusal
        raise Refused("malformed", "a WebSocket's handshake", wrong.header) from None

    def opened(transport: asyncio.Transport, gate: Gate[asyncio.Transport]) -> SocketWire:
        _send_at_once(transport)
        transport.write(answer)
        wire = SocketWire(gate, transport)
        wire.begin(Line(hall, wire, peer))
        return wire

    response = taken_over(request, opened)
    if response is None:
        raise Refused("malformed", "a WebSocket's handshake", "Connection")
    return response


def _send_at_once(transport: asyncio.Transport) -> None:
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
