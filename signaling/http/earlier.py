"""What was left for the record of somebody: notes, dispositions and promises, in a session and in others of its users.

Others are those in which a user of the session takes part under the same name, and those with the same label `caller`
(a back end's own number for somebody who comes under another name each time). For who helps in all sessions.
"""

from __future__ import annotations

from typing import Final

import msgspec
from aiohttp import web

from hub.node.promise import Node
from hub.store.promise import SessionKey
from legato.session.ids import well_formed
from legato.session.routing import PEOPLE
from legato.session.state import State
from signaling.archive import Archive
from signaling.http.access import Access
from signaling.http.errors import Refused, json_response, there
from signaling.http.looking import states_of
from signaling.http.routes import Route

CALLER: Final = "caller"
MOST: Final = 10
"""Other sessions that are looked at: the newest."""

MOST_USERS: Final = 4


class NotedThen(msgspec.Struct, frozen=True):
    """What `by` left, at `time` (session time, ms)."""

    by: str
    name: str
    time: int
    disposition: str
    notes: str


class HelpedThen(msgspec.Struct, frozen=True):
    """When `by` answered (session time, ms), what was told to whoever answered next, what was promised, what ran."""

    by: str
    name: str
    since: int
    until: int
    summary: str
    promises: list[str]
    tools: list[str]


class EarlierRow(msgspec.Struct, frozen=True):
    """Of one session."""

    session: str
    title: str
    noted: list[NotedThen]
    helped: list[HelpedThen]


class EarlierAnswer(msgspec.Struct, frozen=True):
    """The session itself first, then others of its users, the newest activity first; only those that hold something."""

    sessions: list[EarlierRow]


class Earlier:
    """See the module."""

    def __init__(self, node: Node, access: Access, archive: Archive) -> None:
        self._node, self._access, self._archive = node, access, archive

    def routes(self) -> list[Route]:
        """The verb."""
        return [
            Route(
                method="GET", path="/v1/earlier", name="readEarlier",
                says="What was left for the record in a session, and in others of its users: for who helps",
                handler=self.read, gives=EarlierAnswer, query=(("session", "which"),),
            ),
        ]  # fmt: skip

    async def read(self, request: web.Request) -> web.Response:
        """`GET /v1/earlier`"""
        ticket = self._access.whole(request)
        if ticket.role not in PEOPLE:
            self._access.forbidden_here(ticket, "list", request.path)
            raise Refused("not_allowed", "only who helps")
        session = request.query.get("session", "")
        if not well_formed(session):
            raise Refused("malformed", field="session")
        here = await states_of(self._node, ticket.tenant, [session])
        if not here:
            await there(self._node, SessionKey(ticket.tenant, session))
            raise Refused("not_found")
        others = await self._others(ticket.tenant, session, here[0][1])
        found = [*here, *await states_of(self._node, ticket.tenant, others)]
        rows = [_row(name, state) for name, state in found if state.noted or state.helped]
        return json_response(EarlierAnswer(rows))

    async def _others(self, tenant: str, session: str, state: State) -> list[str]:
        users = [who.id for who in state.participants.values() if who.role == "user"][:MOST_USERS]
        pages = [await self._archive.sessions(tenant, user, None, None, MOST + 1) for user in users]
        if caller := state.labels.get(CALLER):
            pages.append(await self._archive.sessions(tenant, "", (CALLER, caller), None, MOST + 1))
        last = {row.session: row.last for page in pages for row in page if row.session != session}
        return sorted(last, key=lambda name: (-last[name], name))[:MOST]


def _row(session: str, state: State) -> EarlierRow:
    def name(of: str) -> str:
        who = state.participants.get(of)
        return of if who is None else who.name or of

    return EarlierRow(
        session,
        state.title,
        [NotedThen(each.by, name(each.by), each.time, each.disposition, each.notes) for each in state.noted],
        [
            HelpedThen(
                each.by, name(each.by), each.since, each.until, each.summary,
                [one.text for one in each.promises], list(each.tools),
            )
            for each in state.helped
        ],
    )  # fmt: skip
