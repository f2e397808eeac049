"""The store on a real server: Redis ≥ 7.0 or Valkey. One connection for sessions, one for duties."""

from __future__ import annotations

from collections.abc import Callable

from hub.store.backoff import Backoff
from hub.store.bus import BusSide
from hub.store.connection import PATIENT, Connection, Manners
from hub.store.duties import DutiesSide
from hub.store.endpoint import Endpoint
from hub.store.log import LogSide
from hub.store.promise import Level
from hub.store.rings import RingsSide
from legato.session.ids import RandomBytes

DUTIES_PATIENCE_MS = 2_000


class RealStore(LogSide, BusSide, DutiesSide, RingsSide):
    """The whole promise. Made by `open`; `level` is what the server gives (`hub/store/fitness.py`)."""

    def __init__(
        self, sessions: Connection, duties: Connection, level: Level, random_bytes: RandomBytes
    ) -> None:
        LogSide.__init__(self, sessions, level, random_bytes)
        BusSide.__init__(self, sessions)
        DutiesSide.__init__(self, duties, random_bytes)
        self._open = (sessions, duties)

    @classmethod
    async def open(
        cls,
        endpoint: Endpoint,
        *,
        level: Level,
        random_bytes: RandomBytes,
        random: Callable[[], float],
        manners: Manners = PATIENT,
    ) -> RealStore:
        """Connect. `StoreUnavailable` if that does not succeed within the patience."""
        sessions = Connection(endpoint, Backoff(random), manners, "legato-sessions")
        patience = min(manners.patience_ms, DUTIES_PATIENCE_MS)
        brisk = Manners(patience, manners.silence_ms, manners.connect_ms, manners.quiet_check_ms)
        duties = Connection(endpoint, Backoff(random), brisk, "legato-duties")
        store = cls(sessions, duties, level, random_bytes)
        await sessions.open()
        try:
            await duties.open()
        except BaseException:
            await sessions.close()
            raise
        return store

    async def close(self) -> None:
        for connection in self._open:
            await connection.close()

    async def memory(self) -> tuple[int, int]:
        text = (await self._duties.ask("INFO", "memory")).decode()
        facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        return int(facts["used_memory"]), int(facts["maxmemory"])
