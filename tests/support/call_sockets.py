"""A hub's call port on loopback, and peers and strangers with real sockets."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any, Final, Self

from media.rtc.call import Call, CallState
from media.rtc.rtp import AudioPacket
from signaling.ice.hearing import DEAF_LOOKS
from signaling.ice.paths import Address
from signaling.voice.call_port import CallPort, CallPortOptions
from signaling.voice.sdp import read_offer
from tests.support.call_peer import CallPeer
from tests.support.certificates import minted
from tests.support.patience import patience

HOST = "127.0.0.1"
CERTIFICATE = minted()
CALL_S: Final = 45.0
_STRAY: Final = bytes([0x80, 111]) + bytes(1_000)
"""Less than a quick test has, so that it says what was missing."""


class Ear:
    """What a hub's call hears, and how it stands."""

    def __init__(self) -> None:
        self.packets: list[AudioPacket] = []
        self.states: list[CallState] = []
        self._changed = asyncio.Event()

    def hear(self, packet: AudioPacket, _: int) -> None:
        self.packets.append(packet)
        self._changed.set()

    def turn(self, call: Call) -> None:
        self.states.append(call.state)
        self._changed.set()

    async def until(self, true: Callable[[], bool]) -> None:
        async with patience(CALL_S, "something of the call", self._seen):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def _seen(self) -> str:
        return f"{len(self.packets)} packets, states {self.states}"

    async def heard(self, count: int) -> None:
        """Until so many packets were heard."""
        await self.until(lambda: len(self.packets) >= count)

    async def connected(self, call: Call) -> None:
        """Until the call stands, and both ends know."""
        await self.until(lambda: call.state is CallState.CONNECTED)
        async with patience(CALL_S, "a call that both ends know of", self._seen):
            while not call.confirmed:  # noqa: ASYNC110 - nobody is told of that
                await asyncio.sleep(0)


@asynccontextmanager
async def call_port(
    host: str | None = HOST, advertise: Sequence[str] = (HOST,), **options: Any
) -> AsyncIterator[CallPort]:
    port = CallPort(
        CallPortOptions(
            secret=b"the secret of a hub, 32 bytes ok",
            certificate=CERTIFICATE,
            advertise=advertise,
            clock=lambda: time.monotonic_ns() // 1_000_000,
            host=host,
            **options,
        )
    )
    await port.start()
    try:
        yield port
    finally:
        await port.close()


def flood(port: CallPort) -> None:
    """Send the port at once what looks like sound, more than its socket holds."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as crowd:
        for _ in range(4_000):
            crowd.sendto(_STRAY, (HOST, port.port))


def deafen(port: CallPort) -> None:
    """Make it full: it reads nothing for as many of its seconds as that takes."""
    for _ in range(DEAF_LOOKS):
        flood(port)
        port.look()
    assert port.full


class Socket:
    """A UDP socket that keeps what comes. Not asyncio's: that one sends no empty datagrams."""

    def __init__(self, to: Address | None, local: Address = (HOST, 0)) -> None:
        family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
        self.received: list[bytes] = []
        self.sent = 0
        self._arrived = asyncio.Event()
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(local)
        if to is not None:
            self._socket.connect(to)
        self.address: Address = self._socket.getsockname()
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def _read(self) -> None:
        try:
            datagram = self._socket.recv(2048)
        except ConnectionRefusedError:  # nobody is there any more
            return
        self.received.append(datagram)
        self._arrived.set()
        self.answer(datagram)

    def answer(self, datagram: bytes) -> None:
        """What a plain socket makes of a datagram: nothing."""

    def send(self, datagram: bytes) -> None:
        self.sent += len(datagram)
        self._socket.send(datagram)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def arrival(self) -> None:
        """Until the next datagram comes."""
        self._arrived.clear()
        await asyncio.wait_for(self._arrived.wait(), CALL_S)


class PeerSocket(Socket):
    """A socket behind which a peer answers by itself; set `peer` before anything comes."""

    peer: CallPeer

    def answer(self, datagram: bytes) -> None:
        for reply in self.peer.receive(datagram):
            self.send(reply)


@asynccontextmanager
async def calling(port: CallPort, extra: str = "") -> AsyncIterator[tuple[PeerSocket, Call, Ear]]:
    """A peer whose offer was answered, and nothing sent yet."""
    ear, peer = Ear(), CallPeer()
    answer, call = port.accept(read_offer(peer.offer(extra)), ear.hear, ear.turn)
    peer.take(answer)
    with PeerSocket((HOST, port.port)) as phone:
        phone.peer = peer
        yield phone, call, ear
        call.close()  # the next peer may get the same port of its system


@asynccontextmanager
async def connected(port: CallPort) -> AsyncIterator[tuple[PeerSocket, Call, Ear]]:
    """A peer whose call stands."""
    async with calling(port) as (phone, call, ear):
        phone.send(phone.peer.check())
        await ear.connected(call)
        yield phone, call, ear


async def settled(port: CallPort) -> None:
    """Until the port has read all that was sent to it before: shown by a check that it answers."""
    async with calling(port) as (phone, _, _):
        phone.send(phone.peer.check())
        await phone.arrival()
