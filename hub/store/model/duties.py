"""Beats, notes of who holds what, sessions that wait for an agent, deadlines: in memory."""

from __future__ import annotations

from collections.abc import Sequence

from hub.store.model.server import ModelServer
from hub.store.promise import SessionKey


class DutiesSide:
    """What nodes share about work."""

    server: ModelServer

    async def beat(self, holders: Sequence[str]) -> None:
        contents = self.server.contents
        for holder in holders:
            contents.beats[holder] = contents.beats.get(holder, contents.highest_beat) + 1

    async def beats(self) -> dict[str, int]:
        return dict(self.server.contents.beats)

    async def forget_holder(self, holder: str, counter: int) -> bool:
        contents = self.server.contents
        if contents.beats.get(holder) != counter:
            return False
        del contents.beats[holder]
        contents.highest_beat = max(contents.highest_beat, counter)
        return True

    async def held(self, holder: str) -> list[tuple[SessionKey, str]]:
        return sorted(self.server.contents.held.get(holder, set()))

    async def hold(self, holder: str, key: SessionKey, right: str) -> None:
        self.server.contents.held.setdefault(holder, set()).add((key, right))

    async def hold_in(self, holder: str, keys: Sequence[SessionKey], right: str) -> None:
        for key in keys:
            await self.hold(holder, key, right)

    async def let_go(self, holder: str, key: SessionKey, right: str) -> None:
        self.server.contents.held.get(holder, set()).discard((key, right))

    async def claim_conductor(self, key: SessionKey, node: str, seen: str) -> str:
        session = self.server.session(key)
        if session is None:
            return ""
        if session.conductor == seen:
            session.conductor = node
        return session.conductor

    async def want(self, tenant: str, agent: str, key: SessionKey, since: int) -> None:
        waiting = self.server.contents.wanted.setdefault((tenant, agent), {})
        waiting.setdefault(key, since)

    async def unwant(self, tenant: str, agent: str, key: SessionKey) -> None:
        self.server.contents.wanted.get((tenant, agent), {}).pop(key, None)

    async def wanted(self, tenant: str, agent: str, limit: int = 100) -> list[SessionKey]:
        waiting = self.server.contents.wanted.get((tenant, agent), {})
        return sorted(waiting, key=lambda key: (waiting[key], key))[:limit]

    async def due(self, now: int, limit: int = 100) -> list[tuple[SessionKey, int]]:
        deadlines = self.server.contents.deadlines
        found = [(key, deadline) for key, deadline in deadlines.items() if deadline <= now]
        return sorted(found, key=lambda row: (row[1], row[0]))[:limit]

    async def schedule(self, key: SessionKey, deadline: int | None, seen: int | None = None) -> None:
        deadlines = self.server.contents.deadlines
        if seen is not None and deadlines.get(key) != seen:
            return
        if deadline is None:
            deadlines.pop(key, None)
        else:
            deadlines[key] = deadline

    async def time(self) -> int:
        return self.server.clock()
