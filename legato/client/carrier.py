"""Sessions on a worker's connection: each has a channel of it instead of a connection of its own.

A session whose hub is not the one that the worker is connected to, or comes when it is connected to none, gets a
connection of its own; and so does each when the worker's connection breaks, at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import aiohttp

from legato.client.socket import BEHIND, Socket
from legato.client.transport import Transport
from legato.wire.carried import BINARY, ENDS, OPENS, TEXT, carried, decode_carried, encode_piece
from legato.wire.strict import MAX_BYTES


class Channel:
    """One session's `Transport`."""

    watched: Final = True

    def __init__(
        self,
        carrier: Carrier,
        opened: Callable[[Transport], None],
        received: Callable[[Transport, bytes], None],
        audio: Callable[[bytes], None],
        closed: Callable[[Transport], None],
    ) -> None:
        self._carrier = carrier
        self._opened, self._received, self._audio, self._closed = opened, received, audio, closed
        self._number = -1
        self._over = asyncio.Event()
        self._problem: Exception | None = None

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Carry until either side ends it. Raises what hearing of an envelope raised."""
        try:
            if not self._over.is_set():
                self._opened(self)
            await self._over.wait()
        finally:
            self.close()
            self._closed(self)
        if self._problem is not None:
            raise self._problem

    def send(self, raw: bytes) -> None:
        if self._over.is_set():
            return
        if self._number < 0:
            if not self._carrier.connected:  # gone since it was asked for: nobody would ever answer
                self._over.set()
                return
            self._number = self._carrier.enter(self)
            self._carrier.put(self._number, OPENS, raw)
        else:
            self._carrier.put(self._number, TEXT, raw)

    def send_audio(self, raw: bytes) -> bool:
        if self._number < 0 or self._carrier.behind:
            return False
        self._carrier.put(self._number, BINARY, raw)
        return True

    def close(self) -> None:
        if not self._over.is_set():
            self._over.set()
            self._carrier.leave(self._number)

    # --- from the carrier

    def heard(self, what: int, envelope: bytes) -> None:
        """The hub says something on it. What goes wrong is the session's, not the other sessions'."""
        try:
            if what == TEXT:
                self._received(self, envelope)
            elif what == BINARY:
                self._audio(envelope)
        except Exception as problem:  # noqa: BLE001 — the one supervisor of what is carried; `run` raises it
            self._problem = problem
            self.close()

    def cut(self) -> None:
        """The hub ended it, or the connection is gone."""
        self._over.set()


class Carrier:
    """See the module. `hub`: the one that carries new sessions ("": none does)."""

    def __init__(self) -> None:
        self.hub = ""
        self._socket: Socket | None = None
        self._channels: dict[int, Channel] = {}
        self._last = 0
        self._out: list[bytes] = []

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._socket is not None

    @property
    def behind(self) -> bool:
        """Whether more is in line than live audio should wait for."""
        return len(self._out) > BEHIND or self._socket is None or self._socket.behind

    # --- the connection

    def begin(self, hub: str, socket: Socket) -> None:
        """The connection to `hub` carries sessions from now on."""
        self.hub, self._socket = hub, socket

    def retire(self) -> None:
        """It carries no new ones: its node stops."""
        self.hub = ""

    def end(self) -> None:
        """It is gone, and its channels with it."""
        self.hub, self._socket = "", None
        channels, self._channels = self._channels, {}
        self._out.clear()
        for channel in channels.values():
            channel.cut()

    def received(self, raw: bytes) -> None:
        """A binary envelope came by it. Raises `BadCarried`."""
        for number, what, envelope in decode_carried(raw):
            channel = self._channels.get(number)
            if channel is None:
                continue
            if what == ENDS:
                del self._channels[number]
                channel.cut()
            else:
                channel.heard(what, envelope)

    # --- the sessions

    def connect(
        self,
        hub: str,
        opened: Callable[[Transport], None],
        received: Callable[[Transport, bytes], None],
        audio: Callable[[bytes], None],
        closed: Callable[[Transport], None],
    ) -> Transport:
        """A channel, if the connection to that hub carries sessions; else a connection (`Connect`)."""
        if hub and hub == self.hub:
            return Channel(self, opened, received, audio, closed)
        return Socket(hub, opened, received, audio, closed)

    def enter(self, channel: Channel) -> int:
        """The channel's number."""
        self._last += 1
        self._channels[self._last] = channel
        return self._last

    def leave(self, number: int) -> None:
        """The channel is over."""
        if self._channels.pop(number, None) is not None:
            self.put(number, ENDS)

    def put(self, number: int, what: int, envelope: bytes = b"") -> None:
        """Say something on a channel: it leaves with what else is said in this pass of the loop."""
        if self._socket is None:
            return
        if not self._out:
            asyncio.get_running_loop().call_soon(self.flush)
        self._out.append(encode_piece(number, what, envelope))

    def flush(self) -> None:
        """Hand the connection what is to be said."""
        out, self._out = self._out, []
        if self._socket is None:
            return
        together: list[bytes] = []
        size = 0
        for piece in out:
            if together and size + len(piece) > MAX_BYTES:
                self._socket.send_binary(carried(together))
                together, size = [], 0
            together.append(piece)
            size += len(piece)
        if together:
            self._socket.send_binary(carried(together))
