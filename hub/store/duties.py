"""Beats, notes of who holds what, sessions that wait, deadlines: on a real store.

They go over a connection of their own, with less patience: a beat is never behind a queue of appends,
and a sweeper learns soon that a read did not succeed (which then counts for nobody's death).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from hub.store import layout
from hub.store.connection import Connection
from hub.store.layout import PREFIX, bucket, meta, tag
from hub.store.promise import SessionKey
from hub.store.scripts import script
from legato.session.ids import RandomBytes

BEATS: Final = f"{PREFIX}{{beats}}"
HIGHEST: Final = f"{BEATS}:highest"
"""The highest counter that was removed."""

BEATEN_AT_ONCE: Final = 1_000
"""Holders that one script raises."""


class DutiesSide:
    """See the promise."""

    def __init__(self, connection: Connection, random_bytes: RandomBytes) -> None:
        self._duties = connection
        self._nonces = random_bytes

    async def beat(self, holders: Sequence[str]) -> None:
        some = [holders[at : at + BEATEN_AT_ONCE] for at in range(0, len(holders), BEATEN_AT_ONCE)]
        await asyncio.gather(*[self._script("beat", [BEATS, HIGHEST], *each) for each in some])

    async def beats(self) -> dict[str, int]:
        counters = await self._duties.ask("HGETALL", BEATS)
        return {holder.decode(): int(counter) for holder, counter in counters.items()}

    async def forget_holder(self, holder: str, counter: int) -> bool:
        keys = [BEATS, f"{BEATS}:forgotten:{holder}", HIGHEST]
        return bool(await self._script("forget_holder", keys, holder, counter, self._nonces(12)))

    async def held(self, holder: str) -> list[tuple[SessionKey, str]]:
        notes = await self._duties.ask("SMEMBERS", _notes(holder))
        parts = sorted(note.decode().rpartition("/") for note in notes)
        return sorted((layout.from_tag(name), right) for name, _, right in parts)

    async def hold(self, holder: str, key: SessionKey, right: str) -> None:
        await self.hold_in(holder, [key], right)

    async def hold_in(self, holder: str, keys: Sequence[SessionKey], right: str) -> None:
        await self._duties.ask("SADD", _notes(holder), *[f"{tag(key)}/{right}" for key in keys])

    async def let_go(self, holder: str, key: SessionKey, right: str) -> None:
        await self._duties.ask("SREM", _notes(holder), f"{tag(key)}/{right}")

    async def claim_conductor(self, key: SessionKey, node: str, seen: str) -> str:
        now: bytes = await self._script("claim_conductor", [meta(key)], node, seen)
        return now.decode()

    async def want(self, tenant: str, agent: str, key: SessionKey, since: int) -> None:
        await self._duties.ask("ZADD", _waiting(tenant, agent), "NX", since, tag(key))

    async def unwant(self, tenant: str, agent: str, key: SessionKey) -> None:
        await self._duties.ask("ZREM", _waiting(tenant, agent), tag(key))

    async def wanted(self, tenant: str, agent: str, limit: int = 100) -> list[SessionKey]:
        if limit <= 0:
            return []
        found = await self._duties.ask("ZRANGE", _waiting(tenant, agent), 0, limit - 1)
        return [layout.from_tag(member.decode()) for member in found]

    async def due(self, now: int, limit: int = 100) -> list[tuple[SessionKey, int]]:
        words = ("-inf", now, "WITHSCORES", "LIMIT", 0, limit)
        asked = [self._duties.ask("ZRANGEBYSCORE", name, *words) for name in layout.buckets()]
        rows = [row for bucketful in await asyncio.gather(*asked) for row in bucketful]
        found = [(layout.from_tag(member.decode()), int(score)) for member, score in rows]
        return sorted(found, key=lambda row: (row[1], row[0]))[:limit]

    async def schedule(self, key: SessionKey, deadline: int | None, seen: int | None = None) -> None:
        words = ("" if deadline is None else deadline, "" if seen is None else seen)
        await self._script("schedule", [bucket(key)], tag(key), *words)

    async def time(self) -> int:
        seconds, micros = await self._duties.ask("TIME")
        return int(seconds) * 1000 + int(micros) // 1000

    def _script(self, name: str, keys: list[str], *arguments: Any) -> asyncio.Future[Any]:
        return self._duties.ask("EVALSHA", script(name).digest, len(keys), *keys, *arguments)


def _notes(holder: str) -> str:
    return f"{PREFIX}{{held/{holder}}}"


def _waiting(tenant: str, agent: str) -> str:
    return f"{PREFIX}{{waiting/{tenant}/{agent}}}"
