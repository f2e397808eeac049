"""Whose request it is, what of it is read, and what its ticket allows.

A session that the ticket does not cover, one that is not there and one whose name is no name are answered
alike: nobody learns which sessions there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from hub.keys.errors import TicketRefused
from hub.keys.signer import Signer
from hub.store.promise import SessionKey
from legato.session.commands import Refusal
from legato.session.ids import well_formed
from legato.session.tickets import ANY_SESSION, Capability, Kind, Ticket
from legato.wire.strict import BadJson, check
from signaling.connection.batches import wrong_field
from signaling.connection.line import Line
from signaling.hall import Hall
from signaling.http.errors import Refused
from signaling.shares import Shares

T = TypeVar("T")
Told = Callable[[SessionKey, str, str, str, Refusal], None]

BODY_S: Final = 5.0
MOST_BODY: Final = 65_536
_KINDS: Final[frozenset[Kind]] = frozenset({"access", "invite"})


def bearer(request: web.Request) -> str:
    """The credential in the request's `Authorization`."""
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential:
        raise Refused("ticket_refused")
    return credential.strip()


class Access:
    """Tickets and connections of requests. `wall` gives seconds UTC; `refused` is told of what somebody asks of a
    session of theirs, or of their tenant, that is not theirs to ask. Each request counts against its holder's
    `shares`."""

    def __init__(
        self, signer: Signer, hall: Hall, wall: Callable[[], int], refused: Told, shares: Shares
    ) -> None:
        self._signer = signer
        self._hall = hall
        self._refused = refused
        self._shares = shares
        self.wall = wall

    def ticket(self, request: web.Request) -> Ticket:
        """The request's ticket."""
        try:
            ticket = self._signer.verify(bearer(request), self.wall(), _KINDS)
        except TicketRefused:
            raise Refused("ticket_refused") from None
        if ticket.once:
            raise Refused("ticket_refused", "it is good for attaching, once")
        _in_time(self._shares.verb(ticket), "requests")
        return ticket

    def check(self, ticket: Ticket, session: str) -> None:
        """Whether a ticket that is for more sessions than this one is good in it."""
        try:
            self._signer.check(ticket, session)
        except TicketRefused:
            raise Refused("ticket_refused") from None

    def line(self, request: web.Request) -> Line:
        """The connection whose secret the request shows."""
        line = self._hall.line(bearer(request))
        if line is None:
            raise Refused("connection_unknown")
        if line.arrival is not None:
            _in_time(self._shares.verb(line.arrival.ticket), "requests")
        return line

    def ticket_or_line(self, request: web.Request) -> Ticket:
        """The request's ticket, or that of the connection it shows."""
        line = self._hall.line(bearer(request))
        if line is not None and line.arrival is not None:
            _in_time(self._shares.verb(line.arrival.ticket), "requests")
            return line.arrival.ticket
        return self.ticket(request)

    def may_create(self, ticket: Ticket) -> int:
        """Whether the holder may make one session more now; how many of theirs may be open (0: any number)."""
        if not ticket.allows("create"):
            self.forbidden_here(ticket, "create")
            raise Refused("not_allowed")
        _in_time(self._shares.session(ticket), "sessions")
        return self._shares.open(ticket)

    @contextmanager
    def upload(self, ticket: Ticket) -> Iterator[None]:
        """The holder sends a blob, inside. Refuses if they have as many under way as they may."""
        if not self._shares.begin_upload(ticket):
            raise Refused("overloaded", "uploads", retry_after_ms=1000)
        try:
            yield
        finally:
            self._shares.end_upload(ticket)

    def whole(self, request: web.Request) -> Ticket:
        """The request's ticket, if it is for all sessions of its tenant and may list them."""
        ticket = self.ticket(request)
        if not ticket.allows("list") or ticket.session != ANY_SESSION:
            self.forbidden_here(ticket, "list", request.path)
            raise Refused("not_allowed")
        return ticket

    def session(self, request: web.Request, needs: Capability) -> tuple[SessionKey, Ticket]:
        """The session in the path, if the ticket covers it and allows that."""
        ticket = self.ticket(request)
        session = request.match_info["session"]
        if session == ANY_SESSION or not well_formed(session) or not ticket.covers(ticket.tenant, session):
            raise Refused("not_found")
        self.check(ticket, session)
        key = SessionKey(ticket.tenant, session)
        self.need(key, ticket, needs)
        return key, ticket

    def need(self, key: SessionKey, ticket: Ticket, needs: Capability, field: str = "") -> None:
        """Whether the ticket, which is for this session, allows that."""
        if not ticket.allows(needs):
            detail = f"needs the capability {needs}"
            self.forbidden(key, ticket, needs, detail)
            raise Refused("not_allowed", detail, field=field)

    def forbidden(self, key: SessionKey, ticket: Ticket, asked: str, detail: str = "") -> None:
        """They asked for that, and it is not theirs: for the audit."""
        self._refused(key, ticket.participant, ticket.role, asked, Refusal("not_allowed", detail))

    def forbidden_here(self, ticket: Ticket, asked: str, detail: str = "") -> None:
        """They asked for that, which is no session's but their tenant's, and it is not theirs: for the audit."""
        self.forbidden(SessionKey(ticket.tenant, ANY_SESSION), ticket, asked, detail)

    def gone(self, key: SessionKey, ticket: Ticket, asked: str) -> None:
        """They asked for that in a session that is not there: for the audit, if it was erased."""
        self._refused(key, ticket.participant, ticket.role, asked, Refusal("session_erased"))


def _in_time(wait_ms: int, what: str) -> None:
    if wait_ms > 0:
        raise Refused("too_fast", what, retry_after_ms=wait_ms)


async def read_bytes(request: web.Request, limit: int = MOST_BODY) -> bytes:
    """The body. `too_large`, `timed_out` (it did not come within 5 s)."""
    if request.content_length is not None and request.content_length > limit:
        raise Refused("too_large", f"at most {limit} bytes")
    body = bytearray()
    async with asyncio.timeout(BODY_S):
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise Refused("too_large", f"at most {limit} bytes")
    return bytes(body)


async def read_json(request: web.Request, kind: type[T], limit: int = MOST_BODY) -> T:
    """The body as `kind`. It must say that it is JSON, which no form of another origin can."""
    if request.content_type != "application/json":
        raise Refused("unsupported", "application/json")
    raw = await read_bytes(request, limit)
    try:
        check(raw, limit)
        return msgspec.json.decode(raw, type=kind)
    except BadJson as bad:
        raise Refused("malformed", bad.problem) from None
    except msgspec.DecodeError as error:
        raise Refused("malformed", field=wrong_field(error)) from None


def number(request: web.Request, name: str, default: int, lowest: int, highest: int) -> int:
    """A number of the query."""
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and lowest <= int(text) <= highest):
        raise Refused("malformed", f"{lowest} to {highest}", name)
    return int(text)
