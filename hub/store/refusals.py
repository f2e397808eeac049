"""What was refused in a session: on a real store."""

from __future__ import annotations

from hub.store.asking import Asking
from hub.store.layout import beside, meta
from hub.store.promise import SessionKey
from hub.store.refusing import MOST_REFUSALS, REFUSALS_KEPT_MS


class RefusalsSide(Asking):
    """See the promise."""

    async def keep_refusal(self, key: SessionKey, sealed: bytes) -> bool:
        words = (sealed, MOST_REFUSALS, REFUSALS_KEPT_MS)
        return bool(await self.call("keep_refusal", [meta(key), beside(key, "refusals")], *words))

    async def refusals(self, key: SessionKey) -> list[bytes]:
        return list(await self._connection.ask("LRANGE", beside(key, "refusals"), 0, -1))
