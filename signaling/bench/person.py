"""Somebody on the phone, for benches: a client of a session, and a call of its own, whose every frame is read.

Each frame that comes has the time at which the kernel had it, so that what this process is busy with is not in it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from aiohttp import ClientSession

from hub.keys.certificates import make_certificate
from legato.client import Client
from legato.session.events import Medium
from media.rtc.certificate import DtlsCertificate
from signaling.bench.caller import Caller

FRAME_S: Final = 0.02
SET_UP_S: Final = 15.0
LOUD_DBOV: Final = 20
SILENT_DBOV: Final = 70
VOICE: Final[tuple[Medium, ...]] = ("text", "audio")
_STAMPS: Final = 35
"""`SO_TIMESTAMPNS` and `SCM_TIMESTAMPNS` of Linux; elsewhere frames have the time at which they are read."""
_STAMP: Final = struct.Struct("@qq")

Heard = Callable[[bytes, float], None]
"""A frame, and when it came (seconds, `wall`)."""


def wall() -> float:
    """The clock of the kernel's stamps."""
    return time.clock_gettime(time.CLOCK_REALTIME)


class StampedSocket:
    """A UDP socket to one address; `read` hands on what came with the time at which it did."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, _STAMPS, 1)
        self._socket.connect(address)

    def start(self, receive: Heard) -> None:
        """Hand each datagram to `receive`, on the running loop."""
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read, receive)

    def send(self, datagram: bytes) -> float:
        """Send; returns when."""
        at = wall()
        try:
            self._socket.send(datagram)
        except OSError:
            return at
        return at

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _read(self, receive: Heard) -> None:
        for _ in range(16):
            try:
                datagram, control, _, _ = self._socket.recvmsg(2048, 64)
            except OSError:
                return
            stamps = [data for _, kind, data in control if kind == _STAMPS and len(data) == _STAMP.size]
            seconds, nanoseconds = _STAMP.unpack(stamps[0]) if stamps else (0, 0)
            receive(datagram, seconds + nanoseconds / 1e9 if stamps else wall())


@dataclass
class Person:
    """See the module. `hears` are told of each frame."""

    client: Client
    caller: Caller
    socket: StampedSocket
    hears: list[Heard] = field(default_factory=list)
    sources: set[bytes] = field(default_factory=set)
    """The SSRCs of what came."""
    up: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, frame: bytes, level: int) -> float:
        """Say one frame; returns when it left."""
        return self.socket.send(self.caller.sound([frame], 1, level)[0])

    async def speak(self, frames: Sequence[bytes], level: int) -> list[float]:
        """Say these, one each 20 ms; returns when each left."""
        loop = asyncio.get_running_loop()
        left: list[float] = []
        due = loop.time()
        for frame in frames:
            left.append(self.say(frame, level))
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))
        return left

    async def listen(self, room: Sequence[bytes]) -> None:
        """Say nothing until cancelled, as a microphone in a quiet room does: a call that sends nothing is given up."""
        while True:
            await self.speak(room, SILENT_DBOV)

    def received(self, datagram: bytes, at: float) -> None:
        """From the socket."""
        if datagram and datagram[0] >= 128:
            if not 64 <= datagram[1] & 0x7F < 96 and self.up.is_set():
                self.sources.add(datagram[8:12])
                frame = self.caller.heard(datagram)
                for hear in self.hears:
                    hear(frame, at)
            return
        for reply in self.caller.receive(datagram, time.monotonic_ns() // 1_000_000):
            self.socket.send(reply)
        if self.caller.protected is not None:
            self.up.set()


@asynccontextmanager
async def on_the_phone(url: str, session: str, ticket: str, number: int) -> AsyncIterator[Person]:
    """On the phone inside. `number`: another one for each."""
    async with (
        ClientSession() as http,
        Client(url, ticket=ticket, device="bench", takes=VOICE, gives=VOICE) as client,
    ):
        attached = client.attached
        assert attached is not None
        caller = Caller(_certificate(), number)
        headers = {"Authorization": f"Bearer {attached.connection}"}
        path = f"{url}/v1/sessions/{session}/calls"
        async with http.post(path, json={"sdp": caller.offer}, headers=headers) as answer:
            answer.raise_for_status()
            caller.take((await answer.json())["sdp"])
        person = Person(client, caller, StampedSocket(caller.address))
        person.socket.start(person.received)
        try:
            async with asyncio.timeout(SET_UP_S):
                while not person.up.is_set():
                    person.socket.send(caller.check())
                    await _either(person.up, 0.5)
            yield person
        finally:
            person.socket.close()


@cache
def _certificate() -> DtlsCertificate:
    return DtlsCertificate(make_certificate(int(time.time())))


async def _either(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
