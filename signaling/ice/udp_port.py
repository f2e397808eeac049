"""A UDP socket of the node.

It is drained in batches and written directly. What the kernel does not take at once is dropped: a queue of
stale audio in front of fresh audio is worse than a loss, and a lost handshake packet is sent again.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from signaling.ice.paths import Address
from signaling.ice.sieve import sift

RECEIVE_BUFFER: Final = 4 << 20
_MAX_DATAGRAM: Final = 2048
_BATCH: Final = 64
"""Datagrams read in one pass of the loop, at most: some two milliseconds, then others have their turn."""

_MEMORY_INFO: Final = 55
"""`SO_MEMINFO` of Linux: what waits in the socket, its room, …, what was dropped, as nine numbers."""
_MEMORY: Final = struct.Struct("@9I")


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
        self.read = 0
        self.lost = 0
        """Datagrams that the socket had no room for, as far as `look` has found out."""
        self._dropped = 0
        self._receive: Callable[[bytes, Address], None] | None = None
        self._send_to = self._socket.sendto

    def start(self, receive: Callable[[bytes, Address], None]) -> None:
        """Hand every datagram to `receive`, on the running loop. One that is longer than 2 kB comes cut."""
        self._receive = receive
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._drain)

    def send(self, datagram: bytes, address: Address) -> None:
        """Send now, or not at all."""
        try:
            self._send_to(datagram, address)
        except OSError:
            self.unsent += 1

    def share(self, shared: bool) -> None:
        """Whether other sockets may be bound to the port, at other addresses."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(shared))

    def look(self) -> None:
        """Count what was lost since the last look. What the sieve refuses the kernel counts as dropped, too: so only
        what is dropped while the socket is more than half full was lost for want of room."""
        try:
            memory = _MEMORY.unpack(self._socket.getsockopt(socket.SOL_SOCKET, _MEMORY_INFO, _MEMORY.size))
        except (OSError, struct.error):
            return  # not Linux, or closed: nothing is known
        waits, room, dropped = memory[0], memory[1], memory[-1]
        if 2 * waits > room:
            self.lost += dropped - self._dropped & 0xFFFFFFFF
        self._dropped = dropped

    def close(self) -> None:
        """Stop reading and give the port back."""
        if self._receive is not None:
            self._receive = None
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _drain(self) -> None:
        receive_from = self._socket.recvfrom
        for number in range(_BATCH):
            try:
                datagram, address = receive_from(_MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                self.read += number
                return
            except OSError:
                continue
            if self._receive is None:
                return
            self._receive(datagram, address)
        self.read += _BATCH
        self.look()  # more waits: the loop came late, or everybody is too much for it


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
