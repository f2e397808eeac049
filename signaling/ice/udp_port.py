"""A UDP socket of the node.

It is drained in batches and written directly. What the kernel does not take at once is dropped: a queue of
stale audio in front of fresh audio is worse than a loss, and a lost handshake packet is sent again.

To be woken by each datagram costs more than to read it. So where many come, the port looks by the clock instead, each
`GATHER_S`: what came meanwhile is read in one go, and what follows from it (writes to the store) leaves in one go.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from signaling.ice.paths import Address
from signaling.ice.sieve import sift

RECEIVE_BUFFER: Final = 4 << 20
_MAX_DATAGRAM: Final = 2048
_BATCH: Final = 64
"""Datagrams read in one pass of the loop, at most: some two milliseconds, then others have their turn."""


GATHER_S: Final = 0.002
"""From one look to the next where many come: what a frame may wait for the others."""

BUSY: Final = 1_000
"""Times a second that the loop must have woken the port, over `COUNT_S`."""

COUNT_S: Final = 0.02


class UdpPort:
    """Bound from construction, reading from `start` until `close`."""

    def __init__(self, host: str | None, port: int, *, shared: bool = False) -> None:
        """`host` None: all addresses, IPv4 and IPv6 on one socket where there are both. `shared`: beside another, which
        is, too (`share`). Raises OSError."""
        self._socket = bind(host, port, socket.SOCK_DGRAM, shared=shared)
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.sifted = sift(self._socket)
        """Whether the kernel drops what can be nobody's."""
        self.port: int = self._socket.getsockname()[1]
        self.unsent = 0
        """Datagrams that the kernel did not take."""
        self._receive: Callable[[bytes, Address], None] | None = None
        self._send_to = self._socket.sendto
        self._look: asyncio.TimerHandle | None = None
        """The next look; None: the loop wakes us."""
        self._woken = 0
        self._counted = 0.0
        """How often the loop did, since when."""

    def start(self, receive: Callable[[bytes, Address], None]) -> None:
        """Hand every datagram to `receive`, on the running loop. One that is longer than 2 kB comes cut."""
        self._receive = receive
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._wake)

    def send(self, datagram: bytes, address: Address) -> None:
        """Send now, or not at all."""
        try:
            self._send_to(datagram, address)
        except OSError:
            self.unsent += 1

    def share(self, shared: bool) -> None:
        """Whether other sockets may be bound to the port, at other addresses."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(shared))

    def close(self) -> None:
        """Stop reading and give the port back."""
        if self._receive is not None:
            self._receive = None
            if self._look is not None:
                self._look.cancel()
            else:
                asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _wake(self) -> None:
        """Something came."""
        self._drain()
        self._woken += 1
        loop = asyncio.get_running_loop()
        if (now := loop.time()) >= self._counted + COUNT_S:
            busy = self._woken > BUSY * (now - self._counted) and now < self._counted + 2 * COUNT_S
            self._counted, self._woken = now, 0
            if busy and self._receive is not None:
                loop.remove_reader(self._socket.fileno())
                self._look = loop.call_later(GATHER_S, self._gather)

    def _gather(self) -> None:
        """Read what came since the last look."""
        count = self._drain()
        if self._receive is None:
            return
        loop = asyncio.get_running_loop()
        if count >= _BATCH:
            self._look = loop.call_later(0, self._gather)
        elif count > 1:
            self._look = loop.call_later(GATHER_S, self._gather)
        else:
            self._look = None
            loop.add_reader(self._socket.fileno(), self._wake)

    def _drain(self) -> int:
        """Read what is there, `_BATCH` at most; how many that were."""
        receive_from = self._socket.recvfrom
        for count in range(_BATCH):
            try:
                datagram, address = receive_from(_MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return count
            except OSError:
                continue
            if self._receive is None:
                return count
            self._receive(datagram, address)
        return _BATCH


def bind(host: str | None, port: int, kind: socket.SocketKind, *, shared: bool = False) -> socket.socket:
    """A bound, non-blocking socket; with no host on all addresses, of IPv6 and IPv4 if there are both."""
    if host is not None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return _bound(family, (host, port), kind, shared=shared)
    if socket.has_dualstack_ipv6():
        try:
            return _bound(socket.AF_INET6, ("::", port), kind)
        except OSError:
            if port:
                raise
    return _bound(socket.AF_INET, ("0.0.0.0", port), kind)


def _bound(
    family: socket.AddressFamily, address: tuple[str, int], kind: socket.SocketKind, *, shared: bool = False
) -> socket.socket:
    made = socket.socket(family, kind)
    try:
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address[0] == "::" else 1)
        if kind == socket.SOCK_STREAM or shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setblocking(False)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
