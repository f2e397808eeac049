"""What operators see of a tenant's sessions: who waits for a person, and what goes on; and supervisors, who helps.

Both are read from the sessions themselves, on whatever node is asked; the index only tells which to look at. Consoles
that ask within half a second share one look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from hub.node.conductor import STAFFED
from hub.node.promise import Node
from hub.node.queueing import WAITS
from hub.store.promise import Edge
from legato.session.agent_labels import NEEDS_LABEL
from legato.session.routing import PEOPLE
from legato.session.skills import Skills, serves, within
from legato.session.state import State
from legato.session.tickets import Ticket
from signaling.archive import Archive
from signaling.http import bodies
from signaling.http.access import Access, number
from signaling.http.edges import behind, edge, read
from signaling.http.errors import Refused, json_response
from signaling.http.looking import states_of
from signaling.http.operators import Roster, operator_rows, users_of
from signaling.http.routes import Route

MOST: Final = 200
USUAL: Final = 50
FRESH_MS: Final = 500
LABEL_PAGES: Final = 5
LANGUAGE: Final = "language"
"""A label of sessions, and what they may need of a worker."""


_Asked = tuple[str, str, int, Edge | None]
"""Of which tenant, what, how many, behind which row."""


@dataclass(slots=True)
class _Look:
    at: int
    answer: asyncio.Future[Any]


class Board:
    """See the module. `now`: monotonic ms."""

    def __init__(
        self, node: Node, access: Access, archive: Archive, roster: Roster, now: Callable[[], int]
    ) -> None:
        self._node, self._access, self._archive, self._roster, self._now = node, access, archive, roster, now
        self._looks: dict[_Asked, _Look] = {}

    def routes(self) -> list[Route]:
        """The verbs."""
        limit = ("limit", f"1 to {MOST}")
        return [
            Route(
                method="GET", path="/v1/queue", name="readQueue",
                says="Sessions that wait for a person: who is next comes first", handler=self.queue,
                gives=bodies.BoardAnswer, query=(("skill", "only of these skills, with commas between"), limit),
            ),
            Route(
                method="GET", path="/v1/board", name="readBoard",
                says="Sessions that go on, newest activity first", handler=self.board,
                gives=bodies.BoardAnswer, query=(("before", "the `next` of the page before it"), limit),
            ),
            Route(
                method="GET", path="/v1/operators", name="readOperators",
                says="Who helps, doing what since when: for supervisors", handler=self.operators,
                gives=bodies.OperatorsAnswer,
            ),
        ]  # fmt: skip

    async def queue(self, request: web.Request) -> web.Response:
        """`GET /v1/queue`"""
        ticket, limit = await self.asked(request)
        wanted: Skills = frozenset(each for each in request.query.get("skill", "").split(",") if each) or None
        return json_response(await self.waiting(ticket, limit, wanted))

    async def waiting(self, ticket: Ticket, limit: int = MOST, wanted: Skills = None) -> bodies.BoardAnswer:
        """Who waits and is for the skills of the ticket, who is next first. Refuses other skills than those."""
        own = None if ticket.role == "supervisor" else ticket.skills
        if wanted is not None and not within(wanted, own):
            self._access.forbidden_here(ticket, "list", "the queue of another skill")
            raise Refused("not_allowed", "not among the skills of this ticket", "skill")
        served = [each for each in (own, wanted) if each is not None]
        found = await self._seen(ticket.tenant, "queue", MOST)
        rows = [
            row
            for row in found.sessions
            if row.waiting is not None and all(serves(each, row.waiting.skill) for each in served)
        ]
        rows.sort(key=_turn)
        return bodies.BoardAnswer(rows[:limit])

    async def board(self, request: web.Request) -> web.Response:
        """`GET /v1/board`"""
        ticket, limit = await self.asked(request)
        return json_response(await self._seen(ticket.tenant, "board", limit, edge(request)))

    async def goes_on(self, ticket: Ticket, pages: int) -> bodies.BoardAnswer:
        """So many whole pages of what goes on, as one."""
        rows: dict[str, bodies.BoardRow] = {}  # one that moves between two pages is seen twice
        found = bodies.BoardAnswer([])
        for _ in range(pages):
            found = await self._seen(ticket.tenant, "board", MOST, read(found.next) if found.next else None)
            rows |= {row.session: row for row in found.sessions}
            if not found.next:
                break
        return bodies.BoardAnswer(list(rows.values()), found.before, found.next)

    async def operators(self, request: web.Request) -> web.Response:
        """`GET /v1/operators`"""
        ticket, _ = await self.asked(request)
        if ticket.role != "supervisor":
            self._access.forbidden_here(ticket, "list", request.path)
            raise Refused("not_allowed", "only supervisors")
        return json_response(await self.helpers(ticket))

    async def helpers(self, ticket: Ticket) -> bodies.OperatorsAnswer:
        """Who helps, for a supervisor."""
        tenant = ticket.tenant
        look = self._shared((tenant, "operators", 0, None), lambda: self._helpers(tenant))
        answer: bodies.OperatorsAnswer = await asyncio.shield(look)
        return answer

    async def asked(self, request: web.Request) -> tuple[Ticket, int]:
        """Whoever asks, who is noted to be at a console, and how many rows they want. Refuses who may not."""
        ticket = self._access.whole(request)
        await self._roster.note(ticket)
        return ticket, number(request, "limit", USUAL, 1, MOST)

    async def _seen(
        self, tenant: str, what: str, limit: int, before: Edge | None = None
    ) -> bodies.BoardAnswer:
        """The rows as they were at most half a second ago."""
        look = self._shared((tenant, what, limit, before), lambda: self._look(tenant, what, limit, before))
        answer: bodies.BoardAnswer = await asyncio.shield(look)
        return answer

    def _shared(self, name: _Asked, look: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Future[Any]:
        """One look for all who ask within half a second."""
        now = self._now()
        known = self._looks.get(name)
        if known is None or now - known.at >= FRESH_MS:
            self._looks = {each: one for each, one in self._looks.items() if now - one.at < FRESH_MS}
            known = self._looks[name] = _Look(now, asyncio.ensure_future(look()))
        return known.answer

    async def _look(self, tenant: str, what: str, limit: int, before: Edge | None) -> bodies.BoardAnswer:
        further = 0, ""
        if what == "queue":
            sessions = await self._marked(tenant, WAITS)
        else:
            listed = await self._archive.sessions(tenant, "", None, before, limit)
            sessions = [each.session for each in listed if not each.ended]
            further = behind(listed, limit)
        found = [row_of(session, state) for session, state in await states_of(self._node, tenant, sessions)]
        return bodies.BoardAnswer([row for row in found if row is not None], *further)

    async def _helpers(self, tenant: str) -> bodies.OperatorsAnswer:
        now, noted = await self._roster.read(tenant)
        states = await states_of(self._node, tenant, await self._marked(tenant, STAFFED))
        return bodies.OperatorsAnswer(now, operator_rows(now, noted, states))

    async def _marked(self, tenant: str, mark: tuple[str, str]) -> Sequence[str]:
        """Oldest activity may have waited longest, so all that have the mark are looked at, up to a bound."""
        found: dict[str, None] = {}
        before: Edge | None = None
        for _ in range(LABEL_PAGES):
            listed = await self._archive.sessions(tenant, "", mark, before, MOST)
            found |= dict.fromkeys(each.session for each in listed)
            if len(listed) < MOST:
                break
            before = Edge.of(listed[-1])
        return list(found)


def row_of(session: str, state: State) -> bodies.BoardRow | None:
    """What is shown of a session; nothing of one that has ended."""
    if state.ended:
        return None
    asking, people = state.asking, [each for each in state.participants.values() if not each.left]
    answers = state.participants.get(state.responder)
    waiting = None
    if asking is not None:
        waiting = bodies.WaitingRow(
            request=asking.id, reason=asking.reason, skill=asking.skill, priority=asking.priority,
            since=asking.since, reserved_for=asking.reserved_for, passed=list(asking.passed),
        )  # fmt: skip
    return bodies.BoardRow(
        session=session,
        title=state.title,
        language=language_of(state),
        now=state.time,
        users=users_of(state),
        here=any(each.role == "user" and state.liveness(each.id) == "online" for each in people),
        voice=any(each.call for each in state.attachments.values()),
        responder=state.responder,
        responder_name="" if answers is None else answers.name or answers.id,
        by_person=answers is not None and answers.role in PEOPLE,
        held=state.held != "",
        turns=len(state.waiting_turns()),
        wrap_ups=sorted(state.wrap_ups),
        waiting=waiting,
        approvals=[
            bodies.ApprovalRow(call=each.id, name=each.name, asks=each.approval, since=each.since)
            for each in state.open_tools()
            if each.status == "requested" and each.approval
        ],
    )


def language_of(state: State) -> str:
    """The language in which the session is held, as its maker said it by a label or by what its worker must have."""
    needed = dict(word.partition("=")[::2] for word in state.labels.get(NEEDS_LABEL, "").split())
    return state.labels.get(LANGUAGE, "") or needed.get(LANGUAGE, "")


def _turn(row: bodies.BoardRow) -> tuple[int, int, str]:
    """Of a higher priority first, then who has waited longest."""
    assert row.waiting is not None
    return (-row.waiting.priority, row.waiting.since, row.session)
