"""Drives a link: does its effects with sockets, timers and tasks, and tells what comes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field

import aiohttp

from legato.alarm import Alarm
from legato.client import link as l
from legato.client.key import ClientKey
from legato.client.socket import Socket
from legato.client.transport import Connect, Transport
from legato.client.waiting import Waiting
from legato.errors import SessionClosed
from legato.session import events as e
from legato.wire import down as d

GetTicket = Callable[[], Awaitable[str]]


@dataclass(slots=True)
class Ears:
    """Who is told. `events`: each event once, in order (a snapshot brings none). `told`: signals, history
    pages and the like. `audio`: binary envelopes. `lost`: first and last offset of acknowledged events that
    turned out to be lost for good. `missing`: how many batches of its own were acknowledged, are not in the log and
    cannot be sent again. `back`: the session is live (again). `away`: the connection is gone."""

    events: list[Callable[[Sequence[e.Event | e.Unknown]], None]] = field(default_factory=list)
    told: list[Callable[[d.Down], None]] = field(default_factory=list)
    audio: list[Callable[[bytes], None]] = field(default_factory=list)
    lost: list[Callable[[int, int], None]] = field(default_factory=list)
    missing: list[Callable[[int], None]] = field(default_factory=list)
    back: list[Callable[[d.Attached], None]] = field(default_factory=list)
    away: list[Callable[[], None]] = field(default_factory=list)


class Driver:
    """One link's hands. `changed` is set, and replaced, at every change of state or phase. `hub`: the address of the
    hub that we are connected to, or were last."""

    def __init__(
        self,
        link: l.Link,
        hubs: Sequence[str],
        get_ticket: GetTicket,
        key: ClientKey,
        clock: Callable[[], int],
        connect: Connect = Socket,
    ) -> None:
        self.link, self.ears, self.waiting = link, Ears(), Waiting()
        self.changed = asyncio.Event()
        self.ended: SessionClosed | None = None
        self._hubs, self._get_ticket, self._key, self._clock = list(hubs), get_ticket, key, clock
        self._connect_to = connect
        self._http: aiohttp.ClientSession | None = None
        self._socket: Transport | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._alarm = Alarm(clock, self._tick)
        self._at, self.hub = 0, self._hubs[0]

    async def start(self, http: aiohttp.ClientSession) -> None:
        """Begin; tasks live until `stop`."""
        self._http = http
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self.run(self.link.start(self._clock()))

    async def stop(self) -> None:
        """End the attachment on purpose and wait for what was begun."""
        if self._tasks is None:
            return
        self.run(self.link.detach())
        tasks, self._tasks = self._tasks, None
        self._alarm.cancel()
        await tasks.__aexit__(None, None, None)

    def send_audio(self, raw: bytes) -> bool:
        """Send a binary envelope; False if not now."""
        live = self._socket is not None and self.link.phase is l.Phase.LIVE
        return live and self._socket is not None and self._socket.send_audio(raw)

    def run(self, effects: Sequence[l.Effect]) -> None:
        """Do what the link asks."""
        for effect in effects:
            self._perform(effect)
        self._arm()

    def announce(self) -> None:
        """Wake whoever waits for a change."""
        self.changed.set()
        self.changed = asyncio.Event()

    def _perform(self, effect: l.Effect) -> None:
        match effect:
            case l.Send(raw=raw):
                if self._socket is not None:
                    self._socket.send(raw)
            case l.Delivered(events=events):
                for hear in self.ears.events:
                    hear(events)
                self.announce()
            case l.Settled():
                self.waiting.settle(effect)
            case l.Told(envelope=envelope):
                self._at += isinstance(envelope, d.Draining)
                for told in self.ears.told:
                    told(envelope)
            case l.Renumbered(sequences=sequences):
                self.waiting.renumber(sequences)
            case l.Lost(lost_from=first, lost_to=last):
                for lost in self.ears.lost:
                    lost(first, last)
            case l.Missing(batches=batches):
                for missing in self.ears.missing:
                    missing(batches)
            case l.Back(attached=attached):
                self._at -= 1  # the next way back is tried where we are
                for back in self.ears.back:
                    back(attached)
                self.announce()
            case _:
                self._connect(effect)

    def _connect(self, effect: l.Effect) -> None:
        match effect:
            case l.Open():
                self._open()
            case l.Close():
                for away in self.ears.away:
                    away()
                socket, self._socket = self._socket, None
                if socket is not None:
                    socket.close()
            case l.AskTicket():
                self._spawn(self._ask())
            case l.Sign(resume=resume):
                self.run(self.link.signed(resume, self._key.prove(resume.nonce)))
            case l.Ended(code=code, reason=reason):
                self.ended = SessionClosed(code, reason)
                self.waiting.fail(self.ended)
                self.announce()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        if self._tasks is None:
            work.close()
        else:
            self._tasks.create_task(work)

    async def _ask(self) -> None:
        self.run(self.link.ticketed(await self._get_ticket(), self._clock()))

    def _open(self) -> None:
        assert self._http is not None
        self.hub = self._hubs[self._at % len(self._hubs)]
        self._at += 1
        self._socket = self._connect_to(self.hub, self._opened, self._received, self._heard, self._closed)
        self._spawn(self._socket.run(self._http))

    def _opened(self, socket: Transport) -> None:
        if socket is self._socket:
            self.run(self.link.opened(self._clock(), watched=socket.watched))
        else:
            socket.close()

    def _received(self, socket: Transport, raw: bytes) -> None:
        if socket is self._socket:
            self.run(self.link.received(d.decode_down(raw), self._clock()))

    def _heard(self, raw: bytes) -> None:
        for audio in self.ears.audio:
            audio(raw)

    def _closed(self, socket: Transport) -> None:
        if socket is self._socket:
            self._socket = None
            self.run(self.link.closed(self._clock()))

    def _arm(self) -> None:
        if self._tasks is not None:
            self._alarm.set(self.link.next_deadline())

    def _tick(self) -> None:
        self.run(self.link.expire(self._clock()))
