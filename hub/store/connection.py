"""A node's connection to a store, kept alive.

Commands of one pass of the loop leave in one write. After every (re)connection: the scripts, what is in
flight in order, then whatever `on_live` asks for (subscriptions and tails). The first attempt to connect
again is immediate. A caller waits `patience_ms` at most, then `StoreUnavailable`: the outcome is unknown.
A server that stalls is waited for; one that is silent for `silence_ms` with something unanswered is given up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, cast

import hiredis

from hub.pass_end import PassEnd
from hub.store.answer import Answer
from hub.store.backoff import Backoff
from hub.store.endpoint import Endpoint
from hub.store.flight import Flight, Flown, Full, Kind, Verdict
from hub.store.promise import StoreUnavailable
from hub.store.resp import Link
from hub.store.scripts import SCRIPTS

log = logging.getLogger(__name__)

Decode = Callable[[Any], Any]
TICK_MS: Final = 250


def plain(reply: Any) -> Any:
    """The answer as it is; an error raises."""
    if isinstance(reply, hiredis.ReplyError):
        raise StoreUnavailable(str(reply))
    return reply


class Stage(Enum):
    """How far the connection is."""

    DOWN = auto()
    GREETING = auto()
    LIVE = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Manners:
    """How patient a connection is. All in ms."""

    patience_ms: int = 5_000
    silence_ms: int = 10_000
    connect_ms: int = 2_000
    quiet_check_ms: int = 10_000


PATIENT: Final = Manners()


@dataclass(slots=True, eq=False)
class Waiter:
    """Who waits for an answer. `decode` runs synchronously, in the server's order."""

    future: asyncio.Future[Any] | Answer[Any]
    decode: Decode

    def settle(self, reply: Any) -> None:
        try:
            result = self.decode(reply)
        except (ValueError, LookupError, TypeError, AttributeError, StoreUnavailable) as unreadable:
            self.fail(StoreUnavailable(str(reply)) if isinstance(reply, hiredis.ReplyError) else unreadable)
            return
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # nobody may be waiting any more


class Connection:
    """See the module. `open` starts it; whoever opened it closes it."""

    def __init__(
        self, endpoint: Endpoint, backoff: Backoff, manners: Manners = PATIENT, name: str = "legato"
    ) -> None:
        self.manners = manners
        self.on_live: Callable[[], None] = lambda: None
        self.on_push: Callable[[Sequence[Any]], None] = lambda message: None
        self.on_quiet: Callable[[], None] = lambda: None
        self.pass_end: PassEnd | None = None
        """Told of everything that is read at once."""
        self.server: dict[str, Any] = {}
        self.stage = Stage.DOWN
        self._endpoint = endpoint
        self._backoff = backoff
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._flight: Flight[Waiter] = Flight()
        self._link: Link | None = None
        self._greetings: list[asyncio.Future[Any]] = []
        self._broken = asyncio.Event()
        self._flushing = False
        self._heard = self._checked = self._now()
        self._spoke = False
        self._failure = ""
        self._task: asyncio.Task[None] | None = None
        self._ticker: asyncio.TimerHandle | None = None

    # --- for the store

    async def open(self) -> None:
        """Connect for the first time (within the patience, else `StoreUnavailable`), and stay connected."""
        live: asyncio.Future[Any] = self.ask("PING")
        self._task = self._loop.create_task(self._stay(), name=f"store-connection-{self._name}")
        self._ticker = self._loop.call_later(TICK_MS / 1000, self._tick)
        try:
            await live
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go. Waiters are told `StoreUnavailable`."""
        self.stage = Stage.CLOSED
        if self._ticker is not None:
            self._ticker.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._link is not None:
            self._link.abort()
            self._link = None
        for command in self._flight.broken():
            command.waiter.fail(StoreUnavailable("the connection was closed"))
        for command in self._flight.overdue(self._now() + 1):
            command.waiter.fail(StoreUnavailable("the connection was closed"))

    def ask(self, *words: Any, decode: Decode = plain, kind: Kind = Kind.PLAIN) -> asyncio.Future[Any]:
        """Send a command; it takes its place in order at once. The future ends in what `decode` makes of the
        answer (an error that the server gives is a `hiredis.ReplyError` value; one that `decode` cannot take
        ends the future in `StoreUnavailable`), or in `StoreUnavailable`."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._send(words, Waiter(future, decode), kind)
        return future

    def request(
        self, words: tuple[Any, ...] | bytes, decode: Decode = plain, kind: Kind = Kind.PLAIN
    ) -> Answer[Any]:
        """`ask`, whose answer is told the moment it comes; `words` may be written for the wire already."""
        answer: Answer[Any] = Answer()
        self._send(words, Waiter(answer, decode), kind)
        return answer

    def _send(self, words: tuple[Any, ...] | bytes, waiter: Waiter, kind: Kind) -> None:
        if self.stage is Stage.CLOSED:
            waiter.fail(StoreUnavailable("the connection is closed"))
            return
        try:
            self._flight.add(Flown(words, kind, waiter, self._now()))
        except Full:
            waiter.fail(StoreUnavailable("too much waits for the store"))
            return
        self._flush_soon()

    def break_off(self) -> None:
        """Give this link up; a new one is made at once."""
        if self._link is not None:
            self._link.abort()

    # --- for the link

    def answer(self, link: Link, reply: Any) -> None:
        """The next answer of the current link."""
        if link is not self._link:
            return
        self._spoke = True
        if self._greetings:
            waiting = self._greetings.pop(0)
            if not waiting.done():
                waiting.set_result(reply)
            return
        if not self._flight.sent:
            self.break_off()  # an answer to nothing: the stream cannot be trusted
            return
        error = str(reply) if type(reply) is not bytes and isinstance(reply, hiredis.ReplyError) else ""
        gap = type(reply) is list and _tells_gap(reply)
        command, verdict = self._flight.answered(error, gap)
        if verdict is Verdict.BREAK:
            self.break_off()
        elif verdict is Verdict.SETTLED:
            self._backoff.succeeded()
            command.waiter.settle(reply)
        if self._flight.ready_for_scripts():
            self._send_scripts()

    def push(self, link: Link, message: Sequence[Any]) -> None:
        """A push of the current link; a confirmation answers the command that asked for it."""
        if link is not self._link:
            return
        self._spoke = True
        if message[0] == b"smessage":
            self.on_push(message)
            return
        what = message[0].decode()
        if what not in ("ssubscribe", "sunsubscribe"):
            return
        head = self._flight.sent[0] if self._flight.sent else None
        if head is not None and head.kind is Kind.CONFIRMED and _confirms(message, head.words):
            self._flight.answered("", gap=False)
            head.waiter.settle(message)
            if self._flight.ready_for_scripts():
                self._send_scripts()
        else:
            self.break_off()  # a slot moved away: everything is asked anew, where it is now

    def begin(self) -> None:
        """Answers and pushes come."""
        if self.pass_end is not None:
            self.pass_end.begin()

    def end(self) -> None:
        """Those were all that were read."""
        if self.pass_end is not None:
            self.pass_end.end()

    def writable(self, link: Link) -> None:
        """The socket takes bytes again."""
        self._flush_soon()

    def gone(self, link: Link) -> None:
        """The link broke."""
        if link is not self._link:
            return
        for greeting in self._greetings:
            if not greeting.done():
                greeting.set_exception(ConnectionResetError("the store hung up"))
                greeting.exception()
        self._broken.set()

    # --- inside

    def _now(self) -> int:
        return int(self._loop.time() * 1000)

    def _flush_soon(self) -> None:
        if not self._flushing and self.stage is Stage.LIVE:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self.stage is Stage.LIVE and self._link is not None and not self._link.congested:
            commands = self._flight.take()
            if commands:
                self._link.write([command.words for command in commands])

    def _send_scripts(self) -> None:
        """The server forgot them: they go before what failed."""
        if self._link is None:
            return
        self._greetings = [self._loop.create_future() for _ in SCRIPTS]
        self._link.write([("SCRIPT", "LOAD", script.source) for script in SCRIPTS])
        self._flight.scripts_sent()
        self._flush_soon()

    async def _stay(self) -> None:
        """Connect, live, and again."""
        while True:
            await asyncio.sleep(self._backoff.wait_ms() / 1000)
            self._broken.clear()
            try:
                async with asyncio.timeout(self.manners.connect_ms / 1000):
                    await self._connect()
            except (OSError, TimeoutError, hiredis.HiredisError) as failure:
                self._failure = str(failure) or type(failure).__name__
                log.info("the store cannot be reached", extra={"why": self._failure})
            else:
                await self._broken.wait()
            self._fall()

    async def _connect(self) -> None:
        self._link = await Link.open(self._endpoint, self)
        self.stage = Stage.GREETING
        greeting = [*self._endpoint.greeting(), ("CLIENT", "SETNAME", self._name)]
        loads = [("SCRIPT", "LOAD", script.source) for script in SCRIPTS]
        self._greetings = [self._loop.create_future() for _ in (*greeting, *loads)]
        answers = list(self._greetings)
        self._link.write([*greeting, *loads])
        replies = await asyncio.gather(*answers)
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                raise reply
        self.server = {name.decode(): value for name, value in cast("dict[bytes, Any]", replies[0]).items()}
        if self.server.get("role") not in (b"master", b"primary"):
            raise ConnectionResetError("not the primary")
        self._heard = self._checked = self._now()
        self._failure = ""
        self.stage = Stage.LIVE
        self.on_live()
        self._flush()

    def _fall(self) -> None:
        """The link is of no use any more."""
        link, self._link = self._link, None
        self.stage = Stage.DOWN
        self._greetings = []
        if link is not None:
            link.abort()
        for command in self._flight.broken():
            command.waiter.future.cancel()

    def _tick(self) -> None:
        """Patience, silence, quiet sessions."""
        now = self._now()
        self._ticker = self._loop.call_later(TICK_MS / 1000, self._tick)
        for command in self._flight.overdue(now - self.manners.patience_ms):
            command.waiter.fail(StoreUnavailable(self._failure or "the store did not answer in time"))
        if self.stage is not Stage.LIVE:
            return
        if self._spoke:
            self._spoke, self._heard = False, now
        if self._flight.idle():
            if now - self._heard >= self.manners.silence_ms // 2:
                self.ask("PING")
        elif now - self._heard >= self.manners.silence_ms:
            self.break_off()
        if now - self._checked >= self.manners.quiet_check_ms:
            self._checked = now
            self.on_quiet()


def _confirms(message: Sequence[Any], words: tuple[Any, ...] | bytes) -> bool:
    """Whether the push says that the subscription (of `words`) was done."""
    return not isinstance(words, bytes) and (message[0], message[1]) == (
        words[0].lower().encode(),
        words[1].encode(),
    )


def _tells_gap(reply: list[Any]) -> bool:
    return len(reply) == 4 and reply[1] == b"sequence_gap"
