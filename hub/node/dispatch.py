"""Bringing sessions and workers together.

A session wants its agent while the label `agent` names one, nobody within reach holds `worker:NAME`, and there is
something to do: so a standby is there already when an unreachable worker's window is over. The wish is noted in the
store, and the nodes are nudged. A node with a free worker of that name offers it the session: the worker that had it
last before others, and of several nodes each its share (`neighbours`). The acceptance is an append in the session's
own log, conditional like any decision: an offer promises nothing, so nothing is lost where two nodes make one at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from hub.node.desk import NOTHING, Desk
from hub.node.insisting import insist
from hub.node.neighbours import TURN_MS, Neighbours, Places, Wish, read
from hub.node.presence import surely
from hub.node.promise import Offer
from hub.node.queues import agent_of, enter, queue_of, waiting
from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.promise import SessionKey, Stored, StoreUnavailable
from legato.session.actors import WORKER, agents_participant, conducted, out_of_reach
from legato.session.agent_labels import answering, listening, needs
from legato.session.position import Position
from legato.session.right_rules import awaited
from legato.session.state import State

log: Final = logging.getLogger("legato.node")

PRODUCER: Final = "dispatch"
MOST_READ: Final = 512
"""Waiting sessions that are looked at in one go."""

LISTEN_AGAIN_MS: Final = 100
"""Pause before a bell that the store did not take is hung up again; the store itself waits for seconds."""


def queues(state: State) -> tuple[str, ...]:
    """Where the session waits when its agents are not there: the one that is to answer, and those that are to
    listen."""
    answers = answering(state)
    return (*([queue_of(answers, needs(state))] if answers else ()), *listening(state))


def wanted_agents(state: State) -> frozenset[str]:
    """The queues that the session waits in."""
    named = [queue for queue in queues(state) if not _here(state, agent_of(queue))]
    if not named or state.ended:
        return frozenset()
    agents = {id for id, who in state.participants.items() if who.role == "agent"}
    attended = any(each.participant not in agents for each in state.attachments.values())
    return frozenset(named) if attended or state.waiting_turns() else frozenset()


def _here(state: State, name: str) -> bool:
    right = state.rights.get(WORKER + name)
    return right is not None and right.holder != "" and not out_of_reach(state, right.holder)


def _had_last(state: State, name: str) -> str:
    """The worker that had the session last ("": it has it still and is out of reach, or nobody had)."""
    right = state.rights.get(WORKER + name)
    return "" if right is None or right.holder else right.last or right.worker


def worker_holder(tenant: str, worker: str) -> str:
    """What a worker is called among those that beat."""
    return f"w:{tenant}:{worker}"


def channel_of(tenant: str, agent: str) -> SessionKey:
    """Where the nodes speak of an agent: no session has this name."""
    return SessionKey(tenant, f"agent:{agent}")


@dataclass(slots=True)
class Bell:
    """Rings when somebody may wait for the agent: a sink for what comes on the agent's channel.

    `serving`: what waits is being looked through; `rung`: look (again). `now` is monotonic ms.
    """

    tenant: str
    agent: str
    wake: Callable[[Bell], None]
    now: Callable[[], int]
    desk: Desk
    rung: bool = False
    serving: bool = False
    turns_awaited: bool = False
    """It will ring when the next node's turn comes."""

    @property
    def channel(self) -> SessionKey:
        """Where nudges for the agent's desks go."""
        return channel_of(self.tenant, self.agent)

    def entries(self, entries: Sequence[Stored]) -> None:
        """No log has this name."""

    def signal(self, payload: bytes) -> None:
        """Somebody wants the agent, or another node has workers."""
        match read(payload):
            case Places() as said:
                self.desk.neighbours.heard(said, self.now())
                return
            case Wish(session, last) if last:
                self.desk.remember(SessionKey(self.tenant, session), last)
        self.ring()

    def resynced(self, tail: Position | None) -> None:
        """A nudge may have been missed."""
        self.ring()

    def ring(self) -> None:
        """Look soon whether something waits."""
        if not self.rung:
            self.rung = True
            if not self.serving:
                self.wake(self)


class Dispatch:
    """The desks of one node."""

    def __init__(self, tools: Tools, patience: int, await_patience: int) -> None:
        self._tools = tools
        self._patience = patience
        self._await_patience = await_patience
        self._bells: dict[tuple[str, str], Bell] = {}
        self._noted: dict[SessionKey, frozenset[str]] = {}
        """The queues that each session conducted here waits in; none is known of those not yet looked at."""

    # --- the session's side

    def look(self, room: Room) -> None:
        """Note or withdraw the session's wish (called by its conductor after every event)."""
        agents = wanted_agents(room.state)
        before = self._noted.get(room.key)
        if agents != before:
            self._noted[room.key] = agents
            if before is None:  # another node may have noted a wish, and be gone
                before = frozenset((*queues(room.state), *map(agent_of, queues(room.state)))) - agents
            no_more, new = before - agents, agents - before
            if no_more or new:
                wishes = [
                    (queue, Wish(room.key.session, _had_last(room.state, agent_of(queue))))
                    for queue in sorted(new)
                ]
                self._tools.spawn(self._note(room.key, no_more, wishes, room.state.time))
            if (agent := answering(room.state)) in map(agent_of, new):
                self._tools.later(self._await_patience, lambda: self._say_awaited(room, agent))

    def forget(self, key: SessionKey) -> None:
        """The room is closed here, or another node conducts it."""
        self._noted.pop(key, None)

    def _say_awaited(self, room: Room, agent: str) -> None:
        if agent in map(agent_of, self._noted.get(room.key, ())) and awaited(room.state, agent):
            self._tools.spawn(self._await(room, agent))

    async def _await(self, room: Room, agent: str) -> None:
        await insist(lambda: self._told(room, agent))

    async def _told(self, room: Room, agent: str) -> None:
        surely(await room.settle(PRODUCER, lambda state: conducted(awaited(state, agent))))

    async def _note(
        self, key: SessionKey, no_more: frozenset[str], new: Sequence[tuple[str, Wish]], since: int
    ) -> None:
        for queue in sorted(no_more):
            await insist(partial(self._withdraw, key, queue))
        for queue, wish in new:
            await insist(partial(self._enter, key, queue, wish, since))

    async def _withdraw(self, key: SessionKey, queue: str) -> None:
        # It may be wanted again by the time at which the store answers.
        if queue not in self._noted.get(key, ()):
            await self._tools.store.unwant(key.tenant, queue, key)

    async def _enter(self, key: SessionKey, queue: str, wish: Wish, since: int) -> None:
        if queue not in self._noted.get(key, (queue,)):
            return
        store = self._tools.store
        await enter(store, queue, key, since)
        store.signal(channel_of(key.tenant, agent_of(queue)), msgspec.json.encode(wish))
        self._tools.metrics.duties.labels("want").inc()

    # --- the workers' side

    def register(
        self,
        tenant: str,
        agent: str,
        worker: str,
        capacity: int,
        offer: Offer,
        labels: frozenset[str] = NOTHING,
    ) -> None:
        """A worker is connected here, anew or again; its labels as `name=value`."""
        bell = self._bells.get((tenant, agent))
        if bell is None:
            desk = Desk(neighbours=Neighbours(self._tools.node))
            bell = self._bells[tenant, agent] = Bell(tenant, agent, self._wake, self._tools.now, desk)
            self._hang(bell)
        bell.desk.register(worker, capacity, offer, labels)
        self._say(bell)
        bell.ring()

    def unregister(self, tenant: str, agent: str, worker: str) -> None:
        """Its connection closed."""
        if (bell := self._bells.get((tenant, agent))) is not None:
            bell.desk.leave(worker)
            self._say(bell)
            bell.ring()

    def capacity(self, tenant: str, agent: str, worker: str, free: int) -> None:
        """The worker would take so many more."""
        if (bell := self._bells.get((tenant, agent))) is not None:
            bell.desk.capacity(worker, free)
            if free:
                if not bell.desk.neighbours.said.free:
                    self._say(bell)
                bell.ring()

    def decline(self, tenant: str, agent: str, worker: str, key: SessionKey, again_ms: int = 0) -> None:
        """The worker does not want the session it was offered: the next is asked at once, and this one not again
        before so long."""
        if (bell := self._bells.get((tenant, agent))) is not None:
            bell.desk.decline(worker, key, self._tools.now() + again_ms if again_ms else 0)
            bell.ring()

    def settled(self, tenant: str, agent: str, key: SessionKey, worker: str) -> bool:
        """The session was taken by `worker` ("" : given back). Whether it was offered here (and is noted)."""
        bell = self._bells.get((tenant, agent))
        if bell is None:
            return False
        offered = bell.desk.settled(key, worker)
        if not worker or bell.desk.hungry:
            bell.ring()
        return offered

    def missed(self, tenant: str, agent: str, key: SessionKey) -> None:
        """The worker that has the session is out of reach: another may be offered it."""
        if (bell := self._bells.get((tenant, agent))) is not None:
            bell.desk.missed(key)

    async def offer(self) -> None:
        """Say who is here, and offer what waits to whoever is free, in case that nobody rang."""
        for bell in tuple(self._bells.values()):
            bell.desk.tidy(self._tools.now())
            if bell.desk.workers:
                self._say(bell)
            await self._serve(bell)

    def _say(self, bell: Bell) -> None:
        """Tell the other nodes what this one has."""
        self._tools.store.signal(bell.channel, msgspec.json.encode(bell.desk.said))

    def _wake(self, bell: Bell) -> None:
        self._tools.spawn(self._serve(bell))

    def _hang(self, bell: Bell) -> None:
        self._tools.spawn(self._listen(bell))

    async def _listen(self, bell: Bell) -> None:
        """Hear the bell, however long the store is away: a node that gave up would hear of nothing until it ends."""
        try:
            await self._tools.store.subscribe(bell.channel, bell)
        except StoreUnavailable:
            self._tools.later(LISTEN_AGAIN_MS, lambda: self._hang(bell))

    async def _serve(self, bell: Bell) -> None:
        """Look through what waits, and again if somebody rang meanwhile. One at a time: two would offer twice."""
        if bell.serving:
            return
        bell.serving = True
        try:
            while bell.desk.places:
                bell.rung = False
                bell.desk.reading()
                limit = min(MOST_READ + len(bell.desk.refused), bell.desk.reads)
                store, labels = self._tools.store, bell.desk.labels
                await self._offer_all(bell, await waiting(store, bell.tenant, bell.agent, limit, labels))
                if not bell.rung:
                    break
        except StoreUnavailable:
            log.warning("offers wait for the store")
        finally:
            bell.rung = bell.serving = False

    async def _offer_all(self, bell: Bell, found: Mapping[SessionKey, frozenset[str]]) -> None:
        made = bell.desk.assign(found, self._tools.now(), self._patience)
        right, store = WORKER + bell.agent, self._tools.store
        by_worker: dict[str, list[SessionKey]] = {}
        for key, worker in made:
            by_worker.setdefault(worker.name, []).append(key)
        await asyncio.gather(
            *[
                store.hold_in(worker_holder(bell.tenant, name), keys, right)
                for name, keys in by_worker.items()
            ]
        )
        for key, worker in made:
            self._tools.metrics.offers.inc()
            worker.offer(key, agents_participant(bell.agent), self._patience)
        if bell.desk.deferred and not bell.turns_awaited:
            bell.turns_awaited = True
            self._tools.later(TURN_MS, lambda: self._turn(bell))

    def _turn(self, bell: Bell) -> None:
        bell.turns_awaited = False
        bell.ring()
