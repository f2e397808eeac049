"""The store on a real server: Redis ≥ 7.0 or Valkey. One connection for sessions, one for duties."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from hub.pass_end import PassEnd
from hub.store.accounts import AccountsSide
from hub.store.archive import ArchiveSide
from hub.store.backoff import FIRST_MS, LOCAL_MS, Backoff
from hub.store.bus import BusSide
from hub.store.connection import PATIENT, Connection, Manners, plain
from hub.store.duties import DutiesSide
from hub.store.endpoint import Endpoint
from hub.store.log import LogSide
from hub.store.pressure import Pressure, pressure
from hub.store.promise import Append, Level, Maker, Outcome, Refused, SessionKey, StoreUnavailable
from hub.store.refusals import RefusalsSide
from hub.store.rings import RingsSide
from hub.store.roster import RosterSide
from hub.store.tickets import TicketsSide
from legato.session.ids import RandomBytes

DUTIES_PATIENCE_MS: Final = 2_000


class RealStore(
    LogSide, BusSide, DutiesSide, RingsSide, TicketsSide, RefusalsSide, RosterSide, ArchiveSide, AccountsSide
):
    """The whole promise. Made by `open`; `level` is what the server gives (`hub/store/fitness.py`)."""

    def __init__(
        self, sessions: Connection, duties: Connection, level: Level, random_bytes: RandomBytes
    ) -> None:
        LogSide.__init__(self, sessions, level, random_bytes)
        BusSide.__init__(self, sessions)
        DutiesSide.__init__(self, duties, random_bytes)
        self.pressure = Pressure.CALM
        self._open = (sessions, duties)
        duties.on_live = duties.on_quiet = self._gauge

    def gather(self, pass_end: PassEnd) -> None:
        """What is asked for at the pass's end while the sessions' connection is read is done once, after it."""
        self._connection.pass_end = pass_end

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
        first_ms = LOCAL_MS if endpoint.path else FIRST_MS
        sessions = Connection(endpoint, Backoff(random, first_ms), manners, "legato-sessions")
        patience = min(manners.patience_ms, DUTIES_PATIENCE_MS)
        brisk = Manners(patience, manners.silence_ms, manners.connect_ms, manners.quiet_check_ms)
        duties = Connection(endpoint, Backoff(random, first_ms), brisk, "legato-duties")
        store = cls(sessions, duties, level, random_bytes)
        await sessions.open()
        try:
            await duties.open()
        except BaseException:
            await sessions.close()
            raise
        return store

    async def create(
        self, key: SessionKey, genesis: Append, labels: Mapping[str, str], maker: Maker | None = None
    ) -> Outcome:
        if self.pressure >= Pressure.NO_NEW_SESSIONS and await self.exists(key) == "no":
            return Refused("overloaded", detail="the store is nearly full: no new sessions")
        return await super().create(key, genesis, labels, maker)

    def put_audio(
        self, key: SessionKey, track: str, batches: Mapping[tuple[int, int], bytes]
    ) -> Awaitable[bool]:
        if self.pressure >= Pressure.NO_AUDIO:
            return _refused_audio()
        return super().put_audio(key, track, batches)

    async def close(self) -> None:
        for connection in self._open:
            await connection.close()

    async def memory(self) -> tuple[int, int]:
        used, limit = _used_and_limit(await self._duties.ask("INFO", "memory"))
        self.pressure = pressure(used, limit)
        return used, limit

    def _gauge(self) -> None:
        """Ask how full it is; the answer counts from when it comes."""

        def gauged(reply: Any) -> None:
            self.pressure = pressure(*_used_and_limit(plain(reply)))

        self._duties.ask("INFO", "memory", decode=gauged)


async def _refused_audio() -> bool:
    """What was taken stays: a node brings it to the vault (`hub.node.memory`), and only then it leaves."""
    raise StoreUnavailable("the store is nearly full: audio is not kept")


def _used_and_limit(reply: bytes) -> tuple[int, int]:
    facts = dict(line.split(":", 1) for line in reply.decode().splitlines() if ":" in line)
    return int(facts["used_memory"]), int(facts["maxmemory"])
