"""The wire: one stream of RESP3, parsed by hiredis, written once for many commands.

A `Link` knows nothing of what it carries. Answers and pushes go to its receiver synchronously, in the
server's order, so what a node sees is what the server did, in that order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol, cast

import hiredis

from hub.store.endpoint import Endpoint


class Receiver(Protocol):
    """Who a link works for."""

    def answer(self, link: Link, reply: Any) -> None:
        """The next answer; a server's error comes as a `hiredis.ReplyError` value."""

    def push(self, link: Link, message: Sequence[Any]) -> None:
        """Something that nobody asked for."""

    def begin(self) -> None:
        """Answers and pushes come now, all that were read at once."""

    def end(self) -> None:
        """Those were all."""

    def writable(self, link: Link) -> None:
        """The socket takes bytes again after it did not."""

    def gone(self, link: Link) -> None:
        """The link is broken; called once."""


_ROOM: Final = memoryview(bytearray(256 * 1024))
"""What all links read into, one after the other: the parser copies it before the loop goes on. A buffer that
asyncio makes and throws away at each read costs twice what the read itself does."""


class Link(asyncio.BufferedProtocol):
    """One connection."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        self.congested = False

    @classmethod
    async def open(cls, endpoint: Endpoint, receiver: Receiver) -> Link:
        """Connect (`OSError` if that fails)."""
        loop = asyncio.get_running_loop()

        def build() -> Link:
            return cls(receiver)

        if endpoint.path:
            _, link = await loop.create_unix_connection(build, endpoint.path)
        else:
            _, link = await loop.create_connection(
                build, endpoint.host, endpoint.port, ssl=endpoint.ssl_context()
            )
        return link

    def write(self, commands: Iterable[tuple[Any, ...] | bytes]) -> None:
        """Send the commands in one write. Bytes are commands written already."""
        if self._transport is not None:
            self._transport.write(b"".join([_written(words) for words in commands]))

    def abort(self) -> None:
        """Break the connection; `gone` follows."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _ROOM

    def buffer_updated(self, nbytes: int) -> None:
        self._reader.feed(bytes(_ROOM[:nbytes]))
        self._receiver.begin()
        try:
            self._parse()
        finally:
            self._receiver.end()

    def _parse(self) -> None:
        while self._transport is not None:
            try:
                reply = self._reader.gets()
            except hiredis.ProtocolError:
                self.abort()
                return
            if reply is False and not self._reader.has_data():
                return
            if isinstance(reply, hiredis.PushNotification):
                self._receiver.push(self, reply)
            elif reply is False:
                return
            else:
                self._receiver.answer(self, reply)

    def pause_writing(self) -> None:
        self.congested = True

    def resume_writing(self) -> None:
        self.congested = False
        self._receiver.writable(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._receiver.gone(self)


def _written(words: tuple[Any, ...] | bytes) -> bytes:
    return words if isinstance(words, bytes) else hiredis.pack_command(words)
