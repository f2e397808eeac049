"""What was refused in a session, and of a tenant: on a real store."""

from __future__ import annotations

from hub.store.asking import Asking
from hub.store.layout import beside, meta, of_tenant
from hub.store.promise import SessionKey
from hub.store.refusing import MOST_OF_TENANT, MOST_REFUSALS, REFUSALS_KEPT_MS, KeptRefusals


class RefusalsSide(Asking):
    """See the promise."""

    async def keep_refusal(self, key: SessionKey, record: bytes, before: bytes, head: bytes) -> bytes | None:
        keys = [beside(key, "refusals"), beside(key, "refused"), meta(key)]
        answer = await self.call("keep_refusal", keys, record, before, head, MOST_REFUSALS, REFUSALS_KEPT_MS)
        return None if answer is None else bytes(answer)

    async def refusals(self, key: SessionKey) -> KeptRefusals:
        return await self._kept([beside(key, "refusals"), beside(key, "refused")])

    async def keep_tenants_refusal(self, tenant: str, record: bytes, before: bytes, head: bytes) -> bytes:
        keys = [of_tenant(tenant, "refusals"), of_tenant(tenant, "refused")]
        words = (record, before, head, MOST_OF_TENANT, REFUSALS_KEPT_MS)
        return bytes(await self.call("keep_refusal", keys, *words))

    async def tenants_refusals(self, tenant: str) -> KeptRefusals:
        return await self._kept([of_tenant(tenant, "refusals"), of_tenant(tenant, "refused")])

    async def _kept(self, keys: list[str]) -> KeptRefusals:
        head, records = await self.call("refusals", keys)
        return KeptRefusals(head, tuple(records))
