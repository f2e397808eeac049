"""Somebody in a session, over a wire that costs little: attaches, resumes, sends batches, sees what comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from legato.client.key import ClientKey
from signaling.bench.wire_client import WireClient, open_wire

HOST: Final = "127.0.0.1"
WELCOME_S: Final = 30.0

Acks = Sequence[tuple[int, int, int]]


class Seen(msgspec.Struct):
    """Of an event, what figures are made of."""

    type: str
    offset: int = 0
    message: str = ""
    index: int = -1


class Heard(msgspec.Struct):
    """Of an envelope, what figures are made of."""

    type: str
    acks: list[tuple[int, int, int]] = []
    level: str = ""
    events: list[Seen] = []
    position: str = ""
    resume: dict[str, Any] | None = None
    producer: Any = None
    seq: int = 0
    reason: str = ""
    retry_after_ms: int = 0


_heard: Final = msgspec.json.Decoder(Heard)
_encode: Final = msgspec.json.Encoder().encode


class Refused(Exception):
    """The hub said no: `reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotDelivered(Exception):
    """Events or acknowledgements did not arrive: the figures would lie."""


class Visitor:
    """One connection. `acked(acks)` and `happened(events)` are called as envelopes come."""

    def __init__(self, key: ClientKey | None = None, producer: str = "w_bench") -> None:
        self.acked: Callable[[Acks], None] = lambda acks: None
        self.happened: Callable[[list[Seen]], None] = lambda events: None
        self.refused: Callable[[Heard], None] = lambda heard: None
        self.key = key
        self.producer = producer
        self.position = ""
        self.resume: dict[str, Any] = {}
        self.sequence = 0
        self.closing = ""
        """Why the hub hung up, if it did."""
        self.level = ""
        """What the last acknowledgement named."""
        self.welcome_bytes = 0
        self.last_offset = 0
        """Of the events that `fill` brought into the log, the last one's."""
        self._wire: WireClient | None = None
        self._welcome: asyncio.Future[float] | None = None

    async def attach(self, port: int, ticket: str, position: str = "") -> float:
        """Join anew; the ms from before the TCP connection until the session's state was here."""
        first: dict[str, Any] = {"type": "attach", "v": 1, "ticket": ticket, "producer": self.producer}
        if self.key is not None:
            first["key"] = self.key.public()
        if position:
            first["position"] = position
        return await self._enter(port, first)

    async def come_back(self, port: int, position: str) -> float:
        """Resume from `position`; the ms from before the TCP connection until all that was missed was here."""
        assert self.key is not None
        proof = self.key.prove(self.resume["nonce"])
        first = {"type": "resume", "v": 1, "ticket": self.resume["ticket"], "producer": self.producer}
        return await self._enter(port, first | {"position": position, "proof": proof})

    def do(self, commands: bytes) -> int:
        """Send one batch (a JSON array of commands); its sequence."""
        self.sequence += 1
        assert self._wire is not None
        self._wire.send(b'{"type":"do","seq":%d,"commands":%b}' % (self.sequence, commands))
        return self.sequence

    def say(self, envelope: dict[str, Any]) -> None:
        """Send any other envelope."""
        assert self._wire is not None
        self._wire.send(_encode(envelope))

    def ping(self) -> None:
        """Show that somebody is here."""
        if self._wire is not None and not self._wire.closed.done():
            self._wire.send(b'{"type":"ping"}')

    def vanish(self) -> None:
        """Be gone without a word."""
        if self._wire is not None:
            self._wire.abort()

    async def leave(self) -> None:
        """Detach, and wait for the hub to hang up."""
        self.say({"type": "detach"})
        assert self._wire is not None
        async with asyncio.timeout(WELCOME_S):
            await self._wire.closed

    async def _enter(self, port: int, first: dict[str, Any]) -> float:
        envelope = _encode(first)
        self._welcome = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self._wire = await open_wire(HOST, port, self._received)
        self._wire.send(envelope)
        async with asyncio.timeout(WELCOME_S):
            return (await self._welcome - began) * 1000

    def _received(self, raw: bytes) -> None:
        heard = _heard.decode(raw)
        if heard.acks:
            self.level = heard.level
            self.acked(heard.acks)
        elif heard.type == "events":
            self.position = heard.position
            self.happened(heard.events)
        elif heard.type == "attached":
            self._welcomed(heard, len(raw))
        elif heard.type == "refused":
            self.refused(heard)
        elif heard.type == "closing":
            self.closing = heard.reason
            if self._welcome is not None and not self._welcome.done():
                self._welcome.set_exception(Refused(heard.reason))

    def _welcomed(self, heard: Heard, size: int) -> None:
        self.position, self.welcome_bytes = heard.position, size
        # The first one, for ever: until a client says that it kept the next, it is as good as on its first day.
        self.resume = self.resume or heard.resume or {}
        self.sequence = int(heard.producer["last"])
        if self._welcome is not None and not self._welcome.done():
            self._welcome.set_result(time.perf_counter())


async def fill(visitor: Visitor, batches: Sequence[bytes]) -> None:
    """Bring the batches into the log, in order, as fast as the hub's limits allow."""
    waiting: dict[int, bytes] = {}
    landed = asyncio.Event()
    wrong: list[str] = []

    def acked(acks: Acks) -> None:
        for sequence, first, count in acks:
            waiting.pop(sequence, None)
            visitor.last_offset = max(visitor.last_offset, first + count - 1)
        landed.set()

    def refused(heard: Heard) -> None:
        wrong.append(heard.reason)
        landed.set()

    visitor.acked, visitor.refused = acked, refused
    pace = Pace(BATCHES_A_SECOND, BATCHES_AT_ONCE)
    async with asyncio.timeout(120):
        for batch in batches:
            while len(waiting) >= IN_FLIGHT and not wrong:
                landed.clear()
                await landed.wait()
            await pace.turn()
            waiting[visitor.do(batch)] = batch
        while waiting and not wrong:
            landed.clear()
            await landed.wait()
    if wrong:
        raise Refused(wrong[0])


BATCHES_A_SECOND: Final = 180
BATCHES_AT_ONCE: Final = 350
IN_FLIGHT: Final = 40
"""A little less than the hub allows a connection."""


class Pace:
    """So many turns a second, after so many at once."""

    def __init__(self, a_second: float, at_once: int) -> None:
        self._each = 1 / a_second
        self._next = time.perf_counter() - at_once * self._each
        self._most = at_once * self._each

    async def turn(self) -> None:
        """Wait for the next."""
        now = time.perf_counter()
        self._next = max(self._next + self._each, now - self._most)
        if self._next > now:
            await asyncio.sleep(self._next - now)
