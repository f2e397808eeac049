"""Somebody on the way in: who the ticket says they are, and what they say of themselves."""

from __future__ import annotations

from typing import Final

from hub.node.promise import Presence, Room
from hub.store.promise import SessionKey
from legato.session.actors import WORKER, Actor, may_hold
from legato.session.commands import AcceptSession
from legato.session.events import Medium
from legato.session.proof_key import ProofKey
from legato.session.tickets import Ticket
from legato.wire.up import Attach, Resume

BEAT_MS: Final = 3_000
LIVE_BEAT_MS: Final = 1_000
"""The beat of those whose going must be noticed sooner: who speaks, agents, workers."""


def reaches_for_another(ticket: Ticket, envelope: Attach | Resume) -> bool:
    """Whether a worker asks for the right of an agent that its ticket does not name."""
    return (
        isinstance(envelope, Attach)
        and ticket.role == "agent"
        and envelope.worker != ""
        and envelope.accept.startswith(WORKER)
        and not may_hold(ticket.participant, envelope.accept)
    )


class Coming:
    """Somebody on the way in."""

    def __init__(
        self,
        ticket: Ticket,
        key: SessionKey,
        attachment: str,
        envelope: Attach | Resume,
        proof_key: ProofKey | None,
    ) -> None:
        self.ticket = ticket
        self.key = key
        self.attachment = attachment
        self.envelope = envelope
        self.proof_key = proof_key
        self.arrived = False
        """Whether the session has been told: whoever is not let in after that is to be seen off."""
        self.device = envelope.device[:128]
        self.worker = envelope.worker if ticket.role == "agent" else ""
        self.takes: tuple[Medium, ...] = ("text",) if envelope.takes is None else envelope.takes
        self.gives: tuple[Medium, ...] = ("text",) if envelope.gives is None else envelope.gives

    def recognised(self, room: Room) -> int:
        """Go on as the attachment was, if it is known; since when it has been away (session time, ms; 0: not)."""
        known = room.state.attachments.get(self.attachment)
        if known is None:
            return 0
        self.device, self.takes, self.gives = known.device, known.takes, known.gives
        return known.away_since

    def presence(self) -> Presence:
        """How they come."""
        ticket = self.ticket
        fresh = isinstance(self.envelope, Attach)
        actor = Actor(
            ticket.participant, ticket.role, ticket.capabilities, self.attachment, self.worker, ticket.skills
        )
        return Presence(actor, ticket.name, self.device, self.takes, self.gives, fresh, self._accepts())

    def _accepts(self) -> AcceptSession | None:
        envelope = self.envelope
        if not (isinstance(envelope, Attach) and envelope.accept and self.worker):
            return None
        return AcceptSession(right=envelope.accept, worker=self.worker, listens=envelope.listens)

    def beat_ms(self) -> int:
        """How often they must be heard of."""
        alone = self.ticket.role == "agent" and not self.worker  # a worker beats on a connection of its own
        live = alone or "audio" in (*self.takes, *self.gives)
        return LIVE_BEAT_MS if live else BEAT_MS
