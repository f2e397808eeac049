"""The verbs about sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from aiohttp import web

from hub.keys.positions import Positions
from hub.node.conductor import without_marks
from hub.node.entries import SessionDamaged
from hub.node.promise import Batch, Done, Node, Room
from hub.node.refusals import asked_of
from hub.store.promise import SessionKey
from legato.session.actors import Actor
from legato.session.agent_labels import NEEDS_LABEL, shaped, worded
from legato.session.audience import audience
from legato.session.commands import Command, Refusal
from legato.session.doing import doing
from legato.session.events import Role
from legato.session.ids import RandomBytes, new_id, well_formed
from legato.session.limits import PARTICIPANTS, misshapen_labels
from legato.session.position import Position
from legato.session.presence_rules import joined, session_ended
from legato.session.state import State, encode_state
from legato.session.tickets import ANY_SESSION, Ticket
from signaling.archive import Archive
from signaling.connection.batches import producer_name, raw_batch, read_batch
from signaling.http import bodies
from signaling.http.access import Access, number, read_json
from signaling.http.edges import behind, edge
from signaling.http.errors import Refused, absent, json_response, there
from signaling.http.routes import Route
from signaling.veil import sight_of

MOST_LISTED: Final = 200
MOST_EVENTS: Final = 1_000
TRIES: Final = 20
RETRY_S: Final = 0.02
PRODUCER: Final = "door"
ERASED: Final = Refusal("session_erased")


class Sessions:
    """See the module."""

    def __init__(
        self,
        node: Node,
        access: Access,
        archive: Archive,
        positions: Positions,
        random_bytes: RandomBytes,
    ) -> None:
        self._node = node
        self._access = access
        self._archive = archive
        self._positions = positions
        self._random_bytes = random_bytes

    # long: one table, one row a verb
    def routes(self) -> list[Route]:
        """The verbs."""
        one = "/v1/sessions/{session}"
        paged = (("before", "the `before` of the page after it"), ("limit", f"1 to {MOST_LISTED}"))
        return [
            Route(
                method="POST", path="/v1/sessions", name="createSession", says="Create a session",
                handler=self.create, takes=bodies.CreateSession, gives=bodies.SessionCreated, status=201,
            ),
            Route(
                method="GET", path="/v1/sessions", name="listSessions", says="List the tenant's sessions",
                handler=self.list, gives=bodies.SessionList,
                query=(
                    ("participant", "who takes part"), ("label", "`key:value`"),
                    ("before", "the `next` of the page before it"), paged[1],
                ),
            ),
            Route(
                method="GET", path=one, name="readSession", says="The state and its position",
                handler=self.read, gives=bodies.SessionState,
            ),
            Route(
                method="GET", path=f"{one}/history", name="readHistory",
                says="Ended entries, newest page first", handler=self.history,
                gives=bodies.HistoryAnswer, query=paged,
            ),
            Route(
                method="GET", path=f"{one}/events", name="readEvents", says="The log in pages",
                handler=self.events, gives=bodies.EventsAnswer,
                query=(("after", "an offset; 0 is the beginning"), ("limit", f"1 to {MOST_EVENTS}")),
            ),
            Route(
                method="POST", path=f"{one}/commands", name="doCommands", says="Do a batch of commands",
                handler=self.commands, takes=bodies.DoCommands, gives=bodies.CommandsDone,
            ),
            Route(
                method="GET", path=f"{one}/presence", name="readPresence", says="Who is there, doing what",
                handler=self.presence, gives=bodies.PresenceAnswer,
            ),
            Route(
                method="POST", path=f"{one}/end", name="endSession", says="End the session",
                handler=self.end, takes=bodies.EndSessionBody, gives=bodies.SessionEnded,
            ),
            Route(
                method="DELETE", path=one, name="eraseSession",
                says="Erase the session: unreadable at once, backups included",
                handler=self.erase, status=204,
            ),
        ]  # fmt: skip

    async def create(self, request: web.Request) -> web.Response:
        """`POST /v1/sessions`"""
        ticket = self._access.ticket(request)
        most = self._access.may_create(ticket)
        body = await read_json(request, bodies.CreateSession)
        session = body.session or new_id("s", self._random_bytes)
        if not well_formed(session) or session == ANY_SESSION:
            raise Refused("malformed", field="session")
        if not ticket.covers(ticket.tenant, session):
            self._access.forbidden_here(ticket, "create", "not for that session")
            raise Refused("not_allowed", field="session")
        if len(body.title) > 200 or len(body.participants) > PARTICIPANTS:
            raise Refused("too_large", field="title" if len(body.title) > 200 else "participants")
        if not all(well_formed(who.participant) and len(who.name) <= 64 for who in body.participants):
            raise Refused("malformed", field="participants")
        if not shaped(body.needs):
            raise Refused("malformed", field="needs")
        labels = body.labels | ({NEEDS_LABEL: worded(body.needs)} if body.needs else {})
        if refusal := misshapen_labels(labels):
            raise Refused.of(refusal)
        key = SessionKey(ticket.tenant, session)
        room = _granted(await self._node.create(key, ticket.participant, labels, body.title, most))
        try:
            for who in body.participants:
                await _join(room, who.participant, who.role, who.name)
            created = bodies.SessionCreated(session, key.tenant, self._written(key, room.position))
        finally:
            self._node.release(room)
        return json_response(created, 201)

    async def list(self, request: web.Request) -> web.Response:
        """`GET /v1/sessions`"""
        ticket = self._access.whole(request)
        name, colon, value = request.query.get("label", "").partition(":")
        if name and not colon:
            raise Refused("malformed", "key:value", "label")
        limit = number(request, "limit", 50, 1, MOST_LISTED)
        listed = await self._archive.sessions(
            ticket.tenant,
            request.query.get("participant", ""),
            (name, value) if name else None,
            edge(request),
            limit,
        )
        rows = [
            bodies.SessionRow(row.session, row.created, row.last, row.ended, without_marks(row.labels))
            for row in listed
        ]
        before, further = behind(listed, limit)
        return json_response(bodies.SessionList(rows, before, further))

    async def read(self, request: web.Request) -> web.Response:
        """`GET /v1/sessions/{session}`"""
        key, ticket = self._access.session(request, "read")
        async with self._room(key) as room:
            state = sight_of(ticket.role).state(encode_state(room.state))
            position = self._written(key, room.position)
        return json_response({"session": key.session, "position": position, "state": msgspec.Raw(state)})

    async def history(self, request: web.Request) -> web.Response:
        """`GET /v1/sessions/{session}/history`"""
        key, _ = self._access.session(request, "read")
        before = number(request, "before", 0, 0, (1 << 53) - 1)
        limit = number(request, "limit", 50, 1, MOST_LISTED)
        async with self._room(key) as room:
            entries, before = await room.history(before, limit)
        return json_response({"entries": [msgspec.Raw(each) for each in entries], "before": before})

    async def events(self, request: web.Request) -> web.Response:
        """`GET /v1/sessions/{session}/events`"""
        key, ticket = self._access.session(request, "read")
        after = number(request, "after", 0, 0, (1 << 53) - 1)
        page = await self._archive.events(key, after, number(request, "limit", 200, 1, MOST_EVENTS))
        if page is None:
            await there(self._node, key)
            raise Refused("not_found")
        events = [msgspec.Raw(each) for each in sight_of(ticket.role).events(page.events)]
        tail = self._written(key, page.tail)
        return json_response({"events": events, "first": page.first, "tail": tail})

    async def commands(self, request: web.Request) -> web.Response:
        """`POST /v1/sessions/{session}/commands`"""
        key, ticket = self._access.session(request, "read")
        body = await read_json(request, bodies.DoCommands)
        if not well_formed(body.producer) or not 1 <= body.seq < 1 << 53:
            raise Refused("malformed", field="producer" if not well_formed(body.producer) else "seq")
        read = read_batch(body.commands)
        refusal = read if isinstance(read, Refusal) else None
        commands = () if isinstance(read, Refusal) else read
        async with self._room(key, ticket, asked_of(commands, ERASED)) as room:
            await _join(room, ticket.participant, ticket.role, ticket.name)
            actor = Actor(ticket.participant, ticket.role, ticket.capabilities, skills=ticket.skills)
            done = await _execute(
                room, actor, body.producer, body.seq, raw_batch(body.commands), commands, refusal
            )
        return json_response(bodies.CommandsDone(done.sequence, done.first, done.count, done.level))

    async def presence(self, request: web.Request) -> web.Response:
        """`GET /v1/sessions/{session}/presence`"""
        key, _ = self._access.session(request, "read")
        async with self._room(key) as room:
            return json_response(_presence(room.state, self._written(key, room.position)))

    async def end(self, request: web.Request) -> web.Response:
        """`POST /v1/sessions/{session}/end`"""
        key, ticket = self._access.session(request, "end")
        body = await read_json(request, bodies.EndSessionBody)
        if len(body.reason) > 200:
            raise Refused("too_large", field="reason")
        async with self._room(key, ticket, "end") as room:
            done = await _end(room, ticket.participant, body.reason)
        return json_response(bodies.SessionEnded(done.first, done.count, done.level))

    async def erase(self, request: web.Request) -> web.Response:
        """`DELETE /v1/sessions/{session}`"""
        key, ticket = self._access.session(request, "erase")
        async with self._room(key, ticket, "erase"):
            pass
        await self._node.erase(key)
        return web.Response(status=204)

    def _written(self, key: SessionKey, position: Position) -> str:
        return self._positions.written(key.tenant, key.session, position)

    @asynccontextmanager
    async def _room(
        self, key: SessionKey, ticket: Ticket | None = None, asked: str = ""
    ) -> AsyncIterator[Room]:
        """`asked`: what is told of who has this ticket if the session was erased."""
        try:
            room = await self._node.open(key)
        except SessionDamaged as damage:
            if damage.reason != "lost":
                raise
            raise Refused("session_erased", "lost") from None
        if room is None:
            if ticket is not None and asked:
                self._access.gone(key, ticket, asked)
            raise await absent(self._node, key)
        try:
            yield room
        finally:
            self._node.release(room)


def _granted(made: Room | Refusal) -> Room:
    if isinstance(made, Refusal):
        raise Refused.of(made)
    return made


async def _join(room: Room, participant: str, role: Role, name: str) -> None:
    """Whoever takes part without an attachment joins by the first thing they do; nobody joins what has ended."""
    if room.state.ended:
        return
    events = joined(room.state, participant, role, name)
    if isinstance(events, Refusal):
        raise Refused.of(events)
    if events:
        _done(await room.append_as_hub(PRODUCER, events, conditional=False))


async def _end(room: Room, by: str, reason: str) -> Done:
    """End the session, on the state as it is: whoever asks need not take part."""
    for _ in range(TRIES):
        if room.state.ended:
            raise Refused("session_ended")
        events = session_ended(room.state, by, reason)
        outcome = await room.append_as_hub(PRODUCER, events, conditional=True)
        if not (isinstance(outcome, Refusal) and outcome.reason in ("lost_race", "resume_first")):
            break
        await asyncio.sleep(RETRY_S)
    return _done(outcome)


async def _execute(
    room: Room,
    actor: Actor,
    producer: str,
    sequence: int,
    raw: bytes,
    commands: tuple[Command, ...],
    refusal: Refusal | None,
) -> Done:
    """Do a batch. Each request opens an epoch of its producer; two at once may have to try again."""
    name = producer_name(actor.participant, producer)
    for _ in range(TRIES):
        opened = await room.open_producer(name)
        batch = Batch(name, opened.epoch, sequence, raw, commands, refusal=refusal)
        outcome = await room.execute(actor, batch)
        if not (
            isinstance(outcome, Refusal) and (outcome.reason, outcome.field) == ("stale_token", "producer")
        ):
            break
    return _done(outcome)


def _done(outcome: Done | Refusal) -> Done:
    if isinstance(outcome, Refusal):
        raise Refused.of(outcome)
    return outcome


def _presence(state: State, position: str) -> bodies.PresenceAnswer:
    attentive = {each.participant for each in audience(state) if each.attentive}
    here = [
        bodies.PresentParticipant(
            participant=who.id,
            role=who.role,
            name=who.name,
            liveness=state.liveness(who.id),
            **msgspec.structs.asdict(doing(state, who.id)),
            attentive=who.id in attentive,
            attachments=[
                bodies.PresentAttachment(
                    each.id, each.device, each.takes, each.gives, each.away_since, each.holds
                )
                for each in state.attachments.values()
                if each.participant == who.id
            ],
        )
        for who in state.participants.values()
        if not who.left
    ]
    return bodies.PresenceAnswer(here, state.responder, position)
