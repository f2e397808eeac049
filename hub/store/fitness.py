"""Whether a server may be trusted with sessions: asked once, at start.

A store that evicts, keeps nothing on disk, or hides its settings loses acknowledged events without anybody
noticing. Such a one is refused, with the reason and what to change, unless somebody accepts it and says why;
what is accepted is repeated by `doctor`. What cannot work at all (too old, a replica) is never accepted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import RedisError, ResponseError

from hub.store.admin import client
from hub.store.endpoint import Endpoint
from hub.store.pressure import AUDIO_PERCENT, SESSIONS_PERCENT, Pressure, pressure
from hub.store.promise import Level, StoreUnavailable

OLDEST: Final = (7, 0)


class StoreUnfit(Exception):
    """The server is refused. `reasons` say why and what to change; `acceptable` whether a reason given by the
    operator would let it pass."""

    def __init__(self, reasons: tuple[str, ...], acceptable: bool) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons
        self.acceptable = acceptable


def require_synced(level: Level) -> None:
    """Raises `StoreUnfit` unless the store acknowledges what would survive a power cut."""
    if level != "synced":
        raise StoreUnfit(
            (f"Its acknowledgements say `{level}`: `--synced` needs `appendfsync always` in the store.",),
            False,
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server says of itself; None: it does not let us see."""

    version: str
    role: str
    cluster: bool
    aof: bool
    policy: str
    maxmemory: int
    fsync: str | None
    aof_failing: bool = False
    used: int = 0


@dataclass(frozen=True, slots=True)
class Fitness:
    """What is promised on this server: the level its acknowledgements name, and what the operator should know."""

    level: Level
    warnings: tuple[str, ...]


async def examine(endpoint: Endpoint, accepted: str = "") -> Fitness:
    """Ask and judge. `StoreUnfit` if it is refused, `StoreUnavailable` if it cannot be asked."""
    return judge(await facts(endpoint), accepted)


def judge(seen: Facts, accepted: str = "") -> Fitness:
    """The decision. `accepted` is the operator's reason to take a server that could lose data."""
    impossible = _impossible(seen)
    if impossible:
        raise StoreUnfit(impossible, acceptable=False)
    doubts = _doubts(seen)
    if doubts and not accepted.strip():
        raise StoreUnfit(doubts, acceptable=True)
    warnings = [f"Accepted ({accepted.strip()}): {doubt}" for doubt in doubts]
    if not seen.maxmemory:
        warnings.append(
            "The store has no memory limit (maxmemory 0): it cannot refuse new sessions before it is full."
        )
    if seen.fsync == "no":
        warnings.append("appendfsync is `no`: a power cut may lose half a minute. `always` closes that gap.")
    if seen.fsync == "everysec":
        warnings.append(
            "appendfsync is `everysec`: while one flush is slow it acknowledges what it has not written yet, so "
            "acknowledgements say `memory`. `no` gives `buffered`, `always` gives `synced`."
        )
    if seen.aof_failing:
        warnings.append("The last write of the append-only file failed: look at the server's disk.")
    return Fitness(_level(seen), (*warnings, *fullness(seen)))


def fullness(seen: Facts) -> tuple[str, ...]:
    """What to know of a server that is nearly full."""
    if pressure(seen.used, seen.maxmemory) is Pressure.CALM:
        return ()
    percent = seen.used * 100 // seen.maxmemory
    return (
        f"It is {percent} % full ({seen.used >> 20} of {seen.maxmemory >> 20} MB): above {SESSIONS_PERCENT} % no new "
        f"sessions are made, above {AUDIO_PERCENT} % no sound is kept. Give it more memory.",
    )


async def facts(endpoint: Endpoint) -> Facts:
    """Ask the server."""
    return await asyncio.to_thread(_ask, endpoint)


def _ask(endpoint: Endpoint) -> Facts:
    asking = client(endpoint)
    try:
        told: Mapping[str, Any] = asking.info("everything")
        try:
            shown: Mapping[str | None, str | None] = asking.config_get("appendfsync")
        except ResponseError:
            shown = {}
    except RedisError as failure:
        raise StoreUnavailable(f"The store cannot be asked about itself: {failure}") from failure
    finally:
        asking.close()
    return Facts(
        version=str(told.get("redis_version", "0")),
        role=str(told.get("role", "")),
        cluster=bool(int(told.get("cluster_enabled", 0))),
        aof=bool(int(told.get("aof_enabled", 0))),
        policy=str(told.get("maxmemory_policy", "")),
        maxmemory=int(told.get("maxmemory", 0)),
        fsync=shown.get("appendfsync"),
        used=int(told.get("used_memory", 0)),
        aof_failing=str(told.get("aof_last_write_status", "ok")) != "ok",
    )


def _impossible(seen: Facts) -> tuple[str, ...]:
    found = []
    if _numbers(seen.version) < OLDEST:
        found.append(f"The store is too old ({seen.version}). Use Redis 7.0 or newer, or Valkey.")
    if seen.role not in ("master", "primary"):
        found.append("The store is a replica: writes must go to its primary. Give the primary's URL.")
    if seen.cluster:
        found.append("Cluster mode is on, which is not supported yet. Give the URL of a server without it.")
    return tuple(found)


def _doubts(seen: Facts) -> tuple[str, ...]:
    found = []
    if seen.policy != "noeviction":
        policy = seen.policy or "unknown"
        found.append(
            f"It may evict sessions when it is full (maxmemory-policy {policy}). Set it to noeviction."
        )
    if not seen.aof:
        found.append(
            "It keeps nothing on disk (appendonly no): a restart loses every session. Set appendonly yes."
        )
    if seen.fsync is None:
        found.append(
            "Its settings cannot be seen (CONFIG is renamed or forbidden). Allow `CONFIG GET` to this user."
        )
    return tuple(found)


def _level(seen: Facts) -> Level:
    """Decision 0006: with `everysec` a server may answer before it has written."""
    if not seen.aof or seen.fsync not in ("always", "no"):
        return "memory"
    return "synced" if seen.fsync == "always" else "buffered"


def _numbers(version: str) -> tuple[int, int]:
    major, minor, *_ = [*version.split("."), "0", "0"]
    return (int(major) if major.isdecimal() else 0, int(minor) if minor.isdecimal() else 0)
