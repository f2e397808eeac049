"""Who is at a console: on a real store."""

from __future__ import annotations

import asyncio

from hub.store.asking import Asking
from hub.store.layout import of_tenant
from hub.store.rostering import MOST_ROSTER, ROSTER_GAP_MS, ROSTER_KEPT_MS, Seen


class RosterSide(Asking):
    """See the promise. A value is `SINCE:` and what is said."""

    async def note_here(self, tenant: str, participant: str, said: bytes) -> None:
        keys = [of_tenant(tenant, "roster"), of_tenant(tenant, "rostered")]
        await self.call("note_here", keys, participant, said, ROSTER_GAP_MS, MOST_ROSTER, ROSTER_KEPT_MS)

    async def roster(self, tenant: str) -> tuple[int, list[Seen]]:
        ask = self._connection.ask
        clock, rows, kept = await asyncio.gather(
            ask("TIME"),
            ask("ZREVRANGE", of_tenant(tenant, "rostered"), 0, -1, "WITHSCORES"),
            ask("HGETALL", of_tenant(tenant, "roster")),
        )
        found: list[Seen] = []
        for who, last in rows:
            since, colon, said = kept.get(who, b"").partition(b":")
            if colon:
                found.append(Seen(who.decode(), int(since), int(last), said))
        return int(clock[0]) * 1000 + int(clock[1]) // 1000, found
