"""Hot audio on a real store: a hash per track and minute, set if absent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from functools import lru_cache
from typing import Any, Final

from hub.store.asking import Asking
from hub.store.connection import plain
from hub.store.layout import beside, meta
from hub.store.promise import RING_MS, SessionKey

KEPT_NAMES: Final = 4_096
"""Names of keys that are kept at hand: ten times a second a track needs three."""


class RingsSide(Asking):
    """See the promise."""

    def put_audio(
        self, key: SessionKey, track: str, batches: Mapping[tuple[int, int], bytes]
    ) -> Awaitable[bool]:
        minutes: dict[int, list[Any]] = {}
        for (minute, field), sealed in batches.items():
            minutes.setdefault(minute, []).extend((field, sealed))
        keys = [*_both(key), *[_minute(key, track, minute) for minute in minutes]]
        arguments: list[Any] = [RING_MS, track]
        for minute, pairs in minutes.items():
            arguments += (minute, len(pairs) // 2, *pairs)
        return self.request("put_audio", keys, *arguments, decode=_kept)

    async def audio(self, key: SessionKey, track: str, minute: int) -> dict[int, bytes]:
        fields = await self._connection.ask("HGETALL", _minute(key, track, minute))
        return dict(sorted((int(field), sealed) for field, sealed in fields.items()))

    async def tracks(self, key: SessionKey) -> dict[str, list[int]]:
        asked = [self._connection.ask("TIME")]
        asked.append(self._connection.ask("ZRANGE", beside(key, "tracks"), 0, -1, "WITHSCORES"))
        (seconds, micros), rows = await asyncio.gather(*asked)
        now = int(seconds) * 1000 + int(micros) // 1000
        members = [member.decode().partition("/") for member, expires in rows if expires > now]
        held: dict[str, list[int]] = {}
        for track, minute in sorted((track, int(minute)) for minute, _, track in members):
            held.setdefault(track, []).append(minute)
        return held

    async def drop_audio(
        self, key: SessionKey, track: str, minute: int, fields: Collection[int] | None = None
    ) -> None:
        keys = [beside(key, "tracks"), _minute(key, track, minute)]
        some = ("",) if fields is None else ("some", *fields)
        await self.call("drop_audio", keys, f"{minute}/{track}", *some)


def _kept(reply: Any) -> bool:
    """Whether the session was there to have it."""
    return bool(plain(reply))


@lru_cache(maxsize=KEPT_NAMES)
def _both(key: SessionKey) -> tuple[str, str]:
    """What every writing of a session names."""
    return meta(key), beside(key, "tracks")


@lru_cache(maxsize=KEPT_NAMES)
def _minute(key: SessionKey, track: str, minute: int) -> str:
    return beside(key, f"audio:{minute}/{track}")
