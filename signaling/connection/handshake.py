"""The opening handshake of a WebSocket, from the server's side (RFC 6455, 4.2). Pure.

No extension is ever agreed on: compression costs 93 kB a connection.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha1
from typing import Final, Protocol

SUBPROTOCOL: Final = "legato.1"
VERSION: Final = "13"

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_SIZE: Final = 16
_BETWEEN: Final = re.compile(r"[ \t]*,[ \t]*")


class Headers(Protocol):
    """A request's headers, whose names have no case."""

    def getall(self, name: str, default: Sequence[str], /) -> Sequence[str]:
        """All values of a header."""


class NoHandshake(Exception):
    """The request does not open a WebSocket: the header that is wrong."""

    def __init__(self, header: str) -> None:
        super().__init__(header)
        self.header = header


def switching(headers: Headers) -> bytes:
    """The answer that accepts the handshake. Raises `NoHandshake`."""
    if "websocket" not in _tokens(headers, "Upgrade"):
        raise NoHandshake("Upgrade")
    if "upgrade" not in _tokens(headers, "Connection"):
        raise NoHandshake("Connection")
    if headers.getall("Sec-WebSocket-Version", ()) != [VERSION]:
        raise NoHandshake("Sec-WebSocket-Version")
    answer = (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {_accept(headers)}\r\n"
    )
    if SUBPROTOCOL in _tokens(headers, "Sec-WebSocket-Protocol", fold=False):
        answer += f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n"
    return f"{answer}\r\n".encode("ascii")


def _accept(headers: Headers) -> str:
    keys = headers.getall("Sec-WebSocket-Key", ())
    try:
        key = keys[0].strip().encode("ascii") if len(keys) == 1 else b""
        if len(b64decode(key, validate=True)) != _KEY_SIZE:
            raise NoHandshake("Sec-WebSocket-Key")
    except (binascii.Error, UnicodeEncodeError):
        raise NoHandshake("Sec-WebSocket-Key") from None
    return b64encode(sha1(key + _GUID, usedforsecurity=False).digest()).decode("ascii")


def _tokens(headers: Headers, name: str, *, fold: bool = True) -> set[str]:
    """The members of a header that is a list."""
    found = {token for value in headers.getall(name, ()) for token in _BETWEEN.split(value.strip())}
    return {token.lower() for token in found} if fold else found
