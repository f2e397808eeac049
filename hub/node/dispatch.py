"""Bringing sessions and workers together.

A session wants its agent while the label `agent` names one, nobody within reach holds `worker:NAME`, and there is
something to do: so a standby is there already when an unreachable worker's window is over. The wish is noted in the
store, and the nodes are nudged; a node with a free worker of that name offers it the session, the worker that had it
last before others. The acceptance is an append in the session's own log, conditional like any decision: an offer
promises nothing, so that two nodes may make one at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.node.promise import Offer
from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.promise import SessionKey, Stored, StoreUnavailable
from legato.session.actors import WORKER, out_of_reach
from legato.session.position import Position
from legato.session.state import State

log: Final = logging.getLogger("legato.node")

AGENT_LABEL: Final = "agent"


def wanted_agent(state: State) -> str:
    """The agent that the session waits for, or ""."""
    name = state.labels.get(AGENT_LABEL, "")
    if not name or state.ended:
        return ""
    right = state.rights.get(WORKER + name)
    if right is not None and right.holder and not out_of_reach(state, right.holder):
        return ""
    agents = {id for id, who in state.participants.items() if who.role == "agent"}
    attended = any(each.participant not in agents for each in state.attachments.values())
    return name if attended or state.waiting_turns() else ""


def worker_holder(tenant: str, worker: str) -> str:
    """What a worker is called among those that beat."""
    return f"w:{tenant}:{worker}"


def agents_participant(agent: str) -> str:
    """The participant that an agent takes part as."""
    return f"p_{agent}"


@dataclass(slots=True)
class Worker:
    """A worker connected here. `has` are the sessions it took."""

    name: str
    capacity: int
    offer: Offer
    has: set[SessionKey] = field(default_factory=set)


@dataclass(slots=True)
class Desk:
    """The workers of one agent here, the sessions offered (until when, and to whom), and who had one last.

    It is a sink: what comes on the agent's channel is a nudge.
    """

    tenant: str
    agent: str
    wake: Callable[[], None]
    workers: dict[str, Worker] = field(default_factory=dict)
    offered: dict[SessionKey, tuple[int, str]] = field(default_factory=dict)
    last: dict[SessionKey, str] = field(default_factory=dict)
    declined: dict[SessionKey, set[str]] = field(default_factory=dict)
    nudged: bool = True

    @property
    def channel(self) -> SessionKey:
        """Where nudges for the agent's desks go: no session has this name."""
        return SessionKey(self.tenant, f"agent:{self.agent}")

    def entries(self, entries: Sequence[Stored]) -> None:
        """No log has this name."""

    def signal(self, payload: bytes) -> None:
        """Somebody wants the agent."""
        self.nudge()

    def resynced(self, tail: Position | None) -> None:
        """A nudge may have been missed."""
        self.nudge()

    def nudge(self) -> None:
        """Look soon whether something waits."""
        if not self.nudged:
            self.nudged = True
            self.wake()

    def load(self, worker: Worker) -> int:
        """Sessions that the worker has or is offered."""
        return len(worker.has) + sum(name == worker.name for _, name in self.offered.values())


class Dispatch:
    """The desks of one node."""

    def __init__(self, tools: Tools, patience: int) -> None:
        self._tools = tools
        self._patience = patience
        self._desks: dict[tuple[str, str], Desk] = {}
        self._noted: dict[SessionKey, str] = {}

    # --- the session's side

    def look(self, room: Room) -> None:
        """Note or withdraw the session's wish (called by its conductor after every event)."""
        agent = wanted_agent(room.state)
        before = self._noted.get(room.key, "")
        if agent != before:
            if agent:
                self._noted[room.key] = agent
            else:
                self._noted.pop(room.key, None)
            self._tools.spawn(self._note(room.key, before, agent, room.state.time))

    def forget(self, key: SessionKey) -> None:
        """The room is closed here."""
        self._noted.pop(key, None)

    async def _note(self, key: SessionKey, before: str, agent: str, since: int) -> None:
        store = self._tools.store
        if before:
            await store.unwant(key.tenant, before, key)
        if agent:
            await store.want(key.tenant, agent, key, since)
            store.signal(SessionKey(key.tenant, f"agent:{agent}"), b"want")
            self._tools.metrics.duties.labels("want").inc()

    # --- the workers' side

    def register(self, tenant: str, agent: str, worker: str, capacity: int, offer: Offer) -> None:
        """A worker is connected here, anew or again."""
        desk = self._desks.get((tenant, agent))
        if desk is None:
            desk = self._desks[tenant, agent] = Desk(tenant, agent, self._wake, nudged=False)
            self._tools.spawn(self._listen(desk))
        known = desk.workers.get(worker)
        desk.workers[worker] = Worker(worker, capacity, offer, known.has if known else set())
        desk.nudge()

    def unregister(self, tenant: str, agent: str, worker: str) -> set[SessionKey]:
        """Its connection closed. Returns the sessions it may have."""
        desk = self._desks.get((tenant, agent))
        gone = desk.workers.pop(worker, None) if desk else None
        if desk is not None and gone is not None:
            for key in [key for key, (_, name) in desk.offered.items() if name == worker]:
                gone.has.add(key)
                del desk.offered[key]
        return gone.has if gone else set()

    def capacity(self, tenant: str, agent: str, worker: str, free: int) -> None:
        """The worker would take so many more."""
        desk = self._desks.get((tenant, agent))
        known = desk.workers.get(worker) if desk else None
        if desk is not None and known is not None:
            known.capacity = desk.load(known) + free
            desk.nudge()

    def decline(self, tenant: str, agent: str, worker: str, key: SessionKey) -> None:
        """The worker does not want the session it was offered."""
        desk = self._desks.get((tenant, agent))
        if desk is not None:
            desk.offered.pop(key, None)
            desk.declined.setdefault(key, set()).add(worker)
            if worker in desk.workers:
                desk.workers[worker].has.discard(key)
            desk.nudge()

    def settled(self, tenant: str, agent: str, key: SessionKey, worker: str) -> None:
        """The session was taken by `worker` ("" : given back)."""
        desk = self._desks.get((tenant, agent))
        if desk is None:
            return
        desk.offered.pop(key, None)
        desk.declined.pop(key, None)
        for each in desk.workers.values():
            if each.name == worker:
                each.has.add(key)
                desk.last[key] = worker
            else:
                each.has.discard(key)
        desk.nudge()

    async def offer(self, *, nudged_only: bool = False) -> None:
        """Offer what waits to whoever is free."""
        for desk in tuple(self._desks.values()):
            wanted = desk.nudged or not nudged_only
            desk.nudged = False
            if desk.workers and wanted:
                try:
                    waiting = await self._tools.store.wanted(desk.tenant, desk.agent)
                except StoreUnavailable:
                    desk.nudged = True
                    continue
                await self._offer_all(desk, waiting)

    def _wake(self) -> None:
        self._tools.spawn(self.offer(nudged_only=True))

    async def _listen(self, desk: Desk) -> None:
        await self._tools.store.subscribe(desk.channel, desk)

    async def _offer_all(self, desk: Desk, waiting: Sequence[SessionKey]) -> None:
        now = self._tools.now()
        for key, (until, _) in tuple(desk.offered.items()):
            if until <= now or key not in waiting:
                del desk.offered[key]
        for key in waiting:
            worker = self._free(desk, key) if key not in desk.offered else None
            if worker is not None:
                desk.offered[key] = (now + self._patience, worker.name)
                holder = worker_holder(desk.tenant, worker.name)
                await self._tools.store.hold(holder, key, WORKER + desk.agent)
                self._tools.metrics.offers.inc()
                worker.offer(key, agents_participant(desk.agent), self._patience)

    def _free(self, desk: Desk, key: SessionKey) -> Worker | None:
        declined = desk.declined.get(key, set())
        if declined >= desk.workers.keys():
            desk.declined.pop(key, None)
            return None
        free = [
            each
            for each in desk.workers.values()
            if each.name not in declined and (key in each.has or desk.load(each) < each.capacity)
        ]
        last = desk.last.get(key)
        return min(free, key=lambda each: (each.name != last, desk.load(each), each.name), default=None)
