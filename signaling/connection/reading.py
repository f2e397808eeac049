"""What a client's envelopes ask for: each is read under its limits and becomes effects, or a mistake.

This is the part of a connection's machine that knows envelopes; what it may do to the connection (refuse,
reply, end) is the `Talk` that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from legato.session.commands import Refusal
from legato.wire import down, up
from legato.wire.stamp import MAX_MEDIA_TIME, well_formed_capture
from signaling.connection import close_codes
from signaling.connection.allowance import Allowance
from signaling.connection.batches import raw_batch, read_batch
from signaling.connection.downlink import encoded_signal_size
from signaling.connection.effects import (
    NEVER,
    AskHistory,
    Effect,
    Execute,
    KeepTicket,
    OpenAttachment,
    Register,
    Sound,
    TellSignal,
    WorkerSays,
)
from signaling.connection.flight import Flight
from signaling.connection.limits import ConnectionLimits
from signaling.connection.words import Words

MOST_HISTORY: Final = 200
MOST_GAPS: Final = 64
MOST_BEFORE: Final = 4


class Talk(Protocol):
    """The connection, as a reader sees it."""

    def begin(self, now: int) -> None:
        """The first envelope is being answered."""

    def grant(self, events: int) -> None:
        """The client takes so many more events."""

    def leave(self, now: int) -> list[Effect]:
        """The client detaches."""

    def may_fly(self) -> bool:
        """Whether one more batch may be in flight; if so, it is."""

    def refuse(self, sequence: int, refusal: Refusal) -> list[Effect]:
        """Say that a batch was not done."""

    def reply(self, envelope: down.Down) -> list[Effect]:
        """Answer."""

    def mistake(self, now: int, reason: str, field: str) -> list[Effect]:
        """The envelope makes no sense."""

    def close(self, code: int, reason: str, detail: str = "", retry_after_ms: int = 0) -> list[Effect]:
        """End it."""


class Reader:
    """Reads envelopes that the connection's stage allows."""

    __slots__ = ("_batches", "_limits", "_questions", "_signals", "_talk")

    def __init__(self, talk: Talk, limits: ConnectionLimits, now: int) -> None:
        self._talk = talk
        self._limits = limits
        self._batches = Flight(limits.batches_a_second, limits.batches_at_once, now)
        self._signals = Allowance(limits.signals_a_second, limits.signals_at_once, now)
        self._questions = Allowance(limits.questions_a_second, limits.questions_at_once, now)

    def read(self, envelope: up.Up, now: int) -> list[Effect]:
        """What follows from the envelope."""
        return _READ[type(envelope)](self, envelope, now)

    def asked(self, now: int) -> list[Effect]:
        """Count something that is neither batch nor signal; too many close the connection."""
        wait = self._questions.take(now)
        return self._talk.close(close_codes.TOO_FAST, "too_fast", "envelopes", wait) if wait else []

    def _open(self, envelope: up.Attach | up.Resume | up.Work, now: int) -> list[Effect]:
        if envelope.v != up.VERSION:
            return self._talk.close(close_codes.MALFORMED, "malformed", "version", NEVER)
        self._talk.begin(now)
        return [Register(envelope) if isinstance(envelope, up.Work) else OpenAttachment(envelope)]

    def words(self, words: Words, now: int) -> list[Effect]:
        """What follows from a `do` of one delta."""
        sequence, raw, command = words
        unfit = self._unfit(sequence, now)
        return [Execute(sequence, raw, (command,))] if unfit is None else unfit

    def _do(self, envelope: up.Do, now: int) -> list[Effect]:
        unfit = self._unfit(envelope.seq, now)
        if unfit is not None:
            return unfit
        commands = read_batch(envelope.commands)
        raw = raw_batch(envelope.commands)
        if isinstance(commands, Refusal):
            return [Execute(envelope.seq, raw, (), commands)]
        return [Execute(envelope.seq, raw, commands)]

    def _unfit(self, sequence: int, now: int) -> list[Effect] | None:
        """What follows if a batch with this sequence may not fly now; None: it flies."""
        if not 1 <= sequence < 1 << 53:
            return self._talk.mistake(now, "malformed", "seq")
        wait = self._batches.admit(sequence, now, self._talk.may_fly())
        return self._talk.refuse(sequence, Refusal("too_fast", retry_after_ms=wait)) if wait else None

    def _signal(self, envelope: up.Signal, now: int) -> list[Effect]:
        if len(envelope.name) > 64 or envelope.name[:1] in ("", "_"):
            return self._talk.mistake(now, "malformed", "name")
        if encoded_signal_size(envelope.data) > self._limits.signal_bytes:
            return self._talk.mistake(now, "too_large", "data")
        return [] if self._signals.take(now) else [TellSignal(envelope.name, envelope.data)]

    def _history(self, envelope: up.History, now: int) -> list[Effect]:
        if envelope.before < 0 or not 1 <= envelope.limit <= MOST_HISTORY:
            return self._talk.mistake(now, "malformed", "limit")
        return self.asked(now) or [AskHistory(envelope.id, envelope.before, envelope.limit)]

    def _credit(self, envelope: up.Credit, now: int) -> list[Effect]:
        if not 1 <= envelope.events < 1 << 30:
            return self._talk.mistake(now, "malformed", "events")
        self._talk.grant(envelope.events)
        return self.asked(now)

    def _kept(self, envelope: up.Kept, now: int) -> list[Effect]:
        return self.asked(now) or [KeepTicket(envelope.ticket)]

    def _sound(self, envelope: up.Listen | up.Speak | up.Dial, now: int) -> list[Effect]:
        return self.asked(now) or [Sound(envelope)]

    def _microphone(self, envelope: up.Microphone, now: int) -> list[Effect]:
        times = (envelope.since, envelope.clock)
        if not 0 <= envelope.stream < 1 << 32 or not well_formed_capture(envelope.capture):
            return self._talk.mistake(now, "malformed", "capture")
        if not all(0 <= time < MAX_MEDIA_TIME for time in times):
            return self._talk.mistake(now, "malformed", "since")
        if len(envelope.before) > MOST_BEFORE or not all(map(_makes_sense, envelope.before)):
            return self._talk.mistake(now, "malformed", "before")
        return self.asked(now) or [Sound(envelope)]

    def _lacking(self, envelope: up.Lacking, now: int) -> list[Effect]:
        fine = all(0 <= start < end < MAX_MEDIA_TIME for start, end in envelope.gaps)
        if not fine or not 1 <= len(envelope.gaps) <= MOST_GAPS:
            return self._talk.mistake(now, "malformed", "gaps")
        return self.asked(now) or [Sound(envelope)]

    def _worker(self, envelope: up.Decline | up.Capacity, now: int) -> list[Effect]:
        return self.asked(now) or [WorkerSays(envelope)]

    def _ping(self, envelope: up.Ping, now: int) -> list[Effect]:
        return self.asked(now) or self._talk.reply(down.Pong(n=envelope.n))

    def _detach(self, _: up.Detach, now: int) -> list[Effect]:
        return self._talk.leave(now)


def _makes_sense(left: up.LeftBehind) -> bool:
    return well_formed_capture(left.capture) and 0 <= left.since <= left.until < MAX_MEDIA_TIME


_READ: Final[Mapping[type[up.Up], Callable[[Reader, Any, int], list[Effect]]]] = {
    up.Attach: Reader._open,
    up.Resume: Reader._open,
    up.Work: Reader._open,
    up.Do: Reader._do,
    up.Signal: Reader._signal,
    up.Credit: Reader._credit,
    up.Kept: Reader._kept,
    up.History: Reader._history,
    up.Listen: Reader._sound,
    up.Speak: Reader._sound,
    up.Microphone: Reader._microphone,
    up.Lacking: Reader._lacking,
    up.Dial: Reader._sound,
    up.Decline: Reader._worker,
    up.Capacity: Reader._worker,
    up.Ping: Reader._ping,
    up.Detach: Reader._detach,
}
