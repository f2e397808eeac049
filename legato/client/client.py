"""A session, held by a Python program.

    async with legato.Client("ws://localhost:7070", ticket=ticket) as session:
        await session.say("my order number is 4 7 1 1")
        async for state in session.changes():
            ...

It comes back by itself whenever the connection breaks, on any hub it knows, and sends what was not
acknowledged again; the hub does each batch once.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from legato.client.blobs import Blobs, Place
from legato.client.client_tools import ClientTools, Runs
from legato.client.driver import Driver, Ears, GetTicket
from legato.client.hearing import Sound, hear
from legato.client.key import ClientKey
from legato.client.link import Link, LinkOptions, Phase
from legato.client.microphone import Heard, Microphone
from legato.client.past import Earlier, earlier
from legato.client.queued import Queued
from legato.client.socket import Socket
from legato.client.transport import Connect
from legato.client.verbs import Verbs
from legato.errors import NoTicket, Refused, RequestFailed
from legato.session import events as e
from legato.session.commands import Command
from legato.session.ids import RandomBytes, new_id
from legato.session.parts import Part
from legato.session.state import State
from legato.session.vocabulary import GoOn
from legato.wire import down as d
from legato.wire import up as u


def monotonic_ms() -> int:
    """This process's clock: integer ms that never go back."""
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Work:
    """As whom an agent's process attaches: with a key that all its sessions share, as the process `worker`, taking
    `right` as it comes, if that is free; `listens`: it will not answer. `connect` makes its sessions' connections."""

    key: ClientKey
    worker: str = ""
    right: str = ""
    listens: bool = False
    connect: Connect = Socket
    public: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "public", self.key.public())


class Client(Verbs):
    """One attachment to one session.

    `hub` is one address or several (`ws://`, `http://`, …), tried in turn. `ticket` is an access ticket or a
    coroutine function that gets a fresh one; `LEGATO_TICKET` of the environment, if it is left out. `on` says
    who is told of events, signals, audio and losses. What one says and asks for (`say`, `stop`, `take_over`, …) are
    `Verbs`.
    Raises `SessionClosed` from its methods once the hub has ended the attachment for good.
    """

    def __init__(
        self,
        hub: str | Sequence[str],
        *,
        ticket: str | GetTicket = "",
        device: str = "python",
        takes: tuple[e.Medium, ...] = ("text",),
        gives: tuple[e.Medium, ...] = ("text",),
        require: str = "",
        clock: Callable[[], int] = monotonic_ms,
        random_bytes: RandomBytes = secrets.token_bytes,
        drawn: Callable[[], float] = random.random,
        http: aiohttp.ClientSession | None = None,
        work: Work | None = None,
    ) -> None:
        given = ticket or os.environ.get("LEGATO_TICKET", "")
        if not given:
            raise NoTicket
        self._clock, self._random_bytes = clock, random_bytes
        work = work or Work(ClientKey())
        options = LinkOptions(
            new_id("w", random_bytes),
            work.public,
            device,
            takes,
            gives,
            require,
            work.worker,
            work.right,
            work.listens,
        )
        hubs = [hub] if isinstance(hub, str) else list(hub)
        self._link = Link(options, drawn)
        get_ticket = given if callable(given) else always(given)
        self._driver = Driver(self._link, hubs, get_ticket, work.key, clock, work.connect)
        self._http, self._own_http = http, http is None
        self._blobs = Blobs(self._requests, self._place, get_ticket)
        self._tools = ClientTools(self)
        self._running: asyncio.Task[None] | None = None
        self._queued = Queued(self.on.told, self._driver.announce)

    # --- life

    async def __aenter__(self) -> Self:
        """Connect; returns once attached. Raises `SessionClosed` when the hub will not have us."""
        if self._http is None:
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        try:
            await self._driver.start(self._http)
            await self.until(lambda _: self._link.phase is Phase.LIVE)
            if self._tools:
                self._running = asyncio.create_task(self._tools.run())
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *problem: object) -> None:
        """End the attachment; what was acknowledged stays."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        await self._driver.stop()
        if self._own_http and self._http is not None:
            await self._http.close()

    # --- what it knows

    @property
    def on(self) -> Ears:
        """Who is told of what comes."""
        return self._driver.ears

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

    @property
    def place(self) -> int:
        """Where the session stands in the queue of operators, 1 being next; 0: it waits for nobody, or the hub has not
        said it yet. A change of it wakes `changes` and `until`."""
        return self._queued.place(self.state)

    async def changes(self) -> AsyncIterator[State]:
        """The state now, and again after each change; changes that come together are one."""
        while True:
            changed = self._driver.changed
            yield self.state
            await self._next(changed)

    async def until(self, condition: Callable[[State], bool], timeout: float | None = None) -> State:
        """Wait until `condition(state)` holds. Raises `TimeoutError`, `SessionClosed`."""
        async with asyncio.timeout(timeout):
            while True:
                if self._driver.ended is not None:
                    raise self._driver.ended
                changed = self._driver.changed
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
        if self._driver.ended is not None:
            future.set_exception(self._driver.ended)
            return future
        try:
            batch, effects = self._link.put(commands, self._clock())
        except Refused as too_large:
            future.set_exception(too_large)
            return future
        self._driver.waiting.put(batch.seq, future)
        self._driver.run(effects)
        return future

    async def upload(self, data: bytes, *, name: str = "", type: str = "application/octet-stream") -> Part:
        """Store an image or file of up to 20 MB (`type`: its media type); the part that names it, for `say` or
        `turn.show`. Raises `RequestFailed`."""
        return await self._blobs.upload(data, name, type)

    async def download(self, part: Part) -> bytes:
        """The bytes of an image or file. Raises `RequestFailed`."""
        return await self._blobs.download(part)

    async def earlier(self, before: int = 0, limit: int = 50) -> Earlier:
        """Ended messages and tool calls that may have left the state: up to `limit` (200 at most) before that ordinal
        (0: the newest). Raises `TimeoutError`, `SessionClosed`."""
        return await earlier(self, before, limit)

    def tool(self, name: str, function: Runs) -> None:
        """This program can run the agent's tool of that name (one that `runs="client"`), by this coroutine function. A
        call that waits for a client is given to one of those that said so; what it returns (as JSON) is the result."""
        self._tools.add(name, function)

    def signal(self, name: str, data: Any) -> None:
        """Tell everyone something that need not survive."""
        self.tell(u.Signal(name=name, data=data))

    def tell(self, envelope: u.Up) -> None:
        """Send an envelope that need not survive a break."""
        self._driver.run(self._link.tell(envelope))

    def send_audio(self, raw: bytes) -> bool:
        """Send a binary envelope; False if not now."""
        return self._driver.send_audio(raw)

    def hear(self, rate: int = 16_000, participant: str = "") -> AsyncIterator[Sound]:
        """What people say, as PCM at `rate` (s16 mono), for an agent that understands speech itself: of every
        microphone, or of `participant`'s."""
        return hear(self, rate, participant)

    def microphone(
        self, heard: Heard = lambda frame: None, stream: int = 1, after_gap: GoOn = ""
    ) -> Microphone:
        """A microphone of this attachment, to be opened as a context: it is acknowledged, and carries the
        attachment's voice. `heard` is told of each Opus frame that comes the other way; `after_gap`: how the agent's
        speech goes on after a gap (see `Microphone.after_gap`)."""
        capture = self._random_bytes(6).hex()
        return Microphone(self, capture, stream, self._clock, heard, after_gap)

    def new_id(self, prefix: str) -> str:
        """A fresh id."""
        return new_id(prefix, self._random_bytes)

    def _requests(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RequestFailed(0, "unavailable", "not entered")
        return self._http

    async def _place(self) -> Place:
        await self.until(lambda _: self.attached is not None)
        assert self.attached is not None
        return Place(self._driver.hub, self.attached.session, self.attached.connection)

    async def _next(self, changed: asyncio.Event) -> None:
        await changed.wait()
        if self._driver.ended is not None:
            raise self._driver.ended


def always(ticket: str) -> GetTicket:
    """A `GetTicket` for somebody who has only the one."""

    async def get() -> str:
        return ticket

    return get
