"""Many who call: a process of its own, so that what it costs is not the hub's.

`python -m signaling.bench.crowd` says `ready 0`, then does what each line on its standard input says, and answers with
one line of JSON:

    {"do": "attach", "port": P, "who": [[SESSION, TICKET], …]}    attachments of a hub
    {"do": "call"}                                              each calls
    {"do": "set_ups", "seconds": S}                             one after another calls anew, for so long
    {"do": "offers", "count": N}, {"do": "answers", "answers": [SDP, …]}   the same at another peer
    {"do": "where"}                                             the port that they call
    {"do": "overheard"}                                         what some of them have sent, as others may have seen it
    {"do": "play", "seconds": S, "timed": true}                 all speak, every 20 ms

What they say was protected before they say it. Unless arrivals are `timed`, sound is fetched once in 20 ms and wakes
nobody: on loopback the waking is the sender's cost, which a network's receiver does not put on it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import Any, Final

from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from hub.keys.certificates import make_certificate
from media.codecs import Encoder
from media.rtc.certificate import DtlsCertificate
from signaling.bench.caller import Caller

NOTCHES: Final = 4
NOTCH_S: Final = 0.005
PING_S: Final = 1.0
PING_MOMENTS: Final = 50
CHECK_EVERY: Final = 125
"""Turns of 20 ms between two connectivity checks, as Chromium's 2.5 s."""
SET_UP_S: Final = 15.0
AT_ONCE: Final = 8
OVERHEARD: Final = 3
"""Frames of each phone that others may have seen."""

SET_UP_EVERY_S: Final = 0.25
"""From one of `set_ups` to the next."""


@dataclass
class Phone:
    """One caller and its socket. `came` are the arrivals of sound, in ms."""

    caller: Caller
    session: str = ""
    secret: str = ""
    line: ClientWebSocketResponse | None = None
    up: asyncio.Event = field(default_factory=asyncio.Event)
    came: list[float] = field(default_factory=list)
    sent: int = 0
    said: Sequence[bytes] = ()
    socket: socket.socket | None = None

    def open(self) -> None:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        made.connect(self.caller.address)
        self.socket = made
        self.wait(wakes=True)

    def send(self, datagram: bytes) -> None:
        assert self.socket is not None
        try:
            self.socket.send(datagram)
        except OSError:
            return
        self.sent += 1

    def overheard(self) -> list[bytes]:
        """Packets of it that have come: a check, and what it said last."""
        check = self.caller.check()
        self.send(check)
        return [check, *self.said]

    def close(self) -> None:
        if self.socket is not None:
            asyncio.get_running_loop().remove_reader(self.socket.fileno())
            self.socket.close()
            self.socket = None

    def call_anew(self, caller: Caller) -> None:
        """Another call from the same phone is to follow."""
        self.close()
        self.caller, self.up = caller, asyncio.Event()

    def wait(self, *, wakes: bool) -> None:
        """Whether what comes is read at once, or when it is fetched."""
        assert self.socket is not None
        loop = asyncio.get_running_loop()
        if wakes:
            loop.add_reader(self.socket.fileno(), self.fetch)
        else:
            loop.remove_reader(self.socket.fileno())

    def fetch(self) -> None:
        """Take in what has come."""
        assert self.socket is not None
        for _ in range(8):
            try:
                datagram = self.socket.recv(2048)
            except OSError:
                return
            if datagram and datagram[0] >= 128:
                if not 64 <= datagram[1] & 0x7F < 96:
                    self.came.append(time.perf_counter() * 1000)
                continue
            for reply in self.caller.receive(datagram, _now()):
                self.send(reply)
            if self.caller.protected is not None:
                self.up.set()


class Crowd:
    """All of them."""

    def __init__(self, http: ClientSession) -> None:
        self._http = http
        self._certificate = DtlsCertificate(make_certificate(int(time.time())))
        self._phones: list[Phone] = []
        self._frames = quiet_frames()
        self._port = 0
        self._pinging: asyncio.Task[None] | None = None
        self._playing = False

    async def do(self, order: dict[str, Any]) -> dict[str, Any]:
        """One order; what came of it."""
        match order["do"]:
            case "attach":
                return await self._attach(order["port"], order["who"])
            case "call":
                return await self._call()
            case "set_ups":
                return await self._set_ups(order["seconds"])
            case "offers":
                self._phones = [Phone(Caller(self._certificate, i)) for i in range(order["count"])]
                return {"offers": [phone.caller.offer for phone in self._phones]}
            case "answers":
                for phone, answer in zip(self._phones, order["answers"], strict=True):
                    await self._set_up(phone, answer)
                return {}
            case "overheard":
                said = (datagram for phone in self._phones for datagram in phone.overheard())
                return {"datagrams": [datagram.hex() for datagram in said]}
            case "where":
                return {"port": self._phones[0].caller.address[1]}
            case "play":
                return await self._play(order["seconds"], timed=order.get("timed", False))
        raise ValueError(order["do"])

    async def _attach(self, port: int, who: list[list[str]]) -> dict[str, Any]:
        self._port = port
        for number, (session, ticket) in enumerate(who):
            phone = Phone(Caller(self._certificate, number), session)
            line = await self._http.ws_connect(f"http://127.0.0.1:{port}/v1/connect", protocols=("legato.1",))
            first = {"type": "attach", "v": 1, "ticket": ticket, "producer": "w_bench"}
            await line.send_json(first)
            while (told := await line.receive_json())["type"] != "attached":
                pass
            phone.line, phone.secret = line, told["connection"]
            self._phones.append(phone)
        self._pinging = asyncio.create_task(self._ping())
        return {"attached": len(self._phones)}

    async def _ping(self) -> None:
        """Connections and calls stay, however long the others take to be set up. Each phone has its own moment of the
        second: no hundreds of people do the same in the same millisecond."""
        for moment in cycle(range(PING_MOMENTS)):
            await asyncio.sleep(PING_S / PING_MOMENTS)
            for phone in self._phones[moment::PING_MOMENTS]:
                if phone.up.is_set() and not self._playing:
                    phone.send(phone.caller.check())
                if phone.line is not None and not phone.line.closed:
                    await phone.line.send_str('{"type":"ping"}')

    async def _call(self) -> dict[str, Any]:
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(phone: Phone) -> float | None:
            async with limit:
                return await self._timed(phone)

        return _outcome(await asyncio.gather(*(one(phone) for phone in self._phones)))

    async def _set_ups(self, seconds: float) -> dict[str, Any]:
        """Each call takes the place of the one before on its phone; a new handshake, a new socket."""
        outcomes: list[float | None] = []
        began = time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds:
            await asyncio.sleep(max(0.0, len(outcomes) * SET_UP_EVERY_S - passed))
            number = len(outcomes)
            phone = self._phones[number % len(self._phones)]
            phone.call_anew(Caller(self._certificate, number))
            outcomes.append(await self._timed(phone))
        return _outcome(outcomes)

    async def _timed(self, phone: Phone) -> float | None:
        """Milliseconds that a call takes to be up; None: it failed."""
        began = time.perf_counter()
        try:
            await self._set_up(phone, await self._answered(phone))
        except (OSError, TimeoutError, ValueError):
            return None
        return (time.perf_counter() - began) * 1000

    async def _answered(self, phone: Phone) -> str:
        url = f"http://127.0.0.1:{self._port}/v1/sessions/{phone.session}/calls"
        headers = {"Authorization": f"Bearer {phone.secret}"}
        async with self._http.post(url, json={"sdp": phone.caller.offer}, headers=headers) as answer:
            return str((await answer.json())["sdp"])

    async def _set_up(self, phone: Phone, answer: str) -> None:
        phone.caller.take(answer)
        phone.open()
        async with asyncio.timeout(SET_UP_S):
            while not phone.up.is_set():
                phone.send(phone.caller.check())
                try:
                    async with asyncio.timeout(0.5):
                        await phone.up.wait()
                except TimeoutError:
                    continue

    async def _play(self, seconds: float, *, timed: bool) -> dict[str, Any]:
        turns = round(seconds * 50)
        said = [phone.caller.sound(self._frames, turns) for phone in self._phones]
        reports = [phone.caller.reports(turns // 50 + 1, _now()) for phone in self._phones]
        for phone, sound, report in zip(self._phones, said, reports, strict=True):
            phone.came.clear()
            phone.sent = 0
            phone.said = [*sound[-OVERHEARD:], *report[:1]]
            phone.wait(wakes=timed)
        gc.collect()
        gc.freeze()
        print(json.dumps({"playing": len(said)}), flush=True)
        self._playing = True
        await self._turn(said, reports, turns)
        self._playing = False
        gaps = [[b - a for a, b in zip(p.came, p.came[1:], strict=False)] for p in self._phones]
        return {
            "sent": sum(phone.sent for phone in self._phones),
            "came": sum(len(phone.came) for phone in self._phones),
            "gaps": [round(gap, 2) for each in gaps for gap in each],
        }

    async def _turn(self, said: list[list[bytes]], reports: list[list[bytes]], turns: int) -> None:
        """Each phone has its notch of the 20 ms, and its own moment of the second for reports and checks."""
        began = time.perf_counter()
        for step in range(turns * NOTCHES):
            turn, notch = divmod(step, NOTCHES)
            for number in range(notch, len(said), NOTCHES):
                phone = self._phones[number]
                phone.send(said[number][turn])
                phone.fetch()
                if (turn + number) % 50 == 0:
                    phone.send(reports[number][turn // 50])
                if (turn + number) % CHECK_EVERY == 0:
                    phone.send(phone.caller.check())
            await asyncio.sleep(max(0.0, began + (step + 1) * NOTCH_S - time.perf_counter()))

    async def close(self) -> None:
        """All are gone."""
        if self._pinging is not None:
            self._pinging.cancel()
        for phone in self._phones:
            phone.close()
            if phone.line is not None:
                await phone.line.close()


def quiet_frames(seconds: float = 2.0) -> list[bytes]:
    """A quiet room, as Opus frames of 20 ms."""
    random = Random(1)
    samples = (int(random.gauss(0, 120)) for _ in range(round(seconds * 48_000)))
    pcm = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    return Encoder(48_000).push(pcm)


def _outcome(took: Sequence[float | None]) -> dict[str, Any]:
    done = [each for each in took if each is not None]
    return {"took": done, "failed": len(took) - len(done)}


def _now() -> int:
    return time.monotonic_ns() // 1_000_000


async def _orders() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=1 << 26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def main() -> None:
    """Until standard input closes."""
    reader = await _orders()
    async with ClientSession(connector=TCPConnector(limit=0)) as http:
        crowd = Crowd(http)
        print("ready 0", flush=True)
        async for line in reader:
            print(json.dumps(await crowd.do(json.loads(line))), flush=True)
        await crowd.close()


if __name__ == "__main__":
    asyncio.run(main())
