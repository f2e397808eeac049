"""Who holds an attachment's resume tickets, and what was called back: on a real store."""

from __future__ import annotations

from typing import Any, Final

from hub.store.asking import Asking
from hub.store.layout import PREFIX, beside, meta
from hub.store.promise import MOST_HOLDERS, TICKETS_KEPT_MS, SessionKey

REVOKED: Final = f"{PREFIX}{{revoked}}"


class TicketsSide(Asking):
    """See the promise."""

    async def holder(self, key: SessionKey, attachment: str) -> bytes | None:
        found: bytes | None = await self._connection.ask("HGET", beside(key, "holders"), attachment)
        return found

    async def set_holder(
        self, key: SessionKey, attachment: str, value: bytes, expected: bytes | None
    ) -> bool:
        keys = [meta(key), beside(key, "holders"), beside(key, "held")]
        words: tuple[Any, ...] = (attachment, value, expected or b"", MOST_HOLDERS, TICKETS_KEPT_MS)
        return bool(await self.call("set_holder", keys, *words))

    async def revoke(self, what: bytes) -> int:
        return int(await self.call("revoke", [REVOKED], what, TICKETS_KEPT_MS))

    async def revocations(self, since: int) -> list[tuple[bytes, int]]:
        rows = await self._connection.ask("ZRANGEBYSCORE", REVOKED, since, "+inf", "WITHSCORES")
        return [(what, int(noted)) for what, noted in rows]
