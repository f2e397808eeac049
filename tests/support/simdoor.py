"""A thin door for the simulated world: the real envelopes between the real client's link and a real room.

It does what `signaling`'s machine does with a session, and nothing of what that does with limits, tickets or
sockets. A ticket here is `session|participant|role|attachment|worker` in plain words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from hub.keys.errors import KeysError
from hub.node.entries import SessionDamaged
from hub.node.node import Node
from hub.node.promise import Batch, Done, Presence
from hub.node.room import Room
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.events import Event
from legato.session.position import Position
from legato.session.tickets import CAPABILITIES
from legato.wire import down as d
from legato.wire import up as u
from tests.support.simloop import SimLoop

BEAT_MS: Final = 1_000
SILENCE_MS: Final = 3_000


class Door:
    """One connection's end at a node. `send` brings an envelope to the client, `hang_up` ends it."""

    def __init__(
        self, node: Node, loop: SimLoop, send: Callable[[bytes], None], hang_up: Callable[[], None]
    ) -> None:
        self._node = node
        self._loop = loop
        self._send = send
        self._hang_up = hang_up
        self._room: Room | None = None
        self._actor: Actor | None = None
        self._producer = ("", 0)
        self._heard_at = loop.ms()
        self._holding = False
        self.closed = False
        loop.call_later(SILENCE_MS / 1000, self._watch)

    # --- from the client

    def received(self, raw: bytes) -> None:
        """An envelope came."""
        self._heard_at = self._loop.ms()
        envelope = u.decode_up(raw)
        if isinstance(envelope, u.Attach):
            self._loop.create_task(self._attach(envelope))
        elif isinstance(envelope, u.Do) and self._room is not None:
            self._loop.create_task(self._do(envelope, raw))
        elif isinstance(envelope, u.Ping):
            self._send(d.encode_down(d.Pong(n=envelope.n)))

    def lost(self) -> None:
        """The connection is gone."""
        if not self.closed:
            self.closed = True
            if self._room is not None and self._actor is not None:
                self._room.stop_listening(self)
                self._loop.create_task(self._away(self._room, self._actor.attachment))

    async def _away(self, room: Room, attachment: str) -> None:
        try:
            await self._node.lost(room, attachment, "connection lost")
        except StoreUnavailable:
            pass
        finally:
            self._node.release(room)

    def _watch(self) -> None:
        if not self.closed:
            if self._loop.ms() - self._heard_at >= SILENCE_MS:
                self._end()
            else:
                self._loop.call_later(SILENCE_MS / 1000, self._watch)

    def _end(self) -> None:
        self._hang_up()
        self.lost()

    async def _attach(self, envelope: u.Attach) -> None:
        try:
            await self._admit(envelope)
        except (StoreUnavailable, KeysError, SessionDamaged):
            self._end()

    async def _admit(self, envelope: u.Attach) -> None:
        session, participant, role, attachment, worker = envelope.ticket.split("|")
        room = await self._node.open(SessionKey("main", session))
        if room is None or self.closed:
            self._end()
            return
        self._actor = Actor(participant, cast("Any", role), frozenset(CAPABILITIES), attachment, worker)
        self._room = room
        after = Position.from_text(envelope.position) if envelope.position else None
        if after is not None:
            await room.reach(after)
        done = await self._node.arrive(
            room, Presence(self._actor, participant, "", envelope.takes, envelope.gives)
        )
        opened = await room.open_producer(envelope.producer)
        if isinstance(done, Refusal) or self.closed:
            self._end()
            return
        self._producer = (envelope.producer, opened.epoch)
        welcome = room.listen(self, None if envelope.whole else after)
        snapshot = d.NO_SNAPSHOT if welcome.snapshot is None else msgspec.Raw(welcome.snapshot)
        self._send(
            d.encode_down(
                d.Attached(
                    v=1, session=session, tenant="main", participant=participant, attachment=attachment,
                    node=self._node.name, connection="c", position=welcome.position.to_text(),
                    level="buffered", producer=d.ProducerAt(opened.epoch, opened.last), beat_ms=BEAT_MS,
                    snapshot=snapshot, events=[msgspec.Raw(event) for event in welcome.events],
                )
            )
        )  # fmt: skip

    async def _do(self, envelope: u.Do, raw: bytes) -> None:
        assert self._room is not None
        assert self._actor is not None
        name, epoch = self._producer
        commands = tuple(u.decode_command(bytes(command)) for command in envelope.commands)
        answer = await self._room.execute(self._actor, Batch(name, epoch, envelope.seq, raw, commands))
        if self.closed or (name, epoch) != self._producer:
            return
        if isinstance(answer, Done):
            self._send(
                d.encode_down(d.Acks(level=answer.level, acks=[(envelope.seq, answer.first, answer.count)]))
            )
        else:
            self._send(d.encode_down(refused(envelope.seq, answer)))

    # --- from the room

    def events(self, encoded: Sequence[bytes], events: Sequence[Event], position: Position) -> None:
        if not self._holding:
            self._send(d.events_envelope(list(encoded), position.to_text()))

    def snapshot(self, encoded_state: bytes, position: Position, reason: str) -> None:
        if not self._holding:
            envelope = d.Snapshot(
                snapshot=msgspec.Raw(encoded_state), position=position.to_text(), reason=reason
            )
            self._send(d.encode_down(envelope))

    def discontinuity(self, lost_from: int, lost_to: int, encoded_state: bytes, position: Position) -> None:
        self._holding = True
        self._loop.create_task(self._discontinued(lost_from, lost_to))

    async def _discontinued(self, lost_from: int, lost_to: int) -> None:
        assert self._room is not None
        try:
            opened = await self._room.open_producer(self._producer[0])
        except StoreUnavailable:
            self._end()
            return
        if self.closed:
            return
        self._producer = (self._producer[0], opened.epoch)
        self._room.stop_listening(self)
        welcome = self._room.listen(self, None)
        assert welcome.snapshot is not None
        self._holding = False
        self._send(
            d.encode_down(
                d.Discontinuity(
                    lost_from=lost_from,
                    lost_to=lost_to,
                    position=welcome.position.to_text(),
                    snapshot=msgspec.Raw(welcome.snapshot),
                    producer=d.ProducerAt(opened.epoch, opened.last),
                )
            )
        )

    def signals(self, signals: Sequence[Mapping[str, Any]]) -> None: ...

    def gone(self, reason: str) -> None:
        self._end()


def refused(seq: int, refusal: Refusal) -> d.Refused:
    """A refusal as an envelope."""
    return d.Refused(
        seq=seq,
        reason=refusal.reason,
        detail=refusal.detail,
        field=refusal.field,
        expected=refusal.expected,
        retry_after_ms=refusal.retry_after_ms,
    )
