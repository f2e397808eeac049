"""Telling those who are away that something waits: the durable outbox of a node's sessions.

What is to be told follows from a session's state (`legato.session.away_rules`; where a person is asked for,
`seeking_rules`), and each try is written down in its log. A node that dies between the two leaves the next one to try
again, under the same name: told at least once, and whoever receives it knows a repeat. Nothing waits for it but its own
next try.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from hub.keys.errors import KeysError, SealBroken
from hub.node.room import Room
from hub.node.subscription import Subscription, opened
from hub.node.tools import Tools
from hub.store.promise import SessionKey
from legato.session import seeking_rules
from legato.session.away_rules import WEBHOOK, Need, attempted, needs
from legato.session.events import Event
from legato.session.seeking_rules import on_call, sought
from legato.session.state import Push, State, ToolCall
from legato.session.vocabulary import ToldOf

AT_ONCE: Final = 64
"""Tries under way at once; what comes on top is looked at again with the next sweep."""

GONE: Final = "gone"
"""What a push service says of a subscription that it knows no more."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What somebody is told: no word of what was said. `id` is the same in every try for the same people. `tool`: what
    waits for a word; `people`: whom it is for, or all who take part; `time`: now, session time in ms. Where a person is
    asked for, `about` is the request, `people` are those who help and took part, `skill` and `priority` as asked."""

    id: str
    tenant: str
    session: str
    title: str
    notice: ToldOf
    about: str
    tool: str
    people: tuple[str, ...]
    time: int
    skill: str = ""
    priority: int = 0


class Notifier(Protocol):
    """Who brings notifications to people. Nothing of it raises, and all of it ends within seconds."""

    @property
    def labels(self) -> bool:
        """Whether sessions are made with the label that asks for what `tell` does."""

    @property
    def targets(self) -> str:
        """The targets with names of their own, as the label `notify_targets` names them."""

    async def tell(self, notification: Notification, target: str = "") -> str:
        """Tell whom the operator named (`target`: under that name): "" once it is taken; else why not, in a few
        words."""

    async def push(self, notification: Notification, to: Subscription) -> str:
        """Tell a browser, likewise; `GONE` if there is none there any more."""


class TellsNobody:
    """The `Notifier` of a hub that was given no target."""

    @property
    def labels(self) -> bool:
        return False

    @property
    def targets(self) -> str:
        return ""

    async def tell(self, notification: Notification, target: str = "") -> str:
        return "this hub has nobody to tell"

    async def push(self, notification: Notification, to: Subscription) -> str:
        return "this hub pushes nothing"


class Notifying:
    """See the module. `settle` appends what it makes of a session's state."""

    def __init__(
        self,
        tools: Tools,
        notifier: Notifier,
        settle: Callable[[SessionKey, Callable[[State], list[Event]]], Awaitable[None]],
    ) -> None:
        self._tools = tools
        self._notifier = notifier
        self._settle = settle
        self._trying: set[tuple[SessionKey, ToldOf, str, str]] = set()

    def look(self, room: Room) -> None:
        """Try what is due (called by the session's conductor when a deadline is)."""
        now = self._tools.session_now()
        for need in (*needs(room.state), *sought(room.state)):
            known = (room.key, need.notice, need.about, need.target)
            if need.at <= now and known not in self._trying and len(self._trying) < AT_ONCE:
                self._trying.add(known)
                told = notification(room.key, room.state, need, now)
                if need.target:
                    self._tools.spawn(self._try_one(room.key, told, need.target))
                    continue
                pushes = [room.state.pushes[each] for each in need.targets if each != WEBHOOK]
                self._tools.spawn(self._try(room.key, told, pushes, webhook=WEBHOOK in need.targets))

    async def _try_one(self, key: SessionKey, told: Notification, target: str) -> None:
        """A target with a name of its own: it waits for no other, and no other for it."""
        try:
            problem = await self._notifier.tell(told, target)
            self._tools.metrics.duties.labels("notify").inc()
            reached = [] if problem else [target]
            await self._settle(key, lambda state: _written(state, told, reached, problem, target=target))
        finally:
            self._trying.discard((key, told.notice, told.about, target))

    async def _try(self, key: SessionKey, told: Notification, pushes: list[Push], *, webhook: bool) -> None:
        try:
            async with asyncio.TaskGroup() as tries:
                said = {push.id: tries.create_task(self._push(key, told, push)) for push in pushes}
                if webhook:
                    said[WEBHOOK] = tries.create_task(self._notifier.tell(told))
            self._tools.metrics.duties.labels("notify").inc()
            answers = {target: task.result() for target, task in said.items()}
            reached = [target for target, problem in answers.items() if not problem]
            gone = [target for target, problem in answers.items() if problem == GONE]
            problem = next((each for each in answers.values() if each not in ("", GONE)), "")
            await self._settle(key, lambda state: _written(state, told, reached, problem, gone))
        finally:
            self._trying.discard((key, told.notice, told.about, ""))

    async def _push(self, key: SessionKey, told: Notification, push: Push) -> str:
        try:
            sealer = await self._tools.keys.sealer(key.tenant, key.session)
            to = opened(sealer, push.participant, push.id, push.sealed)
        except SealBroken:
            return GONE  # it is not what the hub gave
        except KeysError:
            return "its key cannot be had"
        return await self._notifier.push(told, to)


def _written(
    state: State,
    told: Notification,
    reached: Sequence[str],
    problem: str,
    gone: Sequence[str] = (),
    target: str = "",
) -> list[Event]:
    """What is written down after a try: in the outbox of what was told."""
    if told.notice == "human":
        return seeking_rules.told(state, told.about, reached, problem, gone, target)
    return attempted(state, told.about, reached, problem, gone, target=target, people=told.people, id=told.id)


def notification(key: SessionKey, state: State, need: Need, now: int) -> Notification:
    """What is said of it."""
    asking = state.asking if need.notice == "human" else None
    call = state.entries.get(need.about) if asking is None else None
    people: Iterable[str] = need.people or (
        id for id, who in state.participants.items() if who.role != "agent" and not who.left
    )
    if asking is not None:
        people = on_call(state)
    named = "/".join(each for each in (key.tenant, key.session, need.about, need.went) if each)
    name = hashlib.sha256(named.encode()).hexdigest()[:32]
    return Notification(
        id=need.id or f"ntf_{name}",
        tenant=key.tenant,
        session=key.session,
        title=state.title,
        notice=need.notice,
        about=need.about,
        tool=call.name if isinstance(call, ToolCall) else "",
        people=tuple(sorted(people)),
        time=now,
        skill="" if asking is None else asking.skill,
        priority=0 if asking is None else asking.priority,
    )
