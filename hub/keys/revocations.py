"""Tickets called back before their time.

A revocation names one ticket by its id, or everything that a participant of a session held up to a
moment. It is kept as long as a ticket it covers could be valid, so the list is bounded by what was
revoked in 30 days. How it reaches other nodes is the node's affair.
"""

from typing import Final

from legato.session.tickets import LEEWAY_S, MOST_LIFE_S, Ticket

KEPT_S: Final = max(MOST_LIFE_S.values()) + 2 * LEEWAY_S


class RevocationList:
    """The revoked tickets known to this node. Times are seconds UTC."""

    def __init__(self) -> None:
        self._tickets: dict[tuple[str, str], int] = {}
        self._participants: dict[tuple[str, str, str], int] = {}

    def revoke(self, tenant: str, ticket_id: str, now: int) -> None:
        """Refuse this ticket from now on."""
        self._tickets[(tenant, ticket_id)] = now

    def revoke_participant(self, tenant: str, session: str, participant: str, now: int) -> None:
        """Refuse every ticket of this participant that was issued at `now` or before."""
        self._participants[(tenant, session, participant)] = now

    def revoked(self, ticket: Ticket) -> bool:
        """Whether the ticket was called back, by itself or with its participant."""
        if (ticket.tenant, ticket.id) in self._tickets:
            return True
        since = self._participants.get((ticket.tenant, ticket.session, ticket.participant))
        return since is not None and ticket.issued <= since

    def expire(self, now: int) -> None:
        """Drop what covers no ticket that could still be valid."""
        oldest = now - KEPT_S
        self._tickets = {name: since for name, since in self._tickets.items() if since >= oldest}
        self._participants = {name: since for name, since in self._participants.items() if since >= oldest}
