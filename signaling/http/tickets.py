"""Tickets by HTTP: made for others, one's own renewed, called back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiohttp import web

from hub.keys.errors import TicketRefused
from hub.keys.revocations import Revocation
from hub.keys.signer import Signer
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session.ids import GUEST, RandomBytes, new_id, well_formed
from legato.session.tickets import (
    ANY_SESSION,
    CEILINGS,
    DEFAULTS,
    LIFE_S,
    MOST_LIFE_S,
    MOST_ONCE_S,
    ONCE_S,
    Ticket,
    TicketInvalid,
    check_grant,
)
from signaling.http import bodies
from signaling.http.access import Access, read_json
from signaling.http.errors import Refused, json_response
from signaling.http.routes import Route
from signaling.revoking import Revoking

_FIELDS: Final = {
    "ten": "",
    "ses": "session",
    "sub": "participant",
    "rol": "role",
    "nam": "name",
    "one": "session",
    "ski": "skills",
    "grant_skills": "skills",
    "grant_participant": "participant",
}


class Tickets:
    """See the module. `wall` gives seconds UTC."""

    def __init__(
        self,
        access: Access,
        signer: Signer,
        revoking: Revoking,
        wall: Callable[[], int],
        random_bytes: RandomBytes,
    ) -> None:
        self._access = access
        self._signer = signer
        self._revoking = revoking
        self._wall = wall
        self._random_bytes = random_bytes

    def routes(self) -> list[Route]:
        """The verbs."""
        return [
            Route(
                method="POST",
                path="/v1/tickets",
                name="mintTicket",
                says="Make a ticket for somebody, or renew one's own",
                handler=self.mint,
                by="ticket or connection",
                takes=bodies.MintTicket,
                gives=bodies.TicketMinted,
                status=201,
            ),
            Route(
                method="POST",
                path="/v1/tickets/revoke",
                name="revokeTickets",
                says="Call back a ticket, or all of a participant's: open connections by them are closed",
                handler=self.revoke,
                takes=bodies.RevokeTickets,
                gives=bodies.TicketsRevoked,
            ),
        ]

    async def mint(self, request: web.Request) -> web.Response:
        """`POST /v1/tickets`"""
        parent = self._access.ticket_or_line(request)
        body = await read_json(request, bodies.MintTicket)
        try:
            child = self._child(parent, body)
            check_grant(parent, child)
            self._access.check(parent, child.session)
            text = self._signer.mint(child)
        except TicketInvalid as invalid:
            # What was asked for is the caller's own; which rule forbids it is no secret either.
            reason = "not_allowed" if invalid.detail.startswith(("grant", "cap")) else "malformed"
            if reason == "not_allowed":
                key = SessionKey(parent.tenant, parent.session)
                self._access.forbidden(key, parent, "mint", _FIELDS.get(invalid.detail, ""))
            guest = invalid.detail == "grant_participant"
            detail = f"yourself, or a guest of yours: {parent.participant}{GUEST}NAME" if guest else ""
            raise Refused(reason, detail, field=_FIELDS.get(invalid.detail, "")) from None
        except TicketRefused:
            self._access.forbidden(SessionKey(parent.tenant, parent.session), parent, "mint")
            raise Refused("not_allowed") from None
        return json_response(bodies.TicketMinted(text, child.id, child.expires), 201)

    async def revoke(self, request: web.Request) -> web.Response:
        """`POST /v1/tickets/revoke`"""
        ticket = self._access.ticket(request)
        body = await read_json(request, bodies.RevokeTickets)
        if not ticket.allows("mint"):
            self._access.forbidden_here(ticket, "mint", request.path)
            raise Refused("not_allowed")
        if bool(body.id) == bool(body.participant):
            raise Refused("malformed", "either a ticket or a participant", "id")
        if not well_formed(body.id or body.participant):
            raise Refused("malformed", field="id" if body.id else "participant")
        session = body.session or ticket.session
        if not ticket.covers(ticket.tenant, session) or not (session == ANY_SESSION or well_formed(session)):
            raise Refused("not_found")
        at = self._wall()
        revocation = Revocation(
            tenant=ticket.tenant, session=session, at=at, id=body.id, participant=body.participant
        )
        try:
            await self._revoking.revoke(revocation)
        except StoreUnavailable:
            raise Refused("unavailable", retry_after_ms=1000) from None
        return json_response(bodies.TicketsRevoked(at))

    def _child(self, parent: Ticket, body: bodies.MintTicket) -> Ticket:
        if body.kind == "resume":
            raise Refused("not_allowed", "a resume ticket comes with its attachment", "kind")
        now = self._wall()
        role = body.role or parent.role
        if body.once and body.kind != "invite":
            raise Refused("malformed", "only an invite is good once", "once")
        most = MOST_ONCE_S if body.once else MOST_LIFE_S[body.kind]
        life = body.expires_s or (ONCE_S if body.once else LIFE_S[body.kind])
        if not 1 <= life <= most:
            raise Refused("malformed", f"1 to {most}", "expires_s")
        same = role == parent.role and body.participant in ("", parent.participant)
        own = parent.capabilities - {"mint"} if same else DEFAULTS[role] & CEILINGS[role]
        return Ticket(
            kind=body.kind,
            tenant=parent.tenant,
            session=body.session or parent.session,
            participant=body.participant or parent.participant,
            role=role,
            capabilities=frozenset(own if body.capabilities is None else body.capabilities),
            id=new_id("j", self._random_bytes),
            issued=now,
            not_before=now,
            expires=now + life,
            name=parent.name if body.name is None and same else body.name or "",
            origin="" if parent.allows("mint") and not same else parent.root,
            once=body.once,
            skills=parent.skills if body.skills is None else frozenset(body.skills),
        )
