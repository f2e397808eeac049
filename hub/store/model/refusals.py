"""What was refused in a session, and of a tenant: in memory."""

from __future__ import annotations

from hub.store.model.server import ModelServer
from hub.store.promise import SessionKey
from hub.store.refusing import MOST_OF_TENANT, MOST_REFUSALS, REFUSALS_KEPT_MS, KeptRefusals


class RefusalsSide:
    """Bounded by number, and by time since the last."""

    server: ModelServer

    async def keep_refusal(self, key: SessionKey, record: bytes, before: bytes, head: bytes) -> bytes | None:
        if self.server.exists(key) != "yes":
            return None
        kept, now = await self.refusals(key), self.server.clock()
        if kept.head == before:
            kept = KeptRefusals(head, (*kept.records, record)[-MOST_REFUSALS:])
            self.server.contents.refused[key] = (now, kept)
        return kept.head

    async def refusals(self, key: SessionKey) -> KeptRefusals:
        return self._not_too_old(*self.server.contents.refused.get(key, (0, KeptRefusals())))

    async def keep_tenants_refusal(self, tenant: str, record: bytes, before: bytes, head: bytes) -> bytes:
        kept, now = await self.tenants_refusals(tenant), self.server.clock()
        if kept.head == before:
            kept = KeptRefusals(head, (*kept.records, record)[-MOST_OF_TENANT:])
            self.server.contents.refused_of[tenant] = (now, kept)
        return kept.head

    async def tenants_refusals(self, tenant: str) -> KeptRefusals:
        return self._not_too_old(*self.server.contents.refused_of.get(tenant, (0, KeptRefusals())))

    def _not_too_old(self, last: int, kept: KeptRefusals) -> KeptRefusals:
        return kept if last + REFUSALS_KEPT_MS > self.server.clock() else KeptRefusals()
