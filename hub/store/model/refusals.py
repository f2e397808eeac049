"""What was refused in a session, and of a tenant: in memory."""

from __future__ import annotations

from hub.store.model.server import ModelServer
from hub.store.promise import SessionKey
from hub.store.refusing import MOST_OF_TENANT, MOST_REFUSALS, REFUSALS_KEPT_MS


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

    async def keep_tenants_refusal(self, tenant: str, sealed: bytes) -> None:
        kept = await self.tenants_refusals(tenant)
        self.server.contents.refused_of[tenant] = (self.server.clock(), [*kept, sealed][-MOST_OF_TENANT:])

    async def tenants_refusals(self, tenant: str) -> list[bytes]:
        last, kept = self.server.contents.refused_of.get(tenant, (0, []))
        return list(kept) if last + REFUSALS_KEPT_MS > self.server.clock() else []
