"""A node's connection to the store in memory: the promise, side by side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

from hub.store.model.accounts import AccountsSide
from hub.store.model.archive import ArchiveSide
from hub.store.model.done import Done
from hub.store.model.duties import DutiesSide
from hub.store.model.refusals import RefusalsSide
from hub.store.model.rings import RingsSide
from hub.store.model.roster import RosterSide
from hub.store.model.server import ModelServer
from hub.store.model.tickets import TicketsSide
from hub.store.promise import (
    PAGE,
    Append,
    Edge,
    Joined,
    Level,
    Listed,
    Maker,
    Opened,
    Outcome,
    Page,
    Refused,
    SessionKey,
    Sink,
    Snapshot,
    Stored,
)
from legato.session.position import Position

T = TypeVar("T")


class Schedule(Protocol):
    """Runs a callback later, in the order of the calls: `loop.call_soon`, or a world's own."""

    def __call__(self, callback: Callable[[], None], /) -> object: ...


class LogSide:
    """The log of sessions."""

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.level: Level = server.level

    async def create(
        self, key: SessionKey, genesis: Append, labels: Mapping[str, str], maker: Maker | None = None
    ) -> Outcome:
        return self.server.create(key, genesis, labels, maker)

    def append(self, key: SessionKey, batch: Append) -> Awaitable[Outcome]:
        return Done(self.server.append(key, batch))

    def refuse(self, key: SessionKey, batch: Append, refusal: Refused) -> Awaitable[Outcome]:
        return Done(self.server.refuse(key, batch, refusal))

    async def reopen(self, key: SessionKey, evidence: Position, batch: Append) -> Outcome:
        return self.server.reopen(key, evidence, batch)

    async def open_producer(self, key: SessionKey, producer: str) -> Opened | None:
        session = self.server.session(key)
        return None if session is None else session.log.open_producer(producer)

    async def join(self, key: SessionKey, producer: str | None = None) -> Joined | None:
        session = self.server.session(key)
        return None if session is None else session.join(producer)

    async def read(self, key: SessionKey, after: int, limit: int = PAGE) -> Page | None:
        session = self.server.session(key)
        return None if session is None else session.log.page(after, limit)

    async def position(self, key: SessionKey, offset: int) -> Position | None:
        session = self.server.session(key)
        return None if session is None else session.log.position_at(offset)

    async def write_snapshot(self, key: SessionKey, snapshot: Snapshot) -> bool:
        session = self.server.session(key)
        return session is not None and session.write_snapshot(snapshot)

    async def trim(self, key: SessionKey, keep_from: int) -> int:
        session = self.server.session(key)
        return 0 if session is None else session.trim(keep_from)

    async def keep_cursor(self, key: SessionKey, name: str, offset: int) -> None:
        if session := self.server.session(key):
            session.cursors[name] = max(offset, session.cursors.get(name, 0))


class ShelfSide:
    """What is kept beside the logs: history, the index, erasing."""

    server: ModelServer

    async def put_history(self, key: SessionKey, pages: Mapping[int, bytes]) -> None:
        if session := self.server.session(key):
            session.put_history(pages)

    async def history(self, key: SessionKey, before: int, limit: int = 50) -> dict[int, bytes]:
        session = self.server.session(key)
        return {} if session is None else session.newest_history(before, limit)

    async def erase(self, key: SessionKey, tombstone_ttl_s: int) -> None:
        self.server.erase(key, tombstone_ttl_s)

    async def exists(self, key: SessionKey) -> Literal["yes", "no", "erased"]:
        return self.server.exists(key)

    async def index(self, key: SessionKey, listed: Listed, participants: Sequence[str]) -> None:
        if self.server.session(key) is not None:
            self.server.contents.index[key] = (listed, tuple(participants))

    async def sessions(
        self,
        tenant: str,
        *,
        participant: str = "",
        label: tuple[str, str] | None = None,
        before: Edge | None = None,
        limit: int = 50,
    ) -> list[Listed]:
        found = [
            listed
            for key, (listed, participants) in self.server.contents.index.items()
            if key.tenant == tenant
            and (not participant or participant in participants)
            and (label is None or listed.labels.get(label[0]) == label[1])
            and (before is None or Edge.of(listed) < before)
        ]
        return sorted(found, key=Edge.of, reverse=True)[:limit]


class BusSide:
    """Live delivery, through the injected scheduler."""

    def __init__(self, server: ModelServer, schedule: Schedule) -> None:
        self.server = server
        self._schedule = schedule
        self._sinks: dict[SessionKey, list[Sink]] = {}
        server.subscribers.append(self)

    async def subscribe(self, key: SessionKey, sink: Sink) -> None:
        self._sinks.setdefault(key, []).append(sink)

    async def unsubscribe(self, key: SessionKey, sink: Sink) -> None:
        sinks = [other for other in self._sinks.pop(key, []) if other is not sink]
        if sinks:
            self._sinks[key] = sinks

    def signal(self, key: SessionKey, payload: bytes) -> None:
        for subscriber in self.server.subscribers:
            subscriber.signalled(key, payload)

    def resync(self) -> None:
        """Tell every sink its tail, as after a connection was re-made and as the quiet check does."""
        for key in self._sinks:
            session = self.server.session(key)
            tail = None if session is None else session.log.tail
            self._feed(key, lambda sink, tail=tail: sink.resynced(tail))  # type: ignore[misc]

    def published(self, key: SessionKey, entries: Sequence[Stored]) -> None:
        self._feed(key, lambda sink: sink.entries(entries))

    def signalled(self, key: SessionKey, payload: bytes) -> None:
        self._feed(key, lambda sink: sink.signal(payload))

    def erased(self, key: SessionKey) -> None:
        self._feed(key, lambda sink: sink.resynced(None))

    def listens(self, key: SessionKey) -> bool:
        return key in self._sinks

    def disconnect(self) -> None:
        """Feed nothing from here on."""
        self._sinks.clear()
        if self in self.server.subscribers:
            self.server.subscribers.remove(self)

    def _feed(self, key: SessionKey, give: Callable[[Sink], None]) -> None:
        if key not in self._sinks:
            return

        def deliver() -> None:
            for sink in tuple(self._sinks.get(key, ())):
                give(sink)

        self._schedule(deliver)


class ModelStore(
    LogSide,
    ShelfSide,
    BusSide,
    DutiesSide,
    RingsSide,
    TicketsSide,
    RefusalsSide,
    RosterSide,
    ArchiveSide,
    AccountsSide,
):
    """The whole promise, over a shared `ModelServer`."""

    def __init__(self, server: ModelServer, schedule: Schedule) -> None:
        LogSide.__init__(self, server)
        BusSide.__init__(self, server, schedule)

    async def close(self) -> None:
        self.disconnect()

    async def memory(self) -> tuple[int, int]:
        used = sum(
            len(entry.sealed)
            for session in self.server.contents.sessions.values()
            for entry in session.log.entries
        )
        return used, 0
