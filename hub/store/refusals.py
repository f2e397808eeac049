"""What was refused in a session, and of a tenant: on a real store."""

from __future__ import annotations

from hub.store.asking import Asking
from hub.store.layout import beside, meta, of_tenant
from hub.store.promise import SessionKey
from hub.store.refusing import MOST_OF_TENANT, MOST_REFUSALS, REFUSALS_KEPT_MS


class RefusalsSide(Asking):
    """See the promise."""

    async def keep_refusal(self, key: SessionKey, sealed: bytes) -> bool:
        words = (sealed, MOST_REFUSALS, REFUSALS_KEPT_MS)
        return bool(await self.call("keep_refusal", [meta(key), beside(key, "refusals")], *words))

    async def refusals(self, key: SessionKey) -> list[bytes]:
        return list(await self._connection.ask("LRANGE", beside(key, "refusals"), 0, -1))

    async def keep_tenants_refusal(self, tenant: str, sealed: bytes) -> None:
        words = (sealed, MOST_OF_TENANT, REFUSALS_KEPT_MS)
        await self.call("keep_tenants_refusal", [of_tenant(tenant, "refusals")], *words)

    async def tenants_refusals(self, tenant: str) -> list[bytes]:
        return list(await self._connection.ask("LRANGE", of_tenant(tenant, "refusals"), 0, -1))
