"""One connection's shell: it joins the machine, the wire it came by, and the room it is in.

A wire is a WebSocket, or what is held for SSE and long-poll. Everything runs on one loop; what is to be sent is
gathered and goes out once in a pass of it. One task a line at most: the one that lets the client in, and the
few that ask the store something for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Protocol

import msgspec

from hub.keys.errors import KeysError
from hub.node.promise import Batch, Done
from hub.store.answer import Ended, when_done
from hub.store.promise import StoreUnavailable
from legato.alarm import Alarm
from legato.session.commands import AcceptSession, Refusal
from legato.session.events import Event
from legato.session.position import Position
from legato.wire import down
from signaling.connection import close_codes
from signaling.connection.channels import Channels
from signaling.connection.chores import Chores, Work
from signaling.connection.effects import (
    AskHistory,
    Carried,
    CloseWith,
    Depart,
    Effect,
    Execute,
    KeepTicket,
    OpenAttachment,
    Register,
    ReopenProducer,
    Sound,
    TellSignal,
    WorkerSays,
)
from signaling.connection.machine import Connection
from signaling.connection.stages import Stage
from signaling.doorkeeper import Arrival, TurnedAway
from signaling.hall import Hall
from signaling.veil import ALL, sight_of

log: Final = logging.getLogger("legato.connection")

UNAVAILABLE: Final = TurnedAway(close_codes.OVERLOADED, "unavailable", retry_after_ms=1000)


class Wire(Protocol):
    """What carries envelopes down. Never blocks. `carries`: whether it has room for channels. `beat_ms`: how often
    something must be said on it, whoever came (0: as often as they need to be heard of)."""

    carries: bool
    beat_ms: int

    @property
    def writable(self) -> bool:
        """Whether it takes more now. When that becomes true again it calls `Line.flush`."""

    def send(self, envelopes: Sequence[bytes]) -> None:
        """Put them on their way."""

    def send_audio(self, envelope: bytes) -> None:
        """Put a binary envelope on its way, if the wire can."""

    def close(self, code: int, reason: str) -> None:
        """End it, after what was sent."""


class Sounds(Protocol):
    """Where sound comes from and goes to (`media`). Called on the loop."""

    captures: bool
    """Whether microphones are acknowledged."""

    def sound(self, line: Line, what: Any) -> None:
        """A `Listen`, `Speak`, `Dial`, `Microphone`, `Lacking` or a piece of `Audio` from the line's client."""

    def ended(self, line: Line) -> None:
        """The line is closed."""


class Line:
    """See the module. `connection` is the secret by which HTTP requests name it."""

    def __init__(self, hall: Hall, wire: Wire, peer: str) -> None:
        self.connection = hall.new_secret()
        self.machine = Connection(hall.now(), hall.limits)
        self.peer = peer
        self.arrival: Arrival | None = None
        self.beat_ms = wire.beat_ms
        self.channels: Channels | None = None
        self._hall = hall
        self._wire = wire
        self._flushing = False
        self._alarm = Alarm(hall.now, self._expire)
        self._chores = Chores(self._failed)
        self._listening = False
        self._sight = ALL
        hall.enter(self)
        self._arm()

    # --- from the wire

    def received(self, raw: bytes) -> None:
        """A text envelope."""
        self._do(self.machine.received(raw, self._hall.now()))

    def received_audio(self, raw: bytes) -> None:
        """A binary envelope."""
        self._do(self.machine.received_audio(raw, self._hall.now()))

    def pinged(self) -> None:
        """A sign of life that the wire itself answers."""
        self._do(self.machine.pinged(self._hall.now()))

    def heard(self) -> None:
        """The client is there."""
        self.machine.heard(self._hall.now())

    def ended(self, reason: str) -> None:
        """The wire is gone: with a kind word or without."""
        if self.machine.stage is not Stage.CLOSED:
            self.machine.stage = Stage.CLOSED
            self._let_go(reason)

    # --- from the room (`hub.node.promise.Listener`)

    def events(self, encoded: Sequence[bytes], events: Sequence[Event], position: Position) -> None:
        self.machine.events(self._sight.events(encoded), position)
        self._wake()

    def snapshot(self, encoded_state: bytes, position: Position, reason: str) -> None:
        self.machine.snapshot(self._sight.state(encoded_state), position, reason)
        self._wake()

    def discontinuity(self, lost_from: int, lost_to: int, encoded_state: bytes, position: Position) -> None:
        self._do(self.machine.discontinuity(lost_from, lost_to, self._sight.state(encoded_state), position))

    def signals(self, signals: Sequence[Mapping[str, Any]]) -> None:
        self.machine.downlink.signals(signals)
        self._wake()

    def gone(self, reason: str) -> None:
        self._listening = False
        self._do(self._hall.farewell(self.machine, reason))

    # --- from the node

    def tell(self, envelope: down.Down) -> None:
        """An envelope out of turn (an offer, a notice, what is listened to)."""
        self._do(self.machine.reply(envelope))

    def send_audio(self, envelope: bytes) -> None:
        """A binary envelope; dropped when the client does not keep up (live audio is late or never)."""
        if self.machine.stage in (Stage.ATTACHED, Stage.DRAINING) and self._wire.writable:
            self._wire.send_audio(envelope)

    def drain(self, after_ms: int, nodes: list[str]) -> None:
        """The node stops."""
        self._do(self.machine.drain(after_ms, nodes, self._hall.now()))

    def close(self, code: int, reason: str, retry_after_ms: int = 0) -> None:
        """End it from outside: replaced, revoked."""
        self._do(self.machine.close(code, reason, retry_after_ms=retry_after_ms))

    # --- out

    def flush(self) -> None:
        """Send what waits, if the wire takes it."""
        self._flushing = False
        if not self._wire.writable or self.machine.stage is Stage.CLOSED:
            return
        if self.machine.downlink.behind and self._listening and self.arrival is not None:
            room = self.arrival.room
            room.stop_listening(self)
            self.machine.caught_up(self._sight.welcome(room.listen(self, self.machine.downlink.sent)))
        if envelopes := self.machine.take(self._hall.now()):
            self._wire.send(envelopes)
        if self.channels is not None:
            self.channels.flush()

    def _wake(self) -> None:
        if not self._flushing and (self.machine.downlink.waiting or self.machine.downlink.behind):
            self._flushing = True
            self._hall.last(self.flush)

    # --- effects

    def _do(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            _DO[type(effect)](self, effect)
        self._wake()

    def _open_attachment(self, effect: OpenAttachment) -> None:
        # Not ended with the line: half an arrival would leave an attachment that nobody is at.
        self._hall.chores.begin(partial(self._enter, effect), self._failed)

    async def _enter(self, effect: OpenAttachment) -> None:
        arrival = await self._hall.admit(effect.envelope)
        if isinstance(arrival, TurnedAway):
            self._turn_away(arrival)
            return
        if self.machine.stage is not Stage.ADMITTING:
            self._hall.forget(arrival)
            return
        self.arrival = arrival
        self._hall.attach(self, arrival)
        self._listening = True
        self._sight = sight_of(arrival.actor.role)
        welcome = self._sight.welcome(arrival.room.listen(self, arrival.after, effect.envelope.whole))
        attached = self._hall.attached(self, arrival, welcome)
        written = self._hall.positions.writer(arrival.room.key.tenant, arrival.room.key.session)
        self._do(self.machine.attached(attached, welcome.position, written, self._hall.now()))
        self._arm()

    def _register(self, effect: Register) -> None:
        ticket = self._hall.doorkeeper.hire(effect.envelope)
        if isinstance(ticket, TurnedAway):
            self._turn_away(ticket)
            return
        if self._wire.carries:
            self.channels = Channels(self._wire, partial(Line, self._hall, peer=self.peer), self._hall)
        working = self._hall.staff.hired(self, ticket, effect.envelope)
        self._do(self.machine.working(working, self._hall.now()))
        self._arm()

    def _turn_away(self, away: TurnedAway) -> None:
        self._do(self.machine.close(away.code, away.reason, away.detail, away.retry_after_ms))

    def _execute(self, effect: Execute) -> None:
        arrival = self.arrival
        assert arrival is not None
        for command in effect.commands:
            if isinstance(command, AcceptSession):
                arrival = self.arrival = replace(arrival, actor=replace(arrival.actor, worker=command.worker))
        batch = Batch(
            producer=arrival.producer,
            producer_epoch=arrival.opened.epoch,
            sequence=effect.sequence,
            raw=effect.raw,
            commands=effect.commands,
            refusal=effect.refusal,
        )
        when_done(arrival.room.execute(arrival.actor, batch), partial(self._answered, effect.sequence))

    def _answered(self, sequence: int, answer: Ended[Done | Refusal]) -> None:
        outcome: Done | Refusal
        if answer.cancelled():
            outcome = Refusal("unavailable", retry_after_ms=1000)
        elif failure := answer.exception():
            log.error("a batch failed", extra={"kind": type(failure).__name__}, exc_info=failure)
            outcome = Refusal("unavailable", retry_after_ms=1000)
        else:
            outcome = answer.result()
        self._do(self.machine.answered(sequence, outcome))

    def _tell_signal(self, effect: TellSignal) -> None:
        if self.arrival is not None and not effect.name.startswith("_"):
            actor = self.arrival.actor
            self.arrival.room.signal(actor.participant, effect.name, effect.data, actor.attachment)

    def _ask_history(self, effect: AskHistory) -> None:
        self._ask(partial(self._history, effect))

    async def _history(self, effect: AskHistory) -> None:
        assert self.arrival is not None
        entries, before = await self.arrival.room.history(effect.before, effect.limit)
        page = down.HistoryPage(id=effect.id, entries=[msgspec.Raw(each) for each in entries], before=before)
        self._do(self.machine.reply(page))

    def _keep_ticket(self, effect: KeepTicket) -> None:
        assert self.arrival is not None
        self._ask(partial(self._hall.doorkeeper.keep, self.arrival, effect.id))

    def _reopen_producer(self, effect: ReopenProducer) -> None:
        self._ask(self._reopened)

    async def _reopened(self) -> None:
        assert self.arrival is not None
        opened = await self.arrival.room.open_producer(self.arrival.producer)
        self.arrival = replace(self.arrival, opened=opened)
        self.machine.producer_reopened(down.ProducerAt(opened.epoch, opened.last))
        self._wake()

    def _depart(self, effect: Depart) -> None:
        self._hall.depart(self)

    def _sound(self, effect: Sound) -> None:
        self._hall.sounds.sound(self, effect.what)

    def _worker_says(self, effect: WorkerSays) -> None:
        self._hall.staff.says(self, effect.what)

    def _close(self, effect: CloseWith) -> None:
        closing = down.Closing(
            code=effect.code, reason=effect.reason, detail=effect.detail, retry_after_ms=effect.retry_after_ms
        )
        self._wire.send([*self.machine.take(self._hall.now()), down.encode_down(closing)])
        self._wire.close(effect.code, effect.reason)
        self._let_go(effect.reason)

    # --- tasks and time

    def _ask(self, work: Work) -> None:
        self._chores.begin_within(self._hall.patience_s, work)

    def _failed(self, failure: Exception) -> None:
        """A chore did not succeed: the client may come back, and find the store well."""
        if not isinstance(failure, StoreUnavailable | KeysError | TimeoutError):
            log.error("a connection's task failed", extra={"kind": type(failure).__name__}, exc_info=failure)
        self._turn_away(UNAVAILABLE)

    def _arm(self) -> None:
        self._alarm.set(self.machine.next_deadline())

    def _expire(self) -> None:
        self._do(self.machine.expire(self._hall.now()))
        self._arm()

    def _let_go(self, reason: str) -> None:
        self._alarm.end()
        self._chores.end()
        self.machine.forget()
        if self.arrival is not None and self._listening:
            self._listening = False
            self.arrival.room.stop_listening(self)
        self._hall.leave(self, reason)
        if self.channels is not None:
            self.channels.end()


def _carried(line: Line, effect: Carried) -> None:
    if line.channels is not None and (mistake := line.channels.received(effect.pieces)):
        line.close(mistake.code, mistake.reason, mistake.retry_after_ms)


_DO: Final[Mapping[type[Any], Callable[[Line, Any], None]]] = {
    OpenAttachment: Line._open_attachment,
    Register: Line._register,
    Execute: Line._execute,
    TellSignal: Line._tell_signal,
    AskHistory: Line._ask_history,
    KeepTicket: Line._keep_ticket,
    ReopenProducer: Line._reopen_producer,
    Depart: Line._depart,
    Sound: Line._sound,
    Carried: _carried,
    WorkerSays: Line._worker_says,
    CloseWith: Line._close,
}
