"""Telling those who are away that something waits: the durable outbox of a node's sessions.

What is to be told follows from a session's state (`legato.session.away_rules`), and each try is written down in its
log. A node that dies between the two leaves the next one to try again, under the same name: told at least once, and
whoever receives it knows a repeat. Nothing waits for it but its own next try.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.promise import SessionKey
from legato.session.away_rules import Need, attempted, needs
from legato.session.events import Event
from legato.session.state import State, ToolCall
from legato.session.vocabulary import Notice

AT_ONCE: Final = 64
"""Tries under way at once; what comes on top is looked at again with the next sweep."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What somebody is told: no word of what was said. `id` is the same in every try. `tool`: what waits for a word;
    `people`: the users and operators who take part; `time`: now, session time in ms."""

    id: str
    tenant: str
    session: str
    title: str
    notice: Notice
    about: str
    tool: str
    people: tuple[str, ...]
    time: int


class Notifier(Protocol):
    """Who brings notifications to people."""

    async def tell(self, notification: Notification) -> str:
        """ "" once it is taken; else why not, in a few words. Raises nothing, and ends within seconds."""


class TellsNobody:
    """The `Notifier` of a hub that was given no target."""

    async def tell(self, notification: Notification) -> str:
        return "this hub has nobody to tell"


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
        self._trying: set[tuple[SessionKey, str]] = set()

    def look(self, room: Room) -> None:
        """Try what is due (called by the session's conductor when a deadline is)."""
        now = self._tools.session_now()
        for need in needs(room.state):
            known = (room.key, need.about)
            if need.at <= now and known not in self._trying and len(self._trying) < AT_ONCE:
                self._trying.add(known)
                self._tools.spawn(self._try(room.key, notification(room.key, room.state, need, now)))

    async def _try(self, key: SessionKey, told: Notification) -> None:
        try:
            problem = await self._notifier.tell(told)
            self._tools.metrics.duties.labels("notify").inc()
            await self._settle(key, lambda state: attempted(state, told.about, not problem, problem))
        finally:
            self._trying.discard((key, told.about))


def notification(key: SessionKey, state: State, need: Need, now: int) -> Notification:
    """What is said of it."""
    call = state.entries.get(need.about)
    people = (id for id, who in state.participants.items() if who.role != "agent" and not who.left)
    name = hashlib.sha256(f"{key.tenant}/{key.session}/{need.about}".encode()).hexdigest()[:32]
    return Notification(
        id=f"ntf_{name}",
        tenant=key.tenant,
        session=key.session,
        title=state.title,
        notice=need.notice,
        about=need.about,
        tool=call.name if isinstance(call, ToolCall) else "",
        people=tuple(sorted(people)),
        time=now,
    )
