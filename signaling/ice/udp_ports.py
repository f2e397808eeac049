"""One UDP port at all addresses of a machine, answered from the one that was asked.

A socket that is bound to all addresses answers from the one that the kernel picks by the way there, which on a machine
with several networks need not be the one that was asked; and a browser takes nothing from elsewhere. So each address
that is shown to callers, if it is the machine's own, has a socket of its own, and what came to it is marked with that,
to be answered from there. (To ask each datagram where it came to would cost 3 µs each way.)
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from signaling.ice.paths import Address
from signaling.ice.udp_port import UdpPort

WILDCARDS: Final = (None, "0.0.0.0", "::")


class UdpPorts:
    """Bound from construction, reading from `start` until `close`; `send` as that of `UdpPort`."""

    def __init__(self, host: str | None, port: int, shown: Sequence[str]) -> None:
        """`host` and `port` as for `UdpPort`. `shown`: to callers; what is no address of this machine is passed over.
        Raises OSError."""
        self._first = UdpPort(host, port)
        self.port = self._first.port
        self._own = self._beside(shown) if host in WILDCARDS else []
        self.send: Callable[[bytes, Address], None] = self._answer if self._own else self._first.send

    @property
    def sifted(self) -> bool:
        """Whether the kernel drops what can be nobody's."""
        return all(each.sifted for each in (self._first, *self._own))

    @property
    def unsent(self) -> int:
        """Datagrams that the kernel did not take."""
        return sum(each.unsent for each in (self._first, *self._own))

    def look(self) -> tuple[int, int]:
        """Datagrams that were read, and that were lost for want of room, since the start."""
        ports = (self._first, *self._own)
        for each in ports:
            each.look()
        return sum(each.read for each in ports), sum(each.lost for each in ports)

    def start(self, receive: Callable[[bytes, Address], None]) -> None:
        """Hand every datagram to `receive`, on the running loop."""
        self._first.start(receive)
        for number, own in enumerate(self._own):
            own.start(partial(_marked, receive, (number,)))

    def close(self) -> None:
        """Stop reading and give the port back."""
        for each in (self._first, *self._own):
            each.close()

    def _answer(self, datagram: bytes, address: Address) -> None:
        if len(address) & 1:
            self._own[address[-1]].send(datagram, address[:-1])
        else:
            self._first.send(datagram, address)

    def _beside(self, shown: Sequence[str]) -> list[UdpPort]:
        made: list[UdpPort] = []
        # Shared after it was bound: nobody else's port was taken; and not for longer: nobody takes ours.
        self._first.share(True)
        for address in shown:
            if address not in WILDCARDS:
                with suppress(OSError):
                    made.append(UdpPort(address, self.port, shared=True))
        for each in (self._first, *made):
            each.share(False)
        return made


def _marked(
    receive: Callable[[bytes, Address], None], mark: tuple[int], datagram: bytes, address: Address
) -> None:
    """An address of the system's has two or four parts; with a mark three or five."""
    receive(datagram, address + mark)
