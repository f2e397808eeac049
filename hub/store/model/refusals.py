"""What was refused in a session: in memory."""

from __future__ import annotations

from hub.store.model.server import ModelServer
from hub.store.promise import SessionKey
from hub.store.refusing import MOST_REFUSALS, REFUSALS_KEPT_MS


class RefusalsSide:
    """Bounded by number, and by time since the last."""

    server: ModelServer

    async def keep_refusal(self, key: SessionKey, sealed: bytes) -> bool:
        if self.server.exists(key) != "yes":
            return False
        kept = await self.refusals(key)
        self.server.contents.refused[key] = (self.server.clock(), [*kept, sealed][-MOST_REFUSALS:])
        return True

    async def refusals(self, key: SessionKey) -> list[bytes]:
        last, kept = self.server.contents.refused.get(key, (0, []))
        return list(kept) if last + REFUSALS_KEPT_MS > self.server.clock() else []
