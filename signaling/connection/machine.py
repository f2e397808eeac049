"""One connection, as a pure machine: what comes in and what the session does, into effects and envelopes.

    opening ──attach, resume──▶ admitting ──attached──▶ attached ──drain──▶ draining
                     └──work──▶ admitting ──working───▶ working ──drain──▶ retiring
    attached, draining ──detach──▶ leaving ──nothing in flight──▶ closed
    any ──close──▶ closed

The shell calls a method for whatever happens, does the effects that it returns in their order, and then, once
in a pass of the loop and when the wire takes more, sends what `take` returns. `next_deadline` says when to
call `expire`. Times are monotonic ms.

Mistakes have three prices. JSON that is none, or a trap, closes the connection. An envelope that makes no
sense is refused (`seq` 0), and many close. A batch that makes no sense is refused for good, under its sequence.
Envelopes of types that are not known are ignored: a later client may send them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from hub.node.promise import Done, Welcome
from legato.session.commands import Refusal
from legato.session.position import Position
from legato.wire import down, up
from legato.wire.audio import BadAudio, decode_audio
from legato.wire.carried import BadCarried, decode_carried
from legato.wire.strict import BadJson, check
from signaling.connection import close_codes
from signaling.connection.allowance import Allowance
from signaling.connection.batches import wrong_field
from signaling.connection.downlink import Downlink, WritePosition
from signaling.connection.effects import (
    NEVER,
    Carried,
    CloseWith,
    Depart,
    Effect,
    ReopenProducer,
    Sound,
)
from signaling.connection.limits import DEFAULT, ConnectionLimits
from signaling.connection.reading import Reader
from signaling.connection.stages import ALLOWED, AT_WORK, ENDING, LIVE, NEXT, SETTING_UP, Stage, Step
from signaling.connection.words import read_words

_TYPES: Final = frozenset(str(kind.__struct_config__.tag) for kind in up.KINDS_UP)
_BEAT: Final = down.encode_down(down.Pong())


class _Talk:
    """What reading an envelope may do to the connection (`signaling.connection.reading.Talk`)."""

    __slots__ = ("_ends_at", "_in_flight", "_limits", "_mistakes", "downlink", "stage")

    def __init__(self, now: int, limits: ConnectionLimits) -> None:
        self.stage = Stage.OPENING
        self.downlink = Downlink(limits)
        self._limits = limits
        self._mistakes = Allowance(limits.mistakes_a_second, limits.mistakes_at_once, now)
        self._in_flight = 0
        self._ends_at = now + limits.setup_ms
        """When the set-up, or the draining, is over."""

    def begin(self, now: int) -> None:
        self._move(Step.FIRST)
        self._ends_at = now + self._limits.setup_ms

    def grant(self, events: int) -> None:
        self.downlink.grant(events)

    def may_fly(self) -> bool:
        if self._in_flight >= self._limits.in_flight:
            return False
        self._in_flight += 1
        return True

    def leave(self, now: int) -> list[Effect]:
        if not self._move(Step.DETACH):
            return []
        self._ends_at = now + self._limits.setup_ms
        if self._in_flight:
            return [Depart()]
        return [Depart(), *self.close(close_codes.DONE, "detached", retry_after_ms=NEVER)]

    def refuse(self, sequence: int, refusal: Refusal) -> list[Effect]:
        return self.reply(
            down.Refused(
                seq=sequence,
                reason=refusal.reason,
                detail=refusal.detail,
                field=refusal.field,
                expected=refusal.expected,
                retry_after_ms=refusal.retry_after_ms,
            )
        )

    def reply(self, envelope: down.Down) -> list[Effect]:
        """Anything that goes down in its turn."""
        if self.stage is Stage.CLOSED:
            return []
        self.downlink.reply(down.encode_down(envelope))
        return self._unless_congested()

    def mistake(self, now: int, reason: str, field: str) -> list[Effect]:
        """An envelope that makes no sense: before anything else was said, or too often, it closes."""
        if self.stage in SETTING_UP or self._mistakes.take(now):
            return self.close(close_codes.MALFORMED, reason, field, NEVER)
        return self.reply(down.Refused(seq=0, reason=reason, field=field))

    def close(self, code: int, reason: str, detail: str = "", retry_after_ms: int = 0) -> list[Effect]:
        """End it. Once."""
        if self.stage is Stage.CLOSED:
            return []
        self.stage = Stage.CLOSED
        return [CloseWith(code, reason, detail, retry_after_ms)]

    def _unless_congested(self) -> list[Effect]:
        if not self.downlink.congested:
            return []
        return self.close(close_codes.TOO_FAST, "too_fast", "answers are not read", 1000)

    def _move(self, step: Step) -> bool:
        to = NEXT.get((self.stage, step))
        if to is None:
            return False
        self.stage = to
        return True


class Connection(_Talk):
    """See the module."""

    __slots__ = ("_beat_ms", "_bytes", "_heard_at", "_loss", "_reader", "_spoke_at")

    def __init__(self, now: int, limits: ConnectionLimits = DEFAULT) -> None:
        super().__init__(now, limits)
        self._reader = Reader(self, limits, now)
        self._bytes = Allowance(limits.bytes_a_second, limits.bytes_at_once, now)
        self._beat_ms = 0
        self._heard_at = self._spoke_at = now
        self._loss: down.Discontinuity | None = None

    # --- from the wire

    def heard(self, now: int) -> None:
        """The client showed that it is there (a poll does)."""
        self._heard_at = now

    def pinged(self, now: int) -> list[Effect]:
        """The wire was asked for a sign of life, or given one unasked: too many close the connection."""
        return [] if self.stage is Stage.CLOSED else self._reader.asked(now)

    def received(self, raw: bytes, now: int) -> list[Effect]:
        """A text message."""
        if self.stage is Stage.CLOSED:
            return []
        self._heard_at = now
        if wait := self._bytes.take(now, len(raw)):
            return self.close(close_codes.TOO_FAST, "too_fast", "bytes", wait)
        if up.Do in ALLOWED[self.stage] and (words := read_words(raw)) is not None:
            return self._reader.words(words, now)
        try:
            value = check(raw)
        except BadJson as bad:
            if bad.problem == "size":
                return self.close(close_codes.TOO_LARGE, "too_large", retry_after_ms=NEVER)
            return self.close(close_codes.MALFORMED, "malformed", bad.problem, NEVER)
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind not in _TYPES and self.stage is not Stage.OPENING:
            return self._reader.asked(now)
        try:
            envelope = up.decode_up(raw)
        except msgspec.DecodeError as error:
            return self.mistake(now, "malformed", wrong_field(error))
        if not isinstance(envelope, ALLOWED[self.stage]):
            return self.mistake(now, "wrong_order", "type")
        return self._reader.read(envelope, now)

    def received_audio(self, raw: bytes, now: int) -> list[Effect]:
        """A binary message."""
        if self.stage is Stage.CLOSED:
            return []
        self._heard_at = now
        try:
            if self.stage in AT_WORK:
                return [Carried(decode_carried(raw))]
            if self.stage in (Stage.ATTACHED, Stage.DRAINING):
                return [Sound(decode_audio(raw))]
        except BadAudio:
            return self.mistake(now, "malformed", "audio")
        except BadCarried:
            return self.mistake(now, "malformed", "carried")
        return self.mistake(now, "wrong_order", "audio")

    # --- from the shell: the answers to effects

    def attached(
        self, envelope: down.Attached, position: Position, written: WritePosition, now: int
    ) -> list[Effect]:
        """The client is in its session, at `position` once it has the envelope. `written` spells positions of it."""
        if not self._move(Step.ATTACH):
            return []
        self.downlink.begin(position, written)
        return self._welcomed(envelope, envelope.beat_ms, now)

    def working(self, envelope: down.Working, now: int) -> list[Effect]:
        """The worker is registered."""
        return self._welcomed(envelope, envelope.beat_ms, now) if self._move(Step.WORK) else []

    def answered(self, sequence: int, outcome: Done | Refusal) -> list[Effect]:
        """The room's answer to an `Execute`."""
        self._in_flight -= 1
        if self.stage is Stage.CLOSED:
            return []
        if isinstance(outcome, Done):
            self.downlink.ack(outcome.level, sequence, outcome.first, outcome.count)
            effects = self._unless_congested()
        else:
            effects = self.refuse(sequence, outcome)
        if self.stage is Stage.LEAVING and not self._in_flight:
            effects += self.close(close_codes.DONE, "detached", retry_after_ms=NEVER)
        return effects

    # --- from the room

    def events(self, encoded: Sequence[bytes], position: Position) -> None:
        """The next events, and the position after them."""
        if self.stage in LIVE:
            self.downlink.events(encoded, position)

    def snapshot(self, state: bytes, position: Position, reason: str) -> None:
        """Go on from this state."""
        if self.stage in LIVE:
            envelope = down.Snapshot(
                snapshot=msgspec.Raw(state), position=self.downlink.written(position), reason=reason
            )
            self.downlink.instead(down.encode_down(envelope), position)

    def discontinuity(self, lost_from: int, lost_to: int, state: bytes, position: Position) -> list[Effect]:
        """The client holds what is not in the log. It is told with its producer's place, which is asked anew."""
        if self.stage not in LIVE:
            return []
        self._loss = down.Discontinuity(
            lost_from=lost_from,
            lost_to=lost_to,
            position=self.downlink.written(position),
            snapshot=msgspec.Raw(state),
        )
        self.downlink.instead(down.encode_down(self._loss), position, held=True)
        return [ReopenProducer()]

    def producer_reopened(self, producer: down.ProducerAt) -> None:
        """The answer to `ReopenProducer`."""
        if self.stage in LIVE and self._loss is not None:
            told = msgspec.structs.replace(self._loss, producer=producer)
            self.downlink.fill(down.encode_down(told))

    def caught_up(self, welcome: Welcome) -> None:
        """What brings a client that was behind to the present."""
        if welcome.snapshot is not None:
            self.snapshot(welcome.snapshot, welcome.position, "slow")
        elif self.stage in LIVE:
            whole = down.events_envelope(list(welcome.events), self.downlink.written(welcome.position))
            self.downlink.instead(whole, welcome.position)

    def drain(self, after_ms: int, nodes: list[str], now: int) -> list[Effect]:
        """The node stops: tell the client where to go, and serve it until then."""
        if self.stage in SETTING_UP:
            return self.close(close_codes.GOING_AWAY, "draining")
        if not self._move(Step.DRAIN):
            return []
        self._ends_at = now + self._limits.drain_ms
        return self.reply(down.Draining(after_ms=after_ms, nodes=nodes))

    # --- time

    def take(self, now: int) -> list[bytes]:
        """The envelopes to send now."""
        envelopes = self.downlink.take()
        if envelopes:
            self._spoke_at = now
        return envelopes

    def next_deadline(self) -> int | None:
        """When `expire` has something to do."""
        if self.stage is Stage.CLOSED:
            return None
        if self.stage in SETTING_UP:
            return self._ends_at
        beats = min(self._spoke_at + self._beat_ms, self._silent_at())
        return min(beats, self._ends_at) if self.stage in ENDING else beats

    def expire(self, now: int) -> list[Effect]:
        """Do what is due."""
        if self.stage is Stage.CLOSED:
            return []
        if now >= self._ends_at and self.stage in SETTING_UP | ENDING:
            return self._too_late()
        if self.stage in SETTING_UP:
            return []
        if now >= self._silent_at():
            return self.close(close_codes.TIMED_OUT, "timed_out", "silent")
        if now >= self._spoke_at + self._beat_ms:
            self._spoke_at = now
            if not self.downlink.waiting:
                self.downlink.reply(_BEAT)
        return []

    def forget(self) -> None:
        """It is closed, and nothing is read any more. Who reads knows the connection, too: unless it is let go, both
        are kept until the collector comes by."""
        del self._reader

    def _too_late(self) -> list[Effect]:
        if self.stage in SETTING_UP:
            return self.close(close_codes.TIMED_OUT, "timed_out", self.stage.value)
        if self.stage is Stage.LEAVING:
            return self.close(close_codes.DONE, "detached", retry_after_ms=NEVER)
        return self.close(close_codes.GOING_AWAY, "draining")

    def _silent_at(self) -> int:
        return self._heard_at + self._limits.silent_beats * self._beat_ms

    def _welcomed(self, envelope: down.Down, beat_ms: int, now: int) -> list[Effect]:
        self._beat_ms = beat_ms
        self._heard_at = self._spoke_at = now
        return self.reply(envelope)
