"""Who is at a console: in memory."""

from __future__ import annotations

from hub.store.model.server import ModelServer
from hub.store.rostering import MOST_ROSTER, ROSTER_GAP_MS, ROSTER_KEPT_MS, Seen


class RosterSide:
    """Bounded by number and by time; the one noted last stands at the end."""

    server: ModelServer

    async def note_here(self, tenant: str, participant: str, said: bytes) -> None:
        now, kept = self.server.clock(), self.server.contents.rosters.setdefault(tenant, {})
        before = kept.pop(participant, None)
        since = before.since if before is not None and now - before.last <= ROSTER_GAP_MS else now
        kept[participant] = Seen(participant, since, now, said)
        for oldest in tuple(kept.values()):
            if oldest.last > now - ROSTER_KEPT_MS and len(kept) <= MOST_ROSTER:
                break
            del kept[oldest.participant]

    async def roster(self, tenant: str) -> tuple[int, list[Seen]]:
        kept = self.server.contents.rosters.get(tenant, {})
        return self.server.clock(), sorted(
            kept.values(), key=lambda one: (one.last, one.participant), reverse=True
        )
