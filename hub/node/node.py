"""One hub process: its rooms, its duties, its workers (`hub.node.promise.Node`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from hub.keys.anchors import Anchors
from hub.keys.digests import CommandDigest
from hub.keys.errors import SessionForgotten
from hub.metrics import Metrics
from hub.node.account import Account
from hub.node.duties import Duties
from hub.node.entries import Keys
from hub.node.errands import Caller, CallsNobody
from hub.node.misuse import Misuse
from hub.node.notifying import Notifier, TellsNobody
from hub.node.presence import Attendance
from hub.node.promise import Done, Misused, Moved, Offer, Presence, Shown
from hub.node.recent import Told
from hub.node.refusals import Refusals
from hub.node.room import Room
from hub.node.rooms import Rooms
from hub.node.tasks import Tasks
from hub.node.tools import Tools
from hub.pass_end import PassEnd
from hub.settings import Settings
from hub.store.promise import Append, Appended, Draft, Maker, Refused, SessionKey, Store
from hub.vault import Vault
from legato.session.away_rules import NOTIFY, TARGETS
from legato.session.commands import Refusal
from legato.session.cost_rules import BUDGETS, PREFIX
from legato.session.deadlines import earliest
from legato.session.decisions import foresee
from legato.session.event_json import encode
from legato.session.events import (
    AgentUnreachable,
    AttachmentAway,
    AttachmentBack,
    AttachmentClosed,
    AttachmentOpened,
    Event,
    HumanRequested,
    MessageEnded,
    MessageGrown,
    ParticipantLeft,
    PushSubscribed,
    ReservationEnded,
    ResponseStarted,
    SessionReserved,
    ToolDecided,
    ToolEnded,
    ToolRequested,
    ToolStarted,
)
from legato.session.presence_rules import session_created
from legato.session.state import State

log: Final = logging.getLogger("legato.node")


def _not_made(outcome: Refused) -> Refusal:
    if outcome.reason == "too_many":
        detail = f"{outcome.expected} sessions that you made are open: end or erase some"
        return Refusal("too_many", detail, "sessions")
    return Refusal(outcome.reason, outcome.detail)


async def _nothing(_: SessionKey) -> None:
    """There is nothing else of a session."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a node is made of. `now` is monotonic ms; `name` is its own for as long as it lives; `erased` removes what
    else there is of a session; with a `notifier` that goes by it, sessions are made with the label that asks for it;
    `caller` runs the hub's own tools."""

    name: str
    store: Store
    keys: Keys
    anchors: Anchors
    digests: CommandDigest
    now: Callable[[], int]
    random_bytes: Callable[[int], bytes]
    settings: Settings = field(default_factory=Settings)
    metrics: Metrics = field(default_factory=Metrics)
    vault: Vault | None = None
    erased: Callable[[SessionKey], Awaitable[None]] = _nothing
    pass_end: PassEnd | None = None
    notifier: Notifier | None = None
    caller: Caller = field(default_factory=CallsNobody)


def caused_deadline(state: State, events: Sequence[Event]) -> int | None:
    """The session's earliest deadline when `events` are stored next, if they cause one (session time, ms;
    perhaps a little early, never late)."""
    for event in events:
        if type(event) in _CAUSES or (state.alone is not None and type(event) in _OF_THE_ALONE):
            return earliest(foresee(state, events))
    return None


_CAUSES: Final[frozenset[type[Event]]] = frozenset(
    {
        AttachmentAway,
        AttachmentClosed,
        ParticipantLeft,
        AgentUnreachable,
        ToolDecided,
        ToolEnded,
        ToolRequested,
        ToolStarted,
        MessageEnded,
        SessionReserved,
        PushSubscribed,
        HumanRequested,
        ReservationEnded,
    }
)


_OF_THE_ALONE: Final[frozenset[type[Event]]] = frozenset({AttachmentBack, AttachmentOpened, ResponseStarted})


class Node:
    """See the module. An async context: inside, it works; leaving it ends everything it runs."""

    def __init__(self, parts: Parts) -> None:
        self.name = parts.name
        self.metrics = parts.metrics
        self.settings = parts.settings if parts.vault else replace(parts.settings, archive_after_s=0)
        self._parts = parts
        self._tasks = Tasks(parts.metrics)
        self.pass_end = parts.pass_end or PassEnd(lambda act: asyncio.get_running_loop().call_soon(act))
        self._tools = Tools(
            parts.name, parts.store, parts.keys, parts.anchors, parts.digests, parts.metrics, parts.now,
            self._session_now, self._later, self.pass_end.soon, self._tasks.spawn, parts.random_bytes, parts.vault,
            parts.caller.tools,
        )  # fmt: skip
        self._refusals = Refusals(self._tools)
        self._misuse = Misuse(self._tools, self._refusals, lambda: self._rooms)
        self._attendance = Attendance(self._tools)
        self._duties = Duties(
            self._tools, self.settings, self._attendance, self.erase, parts.notifier or TellsNobody(),
            parts.caller,
        )  # fmt: skip
        self._rooms = Rooms(self._tools, self._make_room, self._duties.opened, self._duties.closed)
        self._draining = False

    async def __aenter__(self) -> Self:
        await self._duties.begin(self._rooms)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._tasks.close()
        await self._refusals.close()

    # --- rooms

    async def create(
        self, key: SessionKey, by: str, labels: Mapping[str, str], title: str, most: int = 0
    ) -> Room | Refusal:
        """See the promise."""
        if self._draining:
            return Refusal("overloaded", "draining", retry_after_ms=100)
        if self.full:
            return Refusal("overloaded", "the store is full", "memory", retry_after_ms=10_000)
        vault = self._parts.vault
        if vault is not None and await vault.end(key) is not None:
            return Refusal("already_exists")  # also if the store has lost it
        try:
            sealer = await self._parts.keys.sealer(key.tenant, key.session, create=True)
        except SessionForgotten:
            return Refusal("session_erased")
        if self._parts.notifier is not None and self._parts.notifier.labels:
            labels = {NOTIFY: "webhook", **labels}
        if self._parts.notifier is not None and self._parts.notifier.targets:
            labels = {TARGETS: self._parts.notifier.targets, **labels}
        labels = {**self._budgets(), **labels}
        (event,) = session_created(by, dict(labels), title)
        producer = f"genesis:{self._parts.random_bytes(9).hex()}"
        encoded = encode(event)
        digest = self._parts.digests.of(key.tenant, key.session, producer, encoded)
        draft = Draft(sealer.seal_event(producer, 1, 0, encoded), control=True)
        genesis = Append(producer, 0, 1, digest, (draft,))
        outcome = await self._parts.store.create(key, genesis, labels, Maker(by, most) if most else None)
        if isinstance(outcome, Refused):
            return _not_made(outcome)
        assert isinstance(outcome, Appended)
        if vault is not None:
            await vault.begin(self._parts.store, key)
        return await self.open(key) or Refusal("session_erased")

    def _budgets(self) -> dict[str, str]:
        usual = {what: getattr(self.settings, PREFIX + what) for what in (*BUDGETS, "unattended")}
        return {PREFIX + what: str(most) for what, most in usual.items() if most}

    async def open(self, key: SessionKey) -> Room | None:
        """See the promise. Raises `StoreUnavailable`, `KeysError`, `SessionDamaged`."""
        return await self._rooms.open(key)

    async def erased(self, key: SessionKey) -> bool:
        """See the promise. Raises `StoreUnavailable`."""
        return await self._parts.store.exists(key) == "erased"

    def release(self, room: Room) -> None:
        """See the promise."""
        self._rooms.release(room)

    # --- who is there

    async def arrive(self, room: Room, presence: Presence) -> Done | Refusal:
        """See the promise."""
        return await self._attendance.arrive(room, presence)

    def carried(self, room: Room, attachment: str, producer: str, epoch: int) -> None:
        """See the promise."""
        self._attendance.carried(room, attachment, producer, epoch)

    def tell_moved(self, tell: Moved) -> None:
        """See the promise."""
        self._attendance.moved = tell

    async def lost(self, room: Room, attachment: str, reason: str) -> None:
        """See the promise."""
        await self._attendance.lost(room, attachment, reason)

    async def departed(self, room: Room, attachment: str) -> None:
        """See the promise."""
        await self._attendance.departed(room, attachment)

    async def erase(self, key: SessionKey) -> None:
        """See the promise."""
        room = self._rooms.here(key)
        if room is not None:
            await Account(room, self._tools).bring()
        await self._parts.keys.forget(key.tenant, key.session)
        await self._parts.store.erase(key, self.settings.tombstone_s)
        room = self._rooms.here(key)
        if room is not None:
            room.gone("erased")
        await self._parts.store.close_account(key)
        if self._parts.vault is not None:
            await self._parts.vault.remove(key)
        await self._parts.erased(key)

    def refused(self, key: SessionKey, by: str, role: str, asked: str, refusal: Refusal) -> None:
        """See the promise."""
        self._refusals.note(key, by, role, asked, refusal)

    def misused(self, key: SessionKey, attachment: str, by: str, shown: Shown) -> None:
        """See the promise."""
        self._misuse.note(key, attachment, by, shown)

    def tell_misused(self, tell: Misused) -> None:
        """See the promise."""
        self._misuse.told = tell

    # --- workers

    def register_worker(
        self,
        tenant: str,
        agent: str,
        worker: str,
        capacity: int,
        offer: Offer,
        labels: frozenset[str] = frozenset(),
    ) -> None:
        """See the promise."""
        self._duties.register_worker(tenant, agent, worker)
        self._duties.dispatch.register(tenant, agent, worker, capacity, offer, labels)

    def worker_lost(self, tenant: str, agent: str, worker: str) -> None:
        """See the promise."""
        self._duties.worker_lost(tenant, agent, worker)

    def worker_capacity(self, tenant: str, agent: str, worker: str, free: int) -> None:
        """See the promise."""
        self._duties.dispatch.capacity(tenant, agent, worker, free)

    def decline(self, tenant: str, agent: str, worker: str, key: SessionKey, again_ms: int = 0) -> None:
        """See the promise."""
        self._duties.dispatch.decline(tenant, agent, worker, key, again_ms)

    # --- the end

    @property
    def full(self) -> bool:
        """Whether the store is too full for new sessions (not ready, before it is overloaded)."""
        return self._duties.memory.fullness >= self.settings.full_ratio

    @property
    def draining(self) -> bool:
        """Whether the node takes no new work."""
        return self._draining

    async def drain(self) -> None:
        """See the promise."""
        self._draining = True
        await self._duties.errands.drained(self.settings.drain_patience / 1000)
        answers = [asyncio.ensure_future(answer) for room in self._rooms for answer in room.unanswered()]
        if answers:
            await asyncio.wait(answers, timeout=self.settings.drain_patience / 1000)
        for room in tuple(self._rooms):
            room.let_go("draining")
            await self._duties.resign(room)
            self._rooms.forget(room)

    # --- within

    def _make_room(self, key: SessionKey) -> Room:
        room = Room(key, self._tools, caused_deadline, self._refusals)
        room.rewound = self._rewound
        room.watch, room.overheard, room.ended_here = self._watch, self._overheard, self._gone
        return room

    def _watch(self, room: Room, events: list[Told]) -> None:
        for told in events:
            if type(told.event) is not MessageGrown:
                self._attendance.watch(room, events)
                self._duties.watch(room, events)
                return
        self._duties.grown(room)  # words by the hundred: of all duties they bring only the snapshot nearer

    def _overheard(self, room: Room, signal: Mapping[str, Any]) -> None:
        self._attendance.overheard(room, signal)
        self._misuse.overheard(room, signal)

    def _rewound(self, room: Room) -> None:
        self._attendance.rewound(room)
        self._duties.rewound(room)

    def _gone(self, room: Room, _: str) -> None:
        self._rooms.forget(room)

    def _session_now(self) -> int:
        return self._parts.now() + self._duties.skew

    def _later(self, ms: int, callback: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(ms / 1000, callback)
