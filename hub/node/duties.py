"""What a node does besides answering: beats and watches, sweeps deadlines, conducts, offers, tidies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from hub.keys.errors import KeysError
from hub.node.archiving import VAULT_FAILS, archive, vault_failed
from hub.node.clockwatch import ClockWatch
from hub.node.conductor import Conductor, Part, Turns, conducted
from hub.node.dispatch import Dispatch, worker_holder
from hub.node.entries import SessionDamaged
from hub.node.errands import Caller, Errands
from hub.node.insisting import insist
from hub.node.leases import Leases
from hub.node.memory import Memory
from hub.node.notifying import Notifier, Notifying
from hub.node.presence import NOTE, Attendance, holder_of, surely
from hub.node.queueing import EVERY_MS, Queueing
from hub.node.recent import Told
from hub.node.retention import AGAIN_MS, agents_leave, due, erasable_at
from hub.node.room import Room
from hub.node.rooms import Rooms
from hub.node.tidying import Tidying
from hub.node.tools import Tools
from hub.settings import Settings
from hub.store.promise import SessionKey, StoreUnavailable
from hub.vault import VaultUnavailable
from legato.session.actors import WORKER
from legato.session.decisions import Decided, raised
from legato.session.events import AgentCrashed, AgentUnreachable, Event, RightGranted, RightReleased
from legato.session.right_rules import reachable, unreachable
from legato.session.state import State

log: Final = logging.getLogger("legato.node")

PRODUCER: Final = "duties"
FOREIGN_MS: Final = 2_000
"""How long a deadline of a session that another node conducts may be overdue."""

TIDY_MS: Final = 1_000
CLOSE_MS: Final = 250
MEMORY_MS: Final = 5_000


class Duties:
    """See the module. `session_now` is kept right by the sweep."""

    def __init__(
        self,
        tools: Tools,
        settings: Settings,
        attendance: Attendance,
        erase: Callable[[SessionKey], Awaitable[None]],
        notifier: Notifier,
        caller: Caller,
    ) -> None:
        self.skew = 0
        self.errands = Errands(tools, caller, lambda key: self._rooms.at(key), self._lives)
        self._notifying = Notifying(tools, notifier, self._settle)
        self.memory = Memory(tools, settings.audio_first_ratio)
        self._erase = erase
        self.dispatch = Dispatch(tools, settings.offer_patience, settings.await_patience)
        self.leases = Leases(tools, settings.lease, settings.beat, self._bury)
        self._tools = tools
        self._settings = settings
        self._attendance = attendance
        self._clock = ClockWatch(settings.clock_jump)
        self._conductors: dict[SessionKey, Conductor] = {}
        self._turns = Turns()
        self._firing: set[SessionKey] = set()
        self._rooms: Rooms

    async def begin(self, rooms: Rooms) -> None:
        """Learn the store's time and who lives, then work in the background."""
        self._rooms = rooms
        self.memory.rooms = rooms
        self.skew = self._clock.read(await self._tools.store.time(), self._tools.now())
        await self.leases.beat()
        tidying = Tidying(self._tools, self._settings, rooms, self._conductors, self)
        for pause, work in (
            (self._settings.beat, self.leases.beat),
            (self._settings.sweep, self._sweep),
            (TIDY_MS, tidying.round),
            (CLOSE_MS, tidying.close),
            (TIDY_MS, self.dispatch.offer),
            (EVERY_MS, Queueing(self._tools, lambda: conducted(self._conductors.values())).tell),
            (MEMORY_MS, self.memory.measure),
        ):
            self._tools.spawn(_every(self._tools, pause, work))

    # --- rooms

    def opened(self, room: Room) -> None:
        """A room was opened here."""
        tools, settings, tell = self._tools, self._settings, self._notifying.look
        conductor = Conductor(room, tools, settings, self._look, tell, self._lives, self._turns)
        self._conductors[room.key] = conductor
        self._tools.spawn(conductor.claim())

    def _look(self, room: Room) -> None:
        """It may want a worker, or something of the hub (called for sessions that this node conducts)."""
        self.dispatch.look(room)
        self.errands.look(room)

    def closed(self, room: Room) -> None:
        """A room is open here no more."""
        self._conductors.pop(room.key).close()
        self.errands.forget(room.key)
        self.dispatch.forget(room.key)

    def rewound(self, room: Room) -> None:
        """The room's state was replaced, and what was noted of it in the store may be gone."""
        self.dispatch.forget(room.key)
        conductor = self._conductors.get(room.key)
        if conductor is not None:
            conductor.rewound()

    def watch(self, room: Room, events: list[Told]) -> None:
        """Events were folded in a room."""
        for told in events:
            event = told.event
            if isinstance(event, RightGranted | RightReleased | AgentCrashed):
                self._right_moved(room, event)
            elif isinstance(event, AgentUnreachable):
                self.dispatch.missed(room.key.tenant, event.right.removeprefix(WORKER), room.key)
        self.errands.watch(room)
        conductor = self._conductors.get(room.key)
        if conductor is not None:
            conductor.watch()

    def grown(self, room: Room) -> None:
        """Nothing but words of open messages were folded in a room."""
        conductor = self._conductors.get(room.key)
        if conductor is not None and conductor.behind:
            conductor.watch()

    async def resign(self, room: Room) -> None:
        """The room closes: leave its duties in order."""
        conductor = self._conductors.get(room.key)
        if conductor is not None:
            try:
                await conductor.resign()
            except (StoreUnavailable, KeysError):
                log.warning("a session was left without a last snapshot")

    # --- workers

    def register_worker(self, tenant: str, agent: str, worker: str) -> None:
        """It is connected here: it beats through us, and is reachable again."""
        holder = worker_holder(tenant, worker)
        self.leases.holders.add(holder)
        self._tools.spawn(self._welcome(holder))

    def worker_lost(self, tenant: str, agent: str, worker: str) -> None:
        """Its connection closed."""
        holder = worker_holder(tenant, worker)
        self.leases.holders.discard(holder)
        self.dispatch.unregister(tenant, agent, worker)
        self._tools.spawn(self._for_each_held(holder, self._unreachable))

    async def _welcome(self, holder: str) -> None:
        """Its counter moves before it is given anything."""
        await insist(lambda: self._tools.store.beat([holder]))
        await self._for_each_held(holder, self._reachable)

    def _right_moved(self, room: Room, event: RightGranted | RightReleased | AgentCrashed) -> None:
        if event.right.startswith(WORKER):
            worker = event.worker if isinstance(event, RightGranted) else ""
            agent = event.right.removeprefix(WORKER)
            noted = self.dispatch.settled(room.key.tenant, agent, room.key, worker)
            if worker and not noted and worker_holder(room.key.tenant, worker) in self.leases.holders:
                holder = worker_holder(room.key.tenant, worker)
                self._tools.spawn(insist(lambda: self._tools.store.hold(holder, room.key, event.right)))

    async def _for_each_held(
        self, holder: str, do: Callable[[str, SessionKey, str, int], Awaitable[None]]
    ) -> None:
        for key, right in await insist(lambda: self._tools.store.held(holder)):
            await insist(lambda key=key, right=right: do(holder, key, right, self._settings.reconnect_window))  # type: ignore[misc]

    async def _reachable(self, holder: str, key: SessionKey, right: str, _: int) -> None:
        await self._settle(key, lambda state: reachable(state, right) if _has(state, right, holder) else [])

    async def _unreachable(self, holder: str, key: SessionKey, right: str, window: int) -> None:
        if holder in self.leases.holders:
            return  # it is back already
        await self._settle(
            key, lambda state: unreachable(state, right, window) if _has(state, right, holder) else []
        )

    async def _settle(self, key: SessionKey, decide: Callable[[State], list[Event]]) -> None:
        """Append what `decide` makes of the session's state."""

        def decided(state: State) -> Decided:
            events = tuple(decide(state))
            return Decided(events, True, {}, raised(events))

        async with self._rooms.at(key) as room:
            if room is not None:
                surely(await room.settle(PRODUCER, decided))

    # --- deaths

    def _lives(self, node: str) -> bool:
        return holder_of(node) in self.leases.living

    async def _bury(
        self, holder: str, key: SessionKey, right: str, elsewhere: frozenset[tuple[SessionKey, str]]
    ) -> None:
        if right.startswith(WORKER):
            await self._unreachable(holder, key, right, self._settings.node_death_window)
        elif right.startswith(NOTE) and (key, right) not in elsewhere:
            async with self._rooms.at(key) as room:
                if room is not None:
                    await self._attendance.died(room, right.removeprefix(NOTE), "node died")

    # --- what comes round

    async def _sweep(self) -> None:
        """Fire what is due; claim what nobody conducts: who did is dead, or the store was away as we asked."""
        self.skew = self._clock.read(await self._tools.store.time(), self._tools.now())
        self._tools.metrics.deadlines_suspended.set(int(self._clock.suspended))
        for conductor in tuple(self._conductors.values()):
            if conductor.part is not Part.CONDUCTS and not self._lives(conductor.conductor):
                await conductor.claim(conductor.conductor)
            if conductor.part is Part.CONDUCTS:
                self._check_workers(conductor.room)
                self.errands.look_again(conductor.room)
        if self._clock.suspended:
            self._tools.metrics.clock_jumps.inc()
            log.error("the store's clock jumped: deadlines are suspended")
            return
        now = self._tools.session_now()
        for key, at in await self._tools.store.due(now):
            if key not in self._firing:
                self._firing.add(key)
                self._tools.spawn(self._fire(key, at))

    def _check_workers(self, room: Room) -> None:
        """A right whose worker never beats is not kept for ever."""
        for right, held in room.state.rights.items():
            if right.startswith(WORKER) and held.holder:
                holder = worker_holder(room.key.tenant, held.worker)
                if self.leases.never_beats(holder):
                    window = self._settings.node_death_window
                    self._tools.spawn(self._unreachable(holder, room.key, right, window))

    async def _fire(self, key: SessionKey, at: int) -> None:
        """The deadlines of one session, unless a living node conducts it."""
        overdue = self._tools.session_now() - at
        try:
            if self._rooms.here(key) is None and overdue < FOREIGN_MS:
                who = await self._tools.store.claim_conductor(key, self._tools.node, "")
                if who not in ("", self._tools.node) and self._lives(who):
                    return
            async with self._rooms.at(key) as room:
                await (self._fire_in(room, overdue) if room else self._tools.store.schedule(key, None))
        except (VaultUnavailable, SessionDamaged):
            log.warning("a deadline waits for its session")
            await _put_off(self._tools, key, at)
        except (StoreUnavailable, KeysError):
            log.warning("a deadline waits for the store")  # it stays due: the next sweep finds it
        except Exception:
            await _put_off(self._tools, key, at)
            raise
        finally:
            self._firing.discard(key)

    async def _fire_in(self, room: Room, overdue: int) -> None:
        conductor = self._conductors.get(room.key)
        is_due = due(room.state, self._settings, self._tools.session_now())
        if is_due == "erase":
            await self._erase(room.key)
        elif conductor is not None and (conductor.part is Part.CONDUCTS or overdue >= FOREIGN_MS):
            await (self._leave(room) if is_due == "archive" else conductor.fire())

    async def _leave(self, room: Room) -> None:
        """The session leaves the store, unless somebody needs it: agents that nobody needs leave first, which is an
        event and begins its rest anew."""
        if agents_leave(room.state):
            await self._settle(room.key, agents_leave)
            return
        left = False
        if self._rooms.needed(room) <= 1:
            await self.resign(room)
            if self._rooms.needed(room) <= 1:
                self._rooms.forget(room)
                await room.follower.close()
                try:
                    left = await archive(self._tools, room.key)
                except VAULT_FAILS as failure:
                    vault_failed(self._tools, room.key, failure)
        again = erasable_at(room.state, self._settings) if left else self._tools.session_now() + AGAIN_MS
        await self._tools.store.schedule(room.key, again)


def _has(state: State, right: str, holder: str) -> bool:
    """Whether it is this holder's worker that has the right."""
    found = state.rights.get(right)
    return found is not None and found.holder != "" and found.worker == holder.split(":", 2)[2]


async def _every(tools: Tools, pause: int, work: Callable[[], Awaitable[None]]) -> None:
    failed = False
    while True:
        asked = tools.now()
        await asyncio.sleep(pause / 1000)
        late = tools.now() - asked - pause
        tools.metrics.loop_lag.observe(max(0, late) / 1000)
        try:
            await work()
            failed = False
        except (StoreUnavailable, KeysError, SessionDamaged):
            log.warning("a duty waits for the store")
        except Exception:  # it must cost no more than this time, and what fails each time is told once
            tools.metrics.failures.inc()
            if not failed:
                log.exception("a duty failed")
            failed = True


async def _put_off(tools: Tools, key: SessionKey, at: int) -> None:
    """A sweep has so many places: none is for what fails each time."""
    with suppress(StoreUnavailable):
        await tools.store.schedule(key, tools.session_now() + AGAIN_MS, at)
