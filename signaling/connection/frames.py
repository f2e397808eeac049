"""The frames of RFC 6455, as a server reads and writes them. Pure, strict, and bounded.

A `FrameReader` is given bytes as they come, in whatever pieces, and gives whole messages and control frames in
order; text is not decoded here (what is not UTF-8 is no JSON either). Whatever a client may not send is a `Fault`
at the very frame, and the reader is of no use after it. A message is kept only up to the limit, which its
frames' heads say before their bytes are there.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

MOST_FRAGMENTS: Final = 1_024
"""Frames of one message: a message of empty ones would never end."""

MOST_CONTROL: Final = 125
DONE: Final = 1000
GOING_AWAY: Final = 1001
NO_CODE: Final = 1005
"""What a close frame without a code means; never sent."""

PROTOCOL_ERROR: Final = 1002
INVALID_TEXT: Final = 1007
TOO_LARGE: Final = 1009

_CODES: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})
_FIN: Final = 0x80
_RESERVED: Final = 0x70
_MASKED: Final = 0x80


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_KNOWN: Final = frozenset(Opcode)

Message = tuple[int, bytes]
"""The opcode and the payload of a whole message, or of a control frame."""


class Fault(Exception):
    """The client broke the protocol: the close code that says how."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class FrameReader:
    """See the module. `limit` is the most bytes of a message."""

    __slots__ = ("_at", "_fragments", "_kind", "_limit", "_parts", "_rest", "_size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest: bytes | bytearray = b""
        self._at = 0
        self._kind = 0
        """The opcode of the message that is under way; 0: none."""
        self._parts: list[bytes] | None = None
        self._size = 0
        self._fragments = 0

    def feed(self, data: bytes) -> None:
        """More bytes. Whoever feeds takes with `next` until there is nothing."""
        if not self._rest:
            self._rest = data
        else:
            if not isinstance(self._rest, bytearray):
                self._rest = bytearray(self._rest)
            self._rest += data

    def next(self) -> Message | None:
        """The next message or control frame; None until more bytes have come. Raises `Fault`."""
        while (frame := self._frame()) is not None:
            head, payload = frame
            opcode = head & 0x0F
            if opcode >= Opcode.CLOSE:
                return opcode, payload
            if head & _FIN and opcode:
                return opcode, payload
            if (whole := self._assembled(head, payload)) is not None:
                return whole
        if self._at:
            self._rest, self._at = bytes(self._rest[self._at :]), 0
        return None

    def _frame(self) -> Message | None:
        """The head byte and the payload of the next frame, if all of it is there."""
        rest, at = self._rest, self._at
        have = len(rest) - at
        if have < 2:
            return None
        head, size = rest[at], rest[at + 1]
        self._check(head, size)
        size &= 0x7F
        at += 2
        if size > MOST_CONTROL:
            width = 2 if size == 126 else 8
            if have < 2 + width:
                return None
            size = self._long(int.from_bytes(rest[at : at + width]), width)
            at += width
        if not head & 0x08 and self._size + size > self._limit:
            raise Fault(TOO_LARGE, "a message is too large")
        end = at + 4 + size
        if len(rest) < end:
            return None
        self._at = end
        return head, _unmasked(rest, at, end)

    def _check(self, head: int, size: int) -> None:
        """What the first two bytes of a frame tell."""
        opcode = head & 0x0F
        if head & _RESERVED or opcode not in _KNOWN:
            raise Fault(PROTOCOL_ERROR, "a frame of no known kind")
        if not size & _MASKED:
            raise Fault(PROTOCOL_ERROR, "a frame is not masked")
        if opcode >= Opcode.CLOSE:
            if not head & _FIN or size & 0x7F > MOST_CONTROL:
                raise Fault(PROTOCOL_ERROR, "a control frame is long or in pieces")
        elif (opcode == Opcode.CONTINUATION) is not bool(self._kind):
            raise Fault(PROTOCOL_ERROR, "a message within another, or the rest of none")

    def _long(self, size: int, width: int) -> int:
        if size >> 63 or size < (126 if width == 2 else 1 << 16):
            raise Fault(PROTOCOL_ERROR, "a length is not in its shortest form")
        return size

    def _assembled(self, head: int, payload: bytes) -> Message | None:
        """One more piece of a message; the message if it was the last."""
        if self._parts is None:
            self._kind, self._parts = head & 0x0F, []
        self._fragments += 1
        if self._fragments > MOST_FRAGMENTS:
            raise Fault(PROTOCOL_ERROR, "a message in too many pieces")
        self._parts.append(payload)
        self._size += len(payload)
        if not head & _FIN:
            return None
        whole = self._kind, b"".join(self._parts)
        self._kind, self._parts, self._size, self._fragments = 0, None, 0, 0
        return whole


def close_code(payload: bytes) -> int:
    """The code of a close frame (`NO_CODE` if it has none). Raises `Fault` for one that may not be sent."""
    if not payload:
        return NO_CODE
    code = int.from_bytes(payload[:2])
    if code not in _CODES:  # a single byte is none of them
        raise Fault(PROTOCOL_ERROR, "a close code that may not be sent")
    try:
        payload[2:].decode("utf-8")
    except UnicodeDecodeError:
        raise Fault(INVALID_TEXT, "a reason that is no text") from None
    return code


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole, unmasked frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((_FIN | opcode, 126)) + size.to_bytes(2) + payload
    return bytes((_FIN | opcode, 127)) + size.to_bytes(8) + payload


def close_frame(code: int, reason: str) -> bytes:
    """A close frame. A reason that is too long is cut, between characters."""
    text = reason.encode()[: MOST_CONTROL - 2].decode("utf-8", "ignore").encode()
    return frame(Opcode.CLOSE, code.to_bytes(2) + text)


def _unmasked(rest: bytes | bytearray, at: int, end: int) -> bytes:
    """The payload behind the mask at `at`: as one number, which is the fastest there is without leaving Python."""
    size = end - at - 4
    key = (bytes(rest[at : at + 4]) * (size // 4 + 1))[:size]
    return (int.from_bytes(rest[at + 4 : end], "little") ^ int.from_bytes(key, "little")).to_bytes(
        size, "little"
    )
