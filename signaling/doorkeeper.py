"""Who comes in: from a ticket to an attachment in a session, or to a registered worker.

What a ticket does not say, its holder may not do. Whatever is wrong with one, its bearer learns the same; a
session that is not there and one that the ticket is not for look alike. Who has a ticket for one that was erased is
told so.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from hub.keys.errors import KeysError, TicketRefused
from hub.keys.positions import Positions
from hub.keys.proof import proves
from hub.keys.signer import Signer
from hub.node.entries import SessionDamaged
from hub.node.promise import Node, Presence, Room
from hub.store.promise import Level, Opened, SessionKey, StoreUnavailable
from legato.session.actors import agents_participant
from legato.session.agent_labels import shaped
from legato.session.commands import Refusal
from legato.session.decisions import Actor
from legato.session.holder import Denial, Denied, Holder, acknowledge, present
from legato.session.ids import RandomBytes, new_id, well_formed
from legato.session.position import Position, PositionInvalid
from legato.session.proof_key import ProofKey, ProofKeyInvalid
from legato.session.tickets import ANY_SESSION, LIFE_S, Kind, Ticket
from legato.wire.down import ResumeTicket
from legato.wire.up import Attach, Resume, Work
from signaling.coming import Coming, reaches_for_another
from signaling.connection import close_codes
from signaling.connection.batches import producer_name
from signaling.connection.chores import Chores
from signaling.connection.effects import NEVER
from signaling.holders import Holders
from signaling.shares import Shares

log: Final = logging.getLogger("legato.connection")

ENTRY: Final[frozenset[Kind]] = frozenset({"access", "invite"})
LEVELS: Final = {"": 0, "memory": 1, "buffered": 2, "replicated": 3, "synced": 4}
ANOTHERS: Final = Refusal("not_allowed", "another agent's")
INVITE: Final = "invite:"
"""Beside attachments, invites that are good once have holders; their names begin so."""

CROWDED_MS: Final = 10_000
"""When somebody who has as many connections as one may have should try again."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Nobody comes in: the connection closes with this."""

    code: int
    reason: str
    detail: str = ""
    retry_after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who is in. The room was opened for them: whoever lets them go releases it."""

    ticket: Ticket
    room: Room
    actor: Actor
    presence: Presence
    producer: str
    opened: Opened
    level: Level
    after: Position | None
    beat_ms: int
    resume: ResumeTicket | None
    away_ms: int
    returning: bool
    accepted: int = 0


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a doorkeeper works with. Who is let in has its place among the `shares`, which whoever lets the arrival go
    gives back. `wall` gives seconds UTC."""

    node: Node
    signer: Signer
    positions: Positions
    holders: Holders
    shares: Shares
    level: Level
    wall: Callable[[], int]
    random_bytes: RandomBytes


class Doorkeeper:
    """See the module."""

    def __init__(self, keeping: Keeping) -> None:
        self._node = keeping.node
        self._signer = keeping.signer
        self._keeping = keeping
        self.chores = Chores(_unseen)
        """The seeing off of those who had arrived and could not be let in."""

    async def admit(self, envelope: Attach | Resume) -> Arrival | TurnedAway:
        """Bring somebody in. Cancelled, or turned away, nobody is."""
        try:
            if isinstance(envelope, Attach):
                return await self._attach(envelope)
            return await self._resume(envelope)
        except TicketRefused:
            return TurnedAway(close_codes.UNAUTHENTICATED, "ticket_refused")
        except (StoreUnavailable, KeysError):
            return TurnedAway(close_codes.OVERLOADED, "unavailable", retry_after_ms=1000)

    def hire(self, envelope: Work) -> Ticket | TurnedAway:
        """The ticket of a worker who may take sessions under this name."""
        try:
            ticket = self._signer.verify(envelope.ticket, self._keeping.wall(), ENTRY)
        except TicketRefused:
            return TurnedAway(close_codes.UNAUTHENTICATED, "ticket_refused")
        if not (
            well_formed(envelope.name)
            and well_formed(envelope.worker)
            and 0 <= envelope.capacity <= 10_000
            and shaped(envelope.labels)
        ):
            return TurnedAway(close_codes.MALFORMED, "malformed", retry_after_ms=NEVER)
        if ticket.role != "agent" or not ticket.allows("work") or ticket.session != ANY_SESSION:
            self._refused(ticket, ANY_SESSION, "work", Refusal("not_allowed"))
            return TurnedAway(close_codes.NOT_ALLOWED, "not_allowed", retry_after_ms=NEVER)
        if ticket.participant != agents_participant(envelope.name):
            self._refused(ticket, ANY_SESSION, "work", ANOTHERS)
            return TurnedAway(close_codes.NOT_ALLOWED, "not_allowed", "name", NEVER)
        return ticket

    async def keep(self, arrival: Arrival, ticket: str) -> None:
        """The client has stored the resume ticket with this id."""
        await self._keeping.holders.change(
            arrival.room.key,
            arrival.actor.attachment,
            lambda holder: None if holder is None else acknowledge(holder, ticket),
        )

    def _refused(self, ticket: Ticket, session: str, asked: str, refusal: Refusal) -> None:
        key = SessionKey(ticket.tenant, session)
        self._node.refused(key, ticket.participant, ticket.role, asked, refusal)

    # --- the two ways in

    async def _attach(self, envelope: Attach) -> Arrival | TurnedAway:
        ticket = self._signer.verify(envelope.ticket, self._keeping.wall(), ENTRY)
        session = envelope.session or ticket.session
        if not ticket.covers(ticket.tenant, session) or session == ANY_SESSION or not well_formed(session):
            return _NOT_FOUND
        self._signer.check(ticket, session)
        if turned := self._misfit(ticket, envelope):
            return turned
        try:
            key = None if envelope.key is None else ProofKey.from_jwk(envelope.key)
        except ProofKeyInvalid:
            return TurnedAway(close_codes.MALFORMED, "malformed", "key", NEVER)
        if ticket.once and key is None:
            return TurnedAway(close_codes.MALFORMED, "malformed", "key", NEVER)
        attachment = new_id("a", self._keeping.random_bytes)
        coming = Coming(ticket, SessionKey(ticket.tenant, session), attachment, envelope, key)
        return await self._seat(coming, self._first_holder)

    async def _resume(self, envelope: Resume) -> Arrival | TurnedAway:
        ticket = self._signer.verify(envelope.ticket, self._keeping.wall(), frozenset({"resume"}))
        if turned := self._misfit(ticket, envelope):
            return turned
        coming = Coming(
            ticket, SessionKey(ticket.tenant, ticket.session), ticket.attachment, envelope, ticket.key
        )
        if ticket.key is None or not proves(ticket.key, envelope.proof, ticket.id):
            self._misused(coming)
            return TurnedAway(close_codes.UNAUTHENTICATED, "ticket_refused")
        return await self._seat(coming, self._next_holder)

    def _misfit(self, ticket: Ticket, envelope: Attach | Resume) -> TurnedAway | None:
        if not ticket.allows("read"):
            self._refused(ticket, ticket.session, "read", Refusal("not_allowed"))
            return TurnedAway(close_codes.NOT_ALLOWED, "not_allowed", retry_after_ms=NEVER)
        if reaches_for_another(ticket, envelope):
            assert isinstance(envelope, Attach)
            self._refused(ticket, envelope.session or ticket.session, "accept_session", ANOTHERS)
            return TurnedAway(close_codes.NOT_ALLOWED, "not_allowed", "accept", NEVER)
        if not well_formed(envelope.producer):
            return TurnedAway(close_codes.MALFORMED, "malformed", "producer", NEVER)
        if LEVELS[envelope.require] > LEVELS[self._keeping.level]:
            return TurnedAway(close_codes.LEVEL_UNAVAILABLE, "level_unavailable", self._keeping.level, NEVER)
        return None

    async def _seat(
        self, coming: Coming, holding: Callable[[Coming], Awaitable[ResumeTicket | TurnedAway | None]]
    ) -> Arrival | TurnedAway:
        shares, arrival = self._keeping.shares, None
        if not shares.enter(coming.ticket, back=isinstance(coming.envelope, Resume)):
            return TurnedAway(close_codes.OVERLOADED, "overloaded", "connections", CROWDED_MS)
        try:
            arrival = await self._enter(coming, holding)
            return arrival
        finally:
            if not isinstance(arrival, Arrival):
                shares.leave(coming.ticket)

    async def _enter(
        self, coming: Coming, holding: Callable[[Coming], Awaitable[ResumeTicket | TurnedAway | None]]
    ) -> Arrival | TurnedAway:
        given, key = coming.envelope.position, coming.key
        try:
            after = self._keeping.positions.read(key.tenant, key.session, given) if given else None
        except PositionInvalid:
            return TurnedAway(close_codes.MALFORMED, "malformed", "position", NEVER)
        try:
            room = await self._node.open(coming.key)
        except SessionDamaged as damage:
            if damage.reason != "lost":
                raise
            return TurnedAway(close_codes.ERASED, "session_erased", "lost", NEVER)
        if room is None:
            if isinstance(coming.envelope, Attach):
                self._refused(coming.ticket, key.session, "attach", Refusal("session_erased"))
            return _ERASED if await self._node.erased(coming.key) else _NOT_FOUND
        try:
            arrival = await self._arrive(coming, room, after, holding)
        except BaseException:
            if coming.arrived:
                self.chores.begin(partial(_see_off, self._node, room, coming))
            else:
                self._node.release(room)
            raise
        if isinstance(arrival, TurnedAway):
            self._node.release(room)
        return arrival

    async def _arrive(
        self,
        coming: Coming,
        room: Room,
        after: Position | None,
        holding: Callable[[Coming], Awaitable[ResumeTicket | TurnedAway | None]],
    ) -> Arrival | TurnedAway:
        resume = await holding(coming)
        if isinstance(resume, TurnedAway):
            return resume
        producer = producer_name(coming.ticket.participant, coming.envelope.producer)
        opened, epoch = await room.open_producer(producer), room.position.epoch
        if after is not None:
            await room.reach(after)
        away_since = coming.recognised(room)
        returning = coming.ticket.participant in room.state.participants
        presence = coming.presence()
        arrived = await self._node.arrive(room, presence)
        if isinstance(arrived, Refusal):
            return _turned(arrived)
        coming.arrived = True
        while room.position.epoch != epoch:  # a tail was lost, and perhaps batches that the opening spoke of
            opened, epoch = await room.open_producer(producer), room.position.epoch
        return Arrival(
            ticket=coming.ticket,
            room=room,
            actor=presence.actor,
            presence=presence,
            producer=producer,
            opened=opened,
            level=self._keeping.level,
            after=after,
            beat_ms=coming.beat_ms(),
            resume=resume,
            away_ms=max(0, self._keeping.wall() * 1000 - away_since) if away_since else 0,
            returning=returning,
            accepted=arrived.accepted,
        )

    # --- resume tickets

    async def _first_holder(self, coming: Coming) -> ResumeTicket | TurnedAway | None:
        if coming.ticket.once and not await self._spent_by(coming):
            return TurnedAway(close_codes.UNAUTHENTICATED, "ticket_refused")
        if coming.proof_key is None:
            return None
        fresh = new_id("j", self._keeping.random_bytes)
        holder = Holder(coming.proof_key.thumbprint, held=coming.ticket.id, next=fresh)
        await self._keeping.holders.begin(coming.key, coming.attachment, holder)
        return self._resume_ticket(coming, fresh)

    async def _spent_by(self, coming: Coming) -> bool:
        """Whether the invite, which is good once, is this key's: the first to come with it has it, on every node. The
        same key may come again: it may not have heard that it was let in."""
        assert coming.proof_key is not None
        key, told = coming.proof_key.thumbprint, list[bool]()

        def change(holder: Holder | None) -> Holder | None:
            told.append(holder is None or holder.key == key)
            return Holder(key, held=coming.ticket.id) if holder is None else None

        await self._keeping.holders.change(coming.key, INVITE + coming.ticket.id, change)
        return told[-1]

    async def _next_holder(self, coming: Coming) -> ResumeTicket | TurnedAway | None:
        ticket = coming.ticket
        fresh = new_id("j", self._keeping.random_bytes)
        told: list[str | Denied] = []

        def change(holder: Holder | None) -> Holder | None:
            presented = present(
                holder or Holder(ticket.thumbprint, held=ticket.id), ticket.id, ticket.thumbprint, fresh
            )
            told.append(presented if isinstance(presented, Denied) else presented.ticket)
            return None if isinstance(presented, Denied) else presented.holder

        await self._keeping.holders.change(coming.key, coming.attachment, change)
        answer = told[-1]
        if isinstance(answer, Denied):
            if answer.why is Denial.OTHER_KEY:
                self._misused(coming)
            return TurnedAway(close_codes.UNAUTHENTICATED, "ticket_refused")
        return self._resume_ticket(coming, answer)

    def _misused(self, coming: Coming) -> None:
        self._node.misused(coming.key, coming.attachment, coming.ticket.participant, "resume")

    def _resume_ticket(self, coming: Coming, name: str) -> ResumeTicket:
        assert coming.proof_key is not None
        now = self._keeping.wall()
        ticket = replace(
            coming.ticket,
            kind="resume",
            session=coming.key.session,
            id=name,
            issued=now,
            not_before=now,
            expires=now + LIFE_S["resume"],
            attachment=coming.attachment,
            key=coming.proof_key,
            thumbprint=coming.proof_key.thumbprint,
            origin=coming.ticket.root,
            once=False,
        )
        return ResumeTicket(name, self._signer.mint(ticket), name, ticket.expires)


_NOT_FOUND: Final = TurnedAway(close_codes.NOT_FOUND, "not_found", retry_after_ms=NEVER)
_ERASED: Final = TurnedAway(close_codes.ERASED, "session_erased", retry_after_ms=NEVER)
_TURNED: Final = {
    "not_found": close_codes.NOT_FOUND,
    "session_erased": close_codes.ERASED,
    "not_allowed": close_codes.NOT_ALLOWED,
    "session_ended": close_codes.NOT_ALLOWED,
    "malformed": close_codes.MALFORMED,
    "too_large": close_codes.OVERLOADED,
    "too_fast": close_codes.TOO_FAST,
}

_SAID: Final = {"too_large": "overloaded"}
"""Whoever comes is not too large: there are too many."""


def _turned(refusal: Refusal) -> TurnedAway:
    code = _TURNED.get(refusal.reason, close_codes.OVERLOADED)
    comes_back = code in (close_codes.OVERLOADED, close_codes.TOO_FAST)
    reason = _SAID.get(refusal.reason, "not_found" if code == close_codes.NOT_FOUND else refusal.reason)
    return TurnedAway(code, reason, refusal.detail, (refusal.retry_after_ms or 1000) if comes_back else NEVER)


async def _see_off(node: Node, room: Room, coming: Coming) -> None:
    """They had arrived, and are told that they could not come in. Of an attachment that was named just now they know
    nothing."""
    try:
        if coming.presence().fresh:
            await node.departed(room, coming.attachment)
        else:
            await node.lost(room, coming.attachment, "did not arrive")
    finally:
        node.release(room)


def _unseen(failure: Exception) -> None:
    log.error("seeing somebody off failed", extra={"kind": type(failure).__name__}, exc_info=failure)
