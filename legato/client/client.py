"""A session, held by a Python program.

    async with legato.Client("ws://localhost:8080", ticket=ticket) as session:
        await session.say("my order number is 4 7 1 1")
        async for state in session.changes():
            ...

It comes back by itself whenever the connection breaks, on any hub it knows, and sends what was not
acknowledged again; the hub does each batch once.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Self

import aiohttp

from legato.client.key import ClientKey
from legato.client.link import (
    AskTicket,
    Back,
    Close,
    Delivered,
    Effect,
    Ended,
    Link,
    LinkOptions,
    Lost,
    Open,
    Phase,
    Renumbered,
    Send,
    Settled,
    Sign,
    Told,
    text_parts,
)
from legato.client.socket import Socket
from legato.client.waiting import Waiting
from legato.errors import NoTicket, SessionClosed
from legato.session import events as e
from legato.session.commands import Command, PostMessage
from legato.session.ids import RandomBytes, new_id
from legato.session.state import State
from legato.wire import down as d
from legato.wire import up as u

GetTicket = Callable[[], Awaitable[str]]
Ears = Callable[[Sequence[e.Event | e.Unknown]], None]


def monotonic_ms() -> int:
    """This process's clock: integer ms that never go back."""
    return time.monotonic_ns() // 1_000_000


class Client:
    """One attachment to one session.

    `hub` is one address or several (`ws://`, `http://`, …), tried in turn. `ticket` is an access ticket or a
    coroutine function that gets a fresh one. Raises `SessionClosed` from its methods once the hub has ended
    the attachment for good.
    """

    def __init__(
        self,
        hub: str | Sequence[str],
        *,
        ticket: str | GetTicket,
        device: str = "python",
        takes: tuple[e.Medium, ...] = ("text",),
        gives: tuple[e.Medium, ...] = ("text",),
        require: str = "",
        clock: Callable[[], int] = monotonic_ms,
        random_bytes: RandomBytes = secrets.token_bytes,
        http: aiohttp.ClientSession | None = None,
    ) -> None:
        if not ticket:
            raise NoTicket
        self._hubs = [hub] if isinstance(hub, str) else list(hub)
        self._get_ticket = ticket if callable(ticket) else _always(ticket)
        self._clock, self._random_bytes = clock, random_bytes
        self._key = ClientKey()
        options = LinkOptions(new_id("w", random_bytes), self._key.public(), device, takes, gives, require)
        self._link = Link(options, random.random)
        self._http, self._own_http = http, http is None
        self._socket: Socket | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = Waiting()
        self._changed = asyncio.Event()
        self._ended: SessionClosed | None = None
        self._tries = 0
        self.on_events: list[Ears] = []
        """Called with each event once, in order (a snapshot brings none)."""
        self.on_told: list[Callable[[d.Down], None]] = []
        """Called with signals, history pages and the like."""
        self.on_audio: list[Callable[[bytes], None]] = []
        """Called with binary envelopes."""
        self.on_lost: list[Callable[[int, int], None]] = []
        """Called when acknowledged events turned out to be lost for good: first and last offset."""

    # --- life

    async def __aenter__(self) -> Self:
        """Connect; returns once attached. Raises `SessionClosed` when the hub will not have us."""
        if self._http is None:
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._run(self._link.start(self._clock()))
        await self.until(lambda _: self._link.phase is Phase.LIVE)
        return self

    async def __aexit__(self, *problem: object) -> None:
        """End the attachment; what was acknowledged stays."""
        await self.detach()
        if self._own_http and self._http is not None:
            await self._http.close()

    async def detach(self) -> None:
        """End the attachment on purpose: no grace."""
        if self._tasks is None:
            return
        self._run(self._link.detach())
        await asyncio.sleep(0)
        tasks, self._tasks = self._tasks, None
        if self._timer is not None:
            self._timer.cancel()
        await tasks.__aexit__(None, None, None)

    # --- what it knows

    @property
    def state(self) -> State:
        """The folded state; read it, do not change it."""
        return self._link.state

    @property
    def position(self) -> str:
        """The position that `state` is at, opaque."""
        return self._link.position

    @property
    def attached(self) -> d.Attached | None:
        """What the hub said when it let us in; None while not connected."""
        return self._link.attached

    async def changes(self) -> AsyncIterator[State]:
        """The state now, and again after each change; changes that come together are one."""
        while True:
            changed = self._changed
            yield self.state
            await self._next(changed)

    async def until(self, condition: Callable[[State], bool], timeout: float | None = None) -> State:
        """Wait until `condition(state)` holds. Raises `TimeoutError`, `SessionClosed`."""
        async with asyncio.timeout(timeout):
            while True:
                if self._ended is not None:
                    raise self._ended
                changed = self._changed
                if condition(self.state):
                    return self.state
                await self._next(changed)

    # --- what one does

    async def do(self, *commands: Command) -> str:
        """Send one batch; returns the level at which the log has it. Raises `Refused`, `SessionClosed`."""
        return await self.begin(*commands)

    def begin(self, *commands: Command) -> asyncio.Future[str]:
        """Send one batch and do not wait: batches take effect in the order of the calls."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if self._ended is not None:
            future.set_exception(self._ended)
            return future
        batch, effects = self._link.put(commands, self._clock())
        self._waiting.put(batch.seq, future)
        self._run(effects)
        return future

    async def say(self, text: str) -> str:
        """Post a whole message; returns its id once the log has it."""
        message = self.new_id("m")
        await self.do(PostMessage(message=message, parts=text_parts(text)))
        return message

    def signal(self, name: str, data: Any) -> None:
        """Tell everyone something that need not survive."""
        self._run(self._link.tell(u.Signal(name=name, data=data)))

    def tell(self, envelope: u.Up) -> None:
        """Send an envelope that need not survive a break."""
        self._run(self._link.tell(envelope))

    def send_audio(self, raw: bytes) -> bool:
        """Send a binary envelope; False if not now."""
        return self._socket is not None and self._link.phase is Phase.LIVE and self._socket.send_audio(raw)

    def new_id(self, prefix: str) -> str:
        """A fresh id."""
        return new_id(prefix, self._random_bytes)

    # --- inside

    async def _next(self, changed: asyncio.Event) -> None:
        await changed.wait()
        if self._ended is not None:
            raise self._ended

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _run(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            self._perform(effect)
        self._arm()

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Send(raw=raw):
                if self._socket is not None:
                    self._socket.send(raw)
            case Delivered(events=events):
                for ears in self.on_events:
                    ears(events)
                self._announce()
            case Settled():
                self._waiting.settle(effect)
            case Told(envelope=envelope):
                for told in self.on_told:
                    told(envelope)
            case Sign(resume=resume):
                self._run(self._link.signed(resume, self._key.prove(resume.nonce)))
            case Renumbered(sequences=sequences):
                self._waiting.renumber(sequences)
            case Lost(lost_from=first, lost_to=last):
                for lost in self.on_lost:
                    lost(first, last)
            case Back():
                self._tries = 0
                self._announce()
            case _:
                self._transport(effect)

    def _transport(self, effect: Effect) -> None:
        match effect:
            case Open():
                self._open()
            case Close():
                socket, self._socket = self._socket, None
                if socket is not None:
                    socket.close()
            case AskTicket():
                self._spawn(self._ask())
            case Ended(code=code, reason=reason):
                self._end(SessionClosed(code, reason))

    def _end(self, closed: SessionClosed) -> None:
        self._ended = closed
        self._waiting.fail(closed)
        self._announce()

    def _spawn(self, work: Any) -> None:
        if self._tasks is None:
            work.close()
        else:
            self._tasks.create_task(work)

    async def _ask(self) -> None:
        self._run(self._link.ticketed(await self._get_ticket(), self._clock()))

    def _open(self) -> None:
        assert self._http is not None
        hub = self._hubs[self._tries % len(self._hubs)]
        self._tries += 1
        socket = Socket(hub, self._opened, self._received, self._heard, self._closed)
        self._socket = socket
        self._spawn(socket.run(self._http))

    def _opened(self, socket: Socket) -> None:
        if socket is self._socket:
            self._run(self._link.opened(self._clock()))
        else:
            socket.close()

    def _received(self, socket: Socket, raw: bytes) -> None:
        if socket is self._socket:
            self._run(self._link.received(d.decode_down(raw), self._clock()))

    def _heard(self, raw: bytes) -> None:
        for audio in self.on_audio:
            audio(raw)

    def _closed(self, socket: Socket) -> None:
        if socket is self._socket:
            self._socket = None
            self._run(self._link.closed(self._clock()))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._link.next_deadline()
        if deadline is not None and self._tasks is not None:
            delay = max(0, deadline - self._clock()) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._run(self._link.expire(self._clock()))


def _always(ticket: str) -> GetTicket:
    async def get() -> str:
        return ticket

    return get
