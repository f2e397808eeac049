"""Live delivery from a real store: subscriptions on the connection that also carries the appends.

A session's channel is subscribed once, however many sinks there are. After every (re)connection all
channels are subscribed again and all tails read in one pipeline; and so are the tails of sessions from
which nothing came for a while, because the loss of the very last message shows in nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.store import layout
from hub.store.connection import Connection, plain
from hub.store.flight import Kind
from hub.store.promise import SessionKey, Sink, StoreUnavailable
from legato.session.position import Position

log = logging.getLogger(__name__)

QUIET_AT_ONCE: Final = 64
QUIET_PAUSE_S: Final = 0.01
"""So ten thousand quiet sessions are looked at in two seconds."""

_ENTRIES: Final = (bytes([layout.FORMAT]), b"E")


@dataclass(slots=True, eq=False)
class Subscription:
    """One channel. `ready`: the server confirmed it; `heard`: something came since the last check."""

    key: SessionKey
    channel: str
    sinks: list[Sink] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    refused: str = ""
    heard: bool = True


class BusSide:
    """See the module."""

    _connection: Connection

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channels: dict[bytes, Subscription] = {}
        connection.on_live = self._live_again
        connection.on_push = self._pushed
        connection.on_quiet = self._check_quiet

    async def subscribe(self, key: SessionKey, sink: Sink) -> None:
        channel = layout.meta(key)
        subscription = self._channels.get(channel.encode())
        if subscription is None:
            subscription = self._channels[channel.encode()] = Subscription(key, channel)
            self._ask(subscription)
        subscription.sinks = [*subscription.sinks, sink]
        try:
            async with asyncio.timeout(self._connection.manners.patience_ms / 1000):
                await subscription.ready.wait()
            if subscription.refused:
                raise StoreUnavailable(subscription.refused)
        except TimeoutError:
            await self.unsubscribe(key, sink)
            raise StoreUnavailable("the store did not confirm the subscription in time") from None
        except BaseException:
            await self.unsubscribe(key, sink)
            raise

    async def unsubscribe(self, key: SessionKey, sink: Sink) -> None:
        channel = layout.meta(key)
        subscription = self._channels.get(channel.encode())
        if subscription is None:
            return
        subscription.sinks = [other for other in subscription.sinks if other is not sink]
        if not subscription.sinks:
            del self._channels[channel.encode()]
            self._connection.ask("SUNSUBSCRIBE", channel, kind=Kind.CONFIRMED)

    def signal(self, key: SessionKey, payload: bytes) -> None:
        self._connection.ask("SPUBLISH", layout.meta(key), b"S" + payload)

    def _ask(self, subscription: Subscription) -> None:
        subscription.ready.clear()

        def confirmed(asked: asyncio.Future[Any]) -> None:
            if not asked.cancelled():
                failure = asked.exception()
                subscription.refused = str(failure) if failure else ""
                subscription.ready.set()

        asked = self._connection.ask("SSUBSCRIBE", subscription.channel, kind=Kind.CONFIRMED)
        asked.add_done_callback(confirmed)

    def _ask_tail(self, subscription: Subscription) -> None:
        def tell(blob: Any) -> None:
            tail: Position | None = None if plain(blob) is None else layout.Head.read(blob).position
            self._feed(subscription, lambda sink: sink.resynced(tail))

        self._connection.ask("HGET", subscription.channel, "h", decode=tell)

    def _live_again(self) -> None:
        for subscription in self._channels.values():
            self._ask(subscription)
        for subscription in self._channels.values():
            self._ask_tail(subscription)

    def _check_quiet(self) -> None:
        self._check_some(tuple(self._channels.values()))

    def _check_some(self, rest: Sequence[Subscription]) -> None:
        """A few at a time: there may be thousands, and what is live does not wait for them."""
        for subscription in rest[:QUIET_AT_ONCE]:
            if not subscription.heard and subscription.sinks:
                self._ask_tail(subscription)
            subscription.heard = False
        if rest := rest[QUIET_AT_ONCE:]:
            asyncio.get_running_loop().call_later(QUIET_PAUSE_S, self._check_some, rest)

    def _pushed(self, message: Sequence[Any]) -> None:
        subscription = self._channels.get(message[1])
        if subscription is None:
            return
        payload: bytes = message[2]
        kind = payload[:1]
        if kind in _ENTRIES:
            subscription.heard = True
            entries = layout.read_published(payload)
            self._feed(subscription, lambda sink: sink.entries(entries))
        elif kind == b"S":
            self._feed(subscription, lambda sink: sink.signal(payload[1:]))
        elif kind == b"X":
            self._feed(subscription, lambda sink: sink.resynced(None))

    def _feed(self, subscription: Subscription, give: Callable[[Sink], None]) -> None:
        """A sink that fails costs itself, not the connection that everybody shares."""
        for sink in subscription.sinks:
            try:
                give(sink)
            except Exception:  # whatever a sink raises is its own: the others are told all the same
                log.exception("a sink failed", extra={"session": subscription.key.session})
