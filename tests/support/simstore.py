"""A node's connection to the in-memory store, over a network that delays, breaks and repeats.

It keeps the manners of the thin connection: one ordered stream each way; after a break what is in flight is
sent again in order (appends), the subscriptions go on, and every sink is told its tail. What cannot be sent
again is answered `StoreUnavailable`, and so is everything after the store's patience.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

from hub.store.model import ModelServer, ModelStore
from hub.store.promise import SessionKey, StoreUnavailable
from tests.support.simloop import SimLoop

if TYPE_CHECKING:
    import asyncio

PATIENCE_MS: Final = 5_000
ORDERED: Final = frozenset({"append", "refuse", "create", "reopen"})
REPEATABLE: Final = ORDERED | {
    "read", "join", "position", "history", "exists", "sessions", "time", "due", "held", "beats",
    "hold", "let_go", "want", "unwant", "wanted", "schedule", "index", "put_history", "keep_cursor",
    "subscribe", "unsubscribe", "write_snapshot", "trim", "residue", "archived", "restore",
    "account", "close_account", "accounts",
}  # fmt: skip


@dataclass(eq=False)
class Request:
    """One call on its way."""

    name: str
    call: Callable[[], Awaitable[Any]]
    answer: asyncio.Future[Any]


@dataclass
class StoreHost:
    """The store's machine: it may stall, and everyone's connection may break at once."""

    server: ModelServer
    stalled_until: float = 0.0
    connections: list[SimStore] = field(default_factory=list)
    heard: Callable[[SimStore, str], None] | None = None
    """Told what each node asks for, before that is on its way."""


def driven(awaitable: Awaitable[Any]) -> Any:
    """The result of an awaitable of the model: its effect takes place without waiting."""
    steps = awaitable.__await__()
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        return stop.value


class SimStore:
    """One node's connection. Methods of the promise are answered by the model behind it."""

    def __init__(self, host: StoreHost, loop: SimLoop, random: Random, process: str) -> None:
        self._host = host
        self._loop = loop
        self._random = random
        self._process = process
        self._model = ModelStore(host.server, self._push)
        self._flying: list[Request] = []
        self._link = 0
        self._up = self._down = 0.0
        self.connected = True
        self.audit: Callable[[SessionKey, Any], None] | None = None
        host.connections.append(self)

    @property
    def level(self) -> Any:
        return self._model.level

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._model, name)

        def ask(*args: Any, **options: Any) -> asyncio.Future[Any]:
            if name == "write_snapshot" and self.audit is not None:
                self.audit(*args)
            request = Request(name, lambda: method(*args, **options), self._loop.create_future())
            self._flying.append(request)
            if self._host.heard is not None:
                self._host.heard(self, name)
            if self.connected:
                self._transmit(request)
            self._loop.deliver(PATIENCE_MS, self._process, lambda: self._give_up(request))
            return request.answer

        return ask

    def signal(self, key: SessionKey, payload: bytes) -> None:
        if self.connected:
            self._deliver_up(lambda: self._model.signal(key, payload))

    async def close(self) -> None:
        await self._model.close()

    async def memory(self) -> tuple[int, int]:
        return 0, 0

    # --- the network

    def cut(self) -> None:
        """The connection breaks: what is on the way, either way, is lost."""
        self.connected = False
        self._link += 1

    def mend(self) -> None:
        """It is made again: in flight is sent again in order, tails are told."""
        if self.connected:
            return
        self.connected = True
        self._link += 1
        for request in tuple(self._flying):
            if request.name in REPEATABLE:
                self._transmit(request)
            else:
                self._fail(request)
        self.resync()

    def resync(self) -> None:
        """The quiet check: every sink hears its tail."""
        if self.connected:
            self._deliver_up(self._model.resync)

    def lag(self) -> float:
        """A delay in ms: mostly short."""
        return self._random.uniform(0.1, 2) if self._random.random() < 0.95 else self._random.uniform(2, 60)

    def _transmit(self, request: Request) -> None:
        self._deliver_up(lambda: self._serve(request))

    def _deliver_up(self, effect: Callable[[], None]) -> None:
        self._up = max(self._up + 1e-6, self._loop.time() + self.lag() / 1000)
        self._at_store(self._link, self._up, effect)

    def _at_store(self, link: int, when: float, effect: Callable[[], None]) -> None:
        def arrive() -> None:
            if link != self._link:
                return
            if self._host.stalled_until > self._loop.time():
                self._up = max(self._up + 1e-6, self._host.stalled_until)
                self._at_store(link, self._up, effect)
            else:
                effect()

        self._loop.deliver((when - self._loop.time()) * 1000, "store", arrive)

    def _serve(self, request: Request) -> None:
        result = driven(request.call())
        self._push(lambda: self._answer(request, result))
        if request.name in ORDERED and self._random.random() < 0.01:
            driven(request.call())

    def _push(self, callback: Callable[[], None]) -> None:
        """Bring something to the node, in order."""
        link = self._link
        if not self.connected:
            return
        self._down = max(self._down + 1e-6, self._loop.time() + self.lag() / 1000)

        def arrive() -> None:
            if link == self._link:
                callback()

        self._loop.deliver((self._down - self._loop.time()) * 1000, self._process, arrive)

    def _answer(self, request: Request, result: Any) -> None:
        if request in self._flying:
            self._flying.remove(request)
            if not request.answer.done():
                request.answer.set_result(result)

    def _give_up(self, request: Request) -> None:
        if request in self._flying:
            self._fail(request)

    def _fail(self, request: Request) -> None:
        self._flying.remove(request)
        if not request.answer.done():
            request.answer.set_exception(StoreUnavailable("patience"))
            request.answer.exception()
