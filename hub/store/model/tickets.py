"""Who holds an attachment's resume tickets, and what was called back: in memory."""

from __future__ import annotations

from hub.store.model.server import ModelServer
from hub.store.promise import MOST_HOLDERS, TICKETS_KEPT_MS, SessionKey


class TicketsSide:
    """Both are bounded by time, holders also by number: the oldest go."""

    server: ModelServer

    async def holder(self, key: SessionKey, attachment: str) -> bytes | None:
        session = self.server.session(key)
        return None if session is None else session.holders.get(attachment, (0, None))[1]

    async def set_holder(
        self, key: SessionKey, attachment: str, value: bytes, expected: bytes | None
    ) -> bool:
        session = self.server.session(key)
        if session is None or await self.holder(key, attachment) != expected:
            return False
        now = self.server.clock()
        session.holders.pop(attachment, None)
        session.holders[attachment] = (now, value)
        for oldest, (noted, _) in tuple(session.holders.items()):
            if noted > now - TICKETS_KEPT_MS and len(session.holders) <= MOST_HOLDERS:
                break
            del session.holders[oldest]
        return True

    async def revoke(self, what: bytes) -> int:
        now = self.server.clock()
        kept = self.server.contents.revoked
        kept[what] = now
        for each, noted in tuple(kept.items()):
            if noted <= now - TICKETS_KEPT_MS:
                del kept[each]
        return now

    async def revocations(self, since: int) -> list[tuple[bytes, int]]:
        found = [(what, noted) for what, noted in self.server.contents.revoked.items() if noted >= since]
        return sorted(found, key=lambda row: (row[1], row[0]))
