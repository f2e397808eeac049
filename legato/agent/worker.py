"""A worker's place at the hub: a connection of its own on which sessions are offered.

It comes back by itself, at once and then with growing waits. Where the hub offers it, sessions have channels of this
connection; should it break, they go on by connections of their own, and the agent does not notice.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import aiohttp
import msgspec

from legato.agent.liveness import Health, Liveness
from legato.agent.offers import OfferRefused
from legato.client.carrier import Carrier
from legato.client.driver import GetTicket
from legato.client.socket import LINGER_S, Socket, opens
from legato.client.transport import Transport
from legato.errors import SessionClosed
from legato.wire import down as d
from legato.wire import up as u

log = logging.getLogger("legato.agent")
LONGEST_WAIT_S: Final = 2.0
CLOSED: Final = "the hub closed the worker's connection"
REFUSED: Final = {
    4001: "the hub does not take the ticket: is it this hub's, and still good? (`legato ticket --agent NAME`)",
    4003: "the ticket does not let its holder work as this agent (`legato ticket --agent NAME`)",
}
"""What to do about a refusal, by close code."""


REFUSED_MS: Final = 60_000
"""For how long a session that the author refused is not offered here again."""

LOOKS: Final = 4
"""A beat; what is suspected late leaves the second way less time than the hub leaves the worker."""

UNREACHED: Final = 3
"""Tries in vain after which it is said: a hub that starts anew is back before."""


class Worker:
    """Keeps the place; `engaged(offered)` runs one offered session to its end."""

    def __init__(
        self,
        hubs: list[str],
        get_ticket: GetTicket,
        *,
        agent: str,
        worker: str,
        capacity: int,
        labels: dict[str, str] | None = None,
        engaged: Callable[[d.Offered], Awaitable[None]],
        carrier: Carrier | None = None,
        drawn: Callable[[], float] = random.random,
    ) -> None:
        self._hubs, self._get_ticket = hubs, get_ticket
        self._agent, self._worker, self._capacity = agent, worker, capacity
        self._labels = labels or {}
        self._engaged = engaged
        self._carrier = carrier or Carrier()
        self._drawn = drawn
        self._busy: set[str] = set()
        self._again: dict[str, tuple[float, d.Offered]] = {}
        self._socket: Socket | None = None
        self._staying: asyncio.Task[None] | None = None
        self._refused: d.Closing | None = None
        self._beat_s = 3.0
        self._liveness = Liveness(3_000)
        self._given_up = asyncio.Event()
        self._former: list[Socket] = []
        self.ready = asyncio.Event()
        """Set once the hub has registered the worker."""

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Work until cancelled. Raises `SessionClosed` if the hub will not have this worker."""
        async with asyncio.TaskGroup() as connection:
            try:
                await self._work(http, connection)
            finally:  # after what it offered was left: sessions say their last words by its channels
                self._close_former()
                if self._socket is not None and self._staying is not None:
                    self._carrier.flush()
                    self._socket.close()
                    await asyncio.wait([self._staying], timeout=2 * LINGER_S)

    async def _work(self, http: aiohttp.ClientSession, connection: asyncio.TaskGroup) -> None:
        async with asyncio.TaskGroup() as tasks:
            try:
                await self._come_back(http, connection, tasks)
            finally:  # it goes: what it has is left in order, and nothing new is begun
                self._capacity = 0
                self._tell(u.Capacity(free=0))

    async def _come_back(
        self, http: aiohttp.ClientSession, connection: asyncio.TaskGroup, tasks: asyncio.TaskGroup
    ) -> None:
        """Stay at a hub, and whenever that ends again at this or another."""
        tries = 0
        while True:
            if tries:
                full = min(0.05 * 2 ** (tries - 1), LONGEST_WAIT_S)
                await asyncio.sleep(full * (0.5 + self._drawn() / 2))
            self.ready.clear()
            self._given_up.clear()
            self._refused = None
            stay = self._stay(self._hubs[tries % len(self._hubs)], http, tasks)
            self._staying = connection.create_task(stay)
            await self._ended(self._staying)
            if self._refused is not None and self._refused.retry_after_ms < 0:
                raise SessionClosed(self._refused.code, self._refused.reason)
            if not self.ready.is_set() and self._refused is None and tries == UNREACHED:
                log.warning("no hub answers; trying again (LEGATO_HUB or an argument says where it is)")
            tries = 0 if self.ready.is_set() else tries + 1

    async def _ended(self, staying: asyncio.Task[None]) -> None:
        """Wait until the connection is over, or given up."""
        given_up = asyncio.create_task(self._given_up.wait())
        try:
            await asyncio.wait([staying, given_up], return_when=asyncio.FIRST_COMPLETED)
        finally:
            given_up.cancel()

    async def _stay(self, hub: str, http: aiohttp.ClientSession, tasks: asyncio.TaskGroup) -> None:
        ticket = await self._get_ticket()

        def opened(_: Transport) -> None:
            work = u.Work(
                v=u.VERSION,
                ticket=ticket,
                name=self._agent,
                worker=self._worker,
                capacity=self._free,
                labels=self._labels,
            )
            socket.send(u.encode_up(work))

        def received(_: Transport, raw: bytes) -> None:
            if self._socket is socket:
                self._received(d.decode_down(raw), hub, tasks)

        def carried(raw: bytes) -> None:
            if self._socket is socket:
                self._carrier.received(raw)

        socket = Socket(hub, opened, received, carried, lambda _: None)
        self._socket = socket
        beats = asyncio.create_task(self._beat(socket, hub, http))
        try:
            await socket.run(http)
        finally:
            beats.cancel()
            self._leave(socket)

    def _leave(self, socket: Socket) -> None:
        """The connection is over: what it carried goes on by others."""
        if self._socket is socket:
            self._socket = None
            self._carrier.end()

    def _close_former(self) -> None:
        """Those that were given up."""
        former, self._former = self._former, []
        for socket in former:
            socket.close()

    async def _beat(self, socket: Socket, hub: str, http: aiohttp.ClientSession) -> None:
        """Be heard of, and see whether the hub answers: `LOOKS` times a beat, so that a suspicion comes in time."""
        await self.ready.wait()  # until then nobody has said how often
        opened = asyncio.Event()

        def other_opened() -> None:
            self._liveness.other_opened()
            opened.set()

        trying: asyncio.Task[None] | None = None
        try:
            while (health := self._liveness.health(_now())) is not Health.LOST:
                if health is Health.SUSPECTED and (trying is None or trying.done()):
                    trying = asyncio.create_task(opens(hub, http, other_opened))
                socket.send(u.encode_up(u.Ping(n=self._liveness.ping(_now()))))
                opened.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._beat_s / LOOKS):
                        await opened.wait()
        finally:
            if trying is not None:
                trying.cancel()
        log.warning("the hub fell silent")
        self._leave(socket)
        # Not closed yet: a hub that hears of its end before it has the worker anew takes the worker for dead.
        self._former.append(socket)
        self._given_up.set()

    def _received(self, envelope: d.Down, hub: str, tasks: asyncio.TaskGroup) -> None:
        match envelope:
            case d.Working(beat_ms=beat_ms, carries=carries):
                self._beat_s = beat_ms / 1000
                self._liveness = Liveness(beat_ms)
                self._close_former()
                self.ready.set()
                if carries and self._socket is not None:
                    self._carrier.begin(hub, self._socket)
                self._tell(u.Capacity(free=self._free))  # it may be another by now
                log.info("at work")
            case d.Pong(n=number):
                self._liveness.pong(number)
            case d.Offered():
                self._offered(envelope, tasks)
            case d.Draining():
                self._carrier.retire()
            case d.Closing():
                self._refused = envelope
                log.warning(REFUSED.get(envelope.code, CLOSED), extra={"reason": envelope.reason})

    def _offered(self, offered: d.Offered, tasks: asyncio.TaskGroup) -> None:
        if offered.session in self._busy:
            # What we do there may be about to end: then the session is taken up anew.
            good_for = offered.expires_ms / 1000
            self._again[offered.session] = (asyncio.get_running_loop().time() + good_for, offered)
            return
        if not self._free:
            self._tell(u.Capacity(free=0))
            self._tell(u.Decline(offer=offered.offer, reason="full"))
            return
        self._busy.add(offered.session)
        tasks.create_task(self._engage(offered, tasks))

    async def _engage(self, offered: d.Offered, tasks: asyncio.TaskGroup) -> None:
        declined: u.Decline | None = None
        try:
            await self._engaged(offered)
        except* OfferRefused as refused:
            reason = next(str(each) for each in refused.exceptions)
            log.info("session refused", extra={"reason": reason})
            declined = u.Decline(offer=offered.offer, reason=reason, again_ms=REFUSED_MS)
        except* (SessionClosed, aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as problem:
            declined = u.Decline(offer=offered.offer, reason="failed")
            log.warning(
                "session given up", extra={"problems": [type(each).__name__ for each in problem.exceptions]}
            )
        except* Exception as problem:  # a fault in one session is no reason to leave all others
            declined = u.Decline(offer=offered.offer, reason="failed")
            log.exception(
                "session failed", extra={"problems": [type(each).__name__ for each in problem.exceptions]}
            )
        finally:
            self._busy.discard(offered.session)
            self._tell(u.Capacity(free=self._free))
        if declined is not None:
            self._tell(declined)
        until, again = self._again.pop(offered.session, (0.0, None))
        if again is not None and asyncio.get_running_loop().time() < until:
            self._offered(again, tasks)

    @property
    def _free(self) -> int:
        return max(0, self._capacity - len(self._busy))

    def _tell(self, envelope: u.Up) -> None:
        if self._socket is not None and self.ready.is_set():  # before that only `work` may be said
            self._socket.send(u.encode_up(envelope))


def _now() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
