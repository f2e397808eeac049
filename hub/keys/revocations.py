"""Tickets called back before their time.

A revocation names one ticket by its id, or everything that a participant held up to a moment; in one session, or in
all of the tenant's. Whatever came of a ticket (the resume tickets of who attached by it, its renewals) goes with
it. A revocation is kept as long as a ticket it covers could be valid, so the list is bounded by what was revoked in
30 days. How it reaches other nodes is the doors' affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from legato.session.ids import hosts
from legato.session.tickets import ANY_SESSION, LEEWAY_S, MOST_LIFE_S

KEPT_S: Final = max(MOST_LIFE_S.values()) + 2 * LEEWAY_S


class Issued(Protocol):
    """A credential that may be called back: a ticket, or a call ticket."""

    @property
    def id(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def tenant(self) -> str: ...
    @property
    def session(self) -> str: ...
    @property
    def participant(self) -> str: ...
    @property
    def issued(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What is called back: the ticket `id`, or what `participant` held that was issued at `at` (seconds UTC) or
    before. `session` may be `ANY_SESSION`."""

    tenant: str
    session: str
    at: int
    id: str = ""
    participant: str = ""

    def encoded(self) -> bytes:
        """As nodes hand it on; equal ones have equal bytes."""
        return msgspec.json.encode(self)

    @classmethod
    def decoded(cls, encoded: bytes) -> Revocation:
        """Read what `encoded` wrote. `msgspec.DecodeError`."""
        return msgspec.json.decode(encoded, type=cls)


class RevocationList:
    """The revoked tickets known to this node. Times are seconds UTC."""

    def __init__(self) -> None:
        self._tickets: dict[tuple[str, str, str], int] = {}
        self._participants: dict[tuple[str, str, str], int] = {}

    def add(self, revocation: Revocation) -> None:
        """Heed it from now on."""
        kept = self._tickets if revocation.id else self._participants
        name = (revocation.tenant, revocation.session, revocation.id or revocation.participant)
        kept[name] = max(revocation.at, kept.get(name, 0))

    def revoke(self, tenant: str, ticket_id: str, now: int) -> None:
        """Refuse this ticket from now on."""
        self.add(Revocation(tenant=tenant, session=ANY_SESSION, id=ticket_id, at=now))

    def revoke_participant(self, tenant: str, session: str, participant: str, now: int) -> None:
        """Refuse every ticket of this participant that was issued at `now` or before."""
        self.add(Revocation(tenant=tenant, session=session, participant=participant, at=now))

    def revoked(self, ticket: Issued, session: str = "") -> bool:
        """Whether the ticket was called back, by itself, with what it came of, with its participant or with whoever
        that is a guest of. `session`: the one that it is shown for, where it is for others, too."""
        return any(self._revoked(ticket, each) for each in {ticket.session, session, ANY_SESSION} if each)

    def _revoked(self, ticket: Issued, session: str) -> bool:
        tenant = ticket.tenant
        if any((tenant, session, name) in self._tickets for name in (ticket.id, ticket.origin)):
            return True
        return any(
            self._participants.get((tenant, session, who), -1) >= ticket.issued
            for who in hosts(ticket.participant)
        )

    def expire(self, now: int) -> None:
        """Drop what covers no ticket that could still be valid."""
        oldest = now - KEPT_S
        self._tickets = {name: since for name, since in self._tickets.items() if since >= oldest}
        self._participants = {name: since for name, since in self._participants.items() if since >= oldest}
