"""The log of sessions on a real store: one script each."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Final

import hiredis

from hub.store import layout
from hub.store.answer import Answer
from hub.store.batches import command
from hub.store.connection import Connection
from hub.store.flight import Kind
from hub.store.layout import Head, beside, meta
from hub.store.promise import (
    MOST_DRAFTS,
    PAGE,
    Append,
    Appended,
    Joined,
    Level,
    LostTail,
    Maker,
    Opened,
    Outcome,
    Page,
    Refused,
    SessionKey,
    Snapshot,
    StoreUnavailable,
)
from hub.store.shelf import NO_PLACE, TAKEN, ShelfSide
from legato.session import chain
from legato.session.ids import RandomBytes
from legato.session.position import Position, epoch_from_bits

_FULL: Final = {"OOM": "overloaded", "MISCONF": "unavailable"}


class LogSide(ShelfSide):
    """See the promise."""

    def __init__(self, connection: Connection, level: Level, random_bytes: RandomBytes) -> None:
        self._connection = connection
        self.level = level
        self._random_bytes = random_bytes

    async def create(
        self, key: SessionKey, genesis: Append, labels: Mapping[str, str], maker: Maker | None = None
    ) -> Outcome:
        taken = 0
        if maker is not None:
            taken = await self._place("take", key, maker.participant, maker.most)
            if taken == NO_PLACE:
                return Refused("too_many", maker.most)
        epoch = epoch_from_bits(self._random_bytes(8))
        base = chain.genesis(key.tenant, key.session, epoch)
        outcome = await self._append("create", key, genesis, fifth=base, sixth=epoch.encode())
        if isinstance(outcome, Appended):
            await self._first_row(key, outcome.time, labels)
        elif taken == TAKEN:
            await self._place("leave", key)
        return outcome

    def append(self, key: SessionKey, batch: Append) -> Awaitable[Outcome]:
        return self._append("append", key, batch)

    def refuse(self, key: SessionKey, batch: Append, refusal: Refused) -> Awaitable[Outcome]:
        return self._append("refuse", key, batch, refusal)

    async def reopen(self, key: SessionKey, evidence: Position, batch: Append) -> Outcome:
        epoch = epoch_from_bits(self._random_bytes(8))
        place = layout.packed_position(evidence)
        return await self._append("reopen", key, batch, fifth=place, sixth=epoch.encode())

    async def open_producer(self, key: SessionKey, producer: str) -> Opened | None:
        opened = await self.call("open_producer", [meta(key)], producer)
        return None if opened is None else Opened(*opened)

    async def join(self, key: SessionKey, producer: str | None = None) -> Joined | None:
        keys = [meta(key), *(beside(key, what) for what in ("log", "snapshots"))]
        got = await self.call("join", keys, producer or "", PAGE)
        if got is None:
            return None
        head = Head.read(got[0])
        rights = {name.decode(): int(number) for name, number in zip(got[4][::2], got[4][1::2], strict=True)}
        snapshot = layout.read_snapshot(got[1]) if got[1] else None
        page = Page(layout.read_range(got[2]), head.first, head.position)
        return Joined(snapshot, page, rights, Opened(*got[3]) if got[3] else None)

    async def read(self, key: SessionKey, after: int, limit: int = PAGE) -> Page | None:
        got = await self._range(key, after, limit)
        return None if got is None else Page(got[1], got[0].first, got[0].position)

    async def position(self, key: SessionKey, offset: int) -> Position | None:
        got = await self._range(key, offset - 1, 1)
        if got is None:
            return None
        head, entries = got
        if offset == head.first - 1:
            return Position.at(head.epoch, offset, head.base)
        found = entries[0] if entries else None
        return Position.at(head.epoch, offset, found.digest) if found and found.offset == offset else None

    async def write_snapshot(self, key: SessionKey, snapshot: Snapshot) -> bool:
        keys = [meta(key), beside(key, "log"), beside(key, "snapshots")]
        place = layout.packed_position(snapshot.position)
        return bool(await self.call("snapshot", keys, place, layout.write_snapshot(snapshot)))

    async def trim(self, key: SessionKey, keep_from: int) -> int:
        keys = [meta(key), beside(key, "log"), beside(key, "snapshots")]
        return int(await self.call("trim", keys, keep_from))

    async def keep_cursor(self, key: SessionKey, name: str, offset: int) -> None:
        await self.call("keep_cursor", [meta(key)], name, offset)

    def _append(
        self, name: str, key: SessionKey, batch: Append, refusal: Refused | None = None, **words: bytes
    ) -> Answer[Outcome]:
        if len(batch.drafts) > MOST_DRAFTS:
            refused: Answer[Outcome] = Answer()
            refused.set_result(Refused("too_large", MOST_DRAFTS))
            return refused
        if batch.deadline is not None:
            self._connection.ask("ZADD", layout.bucket(key), "LT", batch.deadline, layout.tag(key))
        written = command(name, key, batch, refusal, **words)
        return self._connection.request(written, self._outcome, Kind.ORDERED)

    def _outcome(self, reply: Any) -> Outcome:
        if isinstance(reply, bytes):
            first, count, time = layout.read_outcome(reply)
            return Appended(first, count, time, self.level)
        if isinstance(reply, hiredis.ReplyError):
            reason = _FULL.get(str(reply).partition(" ")[0])
            if reason == "overloaded":
                return Refused("overloaded", detail="the store is out of memory")
            if reason == "unavailable":
                return Refused("unavailable", detail="the store cannot write to its disk")
            raise StoreUnavailable(str(reply))
        if reply[0] == 1:
            _, first, count, time, repeat = reply
            return Appended(first, count, time, self.level, bool(repeat))
        if reply[0] == 2:
            return Refused(reply[1].decode(), reply[2], reply[3].decode())
        return LostTail(Position.at(reply[1].decode(), reply[2], reply[3]))

    async def _range(self, key: SessionKey, after: int, limit: int) -> tuple[Head, tuple[Any, ...]] | None:
        got = await self.call("read", [meta(key), beside(key, "log")], max(0, after), limit)
        return None if got is None else (Head.read(got[0]), layout.read_range(got[1]))
