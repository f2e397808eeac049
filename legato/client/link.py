"""One attachment's link to the hub: a pure machine, with network, clock and randomness outside.

    IDLE ── start ──▶ OPENING ── opened ──▶ GREETING ── attached ──▶ LIVE
                         ▲                                            │ closed, silent
                         └────────────── WAITING ◀────────────────────┘
    any ── replaced, refused for good, detached ──▶ ENDED

The first way back is tried at once; after that the waits double from 50 ms to 2 s, each drawn between half
and the whole, so that a thousand clients do not come at the same instant. A hub that has too much to do says how long
to wait (`retry_after_ms`); each time it says so again within half a minute that doubles, to 15 s, and up to half more
is drawn. `web/src/client/link.ts` is its twin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import msgspec

from legato.client.effects import AskTicket as AskTicket
from legato.client.effects import Back as Back
from legato.client.effects import Close as Close
from legato.client.effects import Delivered as Delivered
from legato.client.effects import Effect as Effect
from legato.client.effects import Ended as Ended
from legato.client.effects import Lost as Lost
from legato.client.effects import Missing as Missing
from legato.client.effects import Open as Open
from legato.client.effects import Renumbered as Renumbered
from legato.client.effects import Send as Send
from legato.client.effects import Settled as Settled
from legato.client.effects import Sign as Sign
from legato.client.effects import Told as Told
from legato.client.modality import hurried, midst_of
from legato.client.pulse import Pulse
from legato.client.rest import Rest
from legato.errors import Refused
from legato.session import events as e
from legato.session.commands import Command, Refusal
from legato.session.event_json import decode
from legato.session.fold import evolve
from legato.session.outbox import Batch, Outbox
from legato.session.state import State, decode_state
from legato.wire import down as d
from legato.wire import up as u
from legato.wire.strict import MAX_BYTES

OPENING_MS: Final = 5_000
FIRST_WAIT: Final = 50
LONGEST_WAIT: Final = 2_000
LONGEST_BATCH: Final = MAX_BYTES - 32
"""Bytes of its envelope, which may get another number. For a longer one the hub closes the connection for good."""


class Phase(Enum):
    """Where the link is."""

    IDLE = "idle"
    OPENING = "opening"
    GREETING = "greeting"
    LIVE = "live"
    WAITING = "waiting"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """How to attach. `key` is the public half (JWK) of the key that resume tickets are bound to. `accept` is the right
    that the agent's process `worker` takes as it comes, to answer or to listen."""

    producer: str
    key: dict[str, str] | None
    device: str = ""
    takes: tuple[e.Medium, ...] = ("text",)
    gives: tuple[e.Medium, ...] = ("text",)
    require: Any = ""
    worker: str = ""
    accept: str = ""
    listens: bool = False


@dataclass(slots=True)
class Link:
    """See the module. `random` draws from [0, 1); `now` is monotonic integer ms."""

    options: LinkOptions
    random: Callable[[], float]
    outbox: Outbox = field(default_factory=Outbox)
    phase: Phase = Phase.IDLE
    state: State = field(default_factory=State)
    position: str = ""
    attached: d.Attached | None = None
    _ticket: str = ""
    _resume: tuple[str, str] | None = None
    _attachment: str = ""
    _holds_state: bool = False
    _tries: int = 0
    _rest: Rest = field(default_factory=Rest)
    _deadline: int | None = None
    _pulse: Pulse = field(default_factory=Pulse)

    # --- what the world tells it

    def start(self, now: int) -> list[Effect]:
        """Begin."""
        return self._reopen(now)

    def ticketed(self, ticket: str, now: int) -> list[Effect]:
        """An access ticket, as asked for."""
        self._ticket = ticket
        return self._open(now) if self.phase is Phase.OPENING else []

    def signed(self, resume: d.ResumeTicket, proof: str) -> list[Effect]:
        """The proof for a resume ticket, as asked for."""
        self._resume = (resume.ticket, proof)
        return [_send(u.Kept(ticket=resume.id))] if self.phase is Phase.LIVE else []

    def opened(self, now: int, *, watched: bool = False) -> list[Effect]:
        """The transport is open. `watched`: somebody else notices when it is dead."""
        if self.phase is not Phase.OPENING:
            return []
        self.phase, self._deadline = Phase.GREETING, now + OPENING_MS
        self._pulse.begin(now, watched=watched)
        return [_send(self._greeting())]

    def closed(self, now: int) -> list[Effect]:
        """The transport ended, however it did."""
        return self._lose(now) if self.phase in (Phase.OPENING, Phase.GREETING, Phase.LIVE) else []

    def put(self, commands: Sequence[Command], now: int) -> tuple[Batch, list[Effect]]:
        """Put a batch in line; it is sent until the log has it. Raises `Refused`: no hub would read one as long."""
        batch = self.outbox.put(_fitting(_batch(self.outbox.next, u.encode_commands(commands))))
        self._look(now)
        return batch, self._flush(now)

    def tell(self, envelope: u.Up) -> list[Effect]:
        """Send something that need not survive: a signal, a question."""
        return [_send(envelope)] if self.phase is Phase.LIVE else []

    def detach(self) -> list[Effect]:
        """End the attachment on purpose."""
        said: list[Effect] = [_send(u.Detach())] if self.phase is Phase.LIVE else []
        return [*said, *self._end(1000, "detached")]

    def received(self, envelope: d.Down, now: int) -> list[Effect]:
        """An envelope came."""
        self._pulse.heard_at = now
        effects = self._received(envelope, now)
        self._look(now)
        return effects

    def _received(self, envelope: d.Down, now: int) -> list[Effect]:
        match envelope:
            case d.Attached():
                return self._welcome(envelope, now)
            case d.Events(events=raw, position=position):
                return self._advance(raw, position, now)
            case d.Snapshot(snapshot=snapshot, position=position):
                return self._take(snapshot, position)
            case d.Acks(acks=acks, level=level):
                return [
                    *self._settle([self.outbox.acked(seq, now) for seq, _, _ in acks], level),
                    *self._flush(now),
                ]
            case d.Refused():
                return self._refused(envelope, now)
            case d.Discontinuity():
                return self._discontinued(envelope, now)
            case d.Closing():
                return self._closing(envelope, now)
            case d.Draining(after_ms=after) if self.phase is Phase.LIVE:
                self._deadline = now + after  # then it goes elsewhere
            case d.Pong():
                return []
        return [Told(envelope)]

    def next_deadline(self) -> int | None:
        """When `expire` next has something to do."""
        times = [self._deadline]
        if self.phase is Phase.LIVE:
            times += [self._pulse.speak_at, self._pulse.silent_at, self.outbox.next_deadline()]
        return min((time for time in times if time is not None), default=None)

    def expire(self, now: int) -> list[Effect]:
        """Time passed."""
        due = self._deadline is not None and now >= self._deadline
        if self.phase is Phase.WAITING and due:
            return self._reopen(now)
        if self.phase in (Phase.OPENING, Phase.GREETING) and due:
            return self._lose(now)
        if self.phase is not Phase.LIVE:
            return []
        if due or now >= self._pulse.silent_at:
            return self._lose(now)
        if now >= self._pulse.speak_at:
            self._pulse.spoke_at = now
            return [_send(u.Ping()), *self._flush(now)]
        return self._flush(now)

    # --- inside

    def _look(self, now: int) -> None:
        self._pulse.look(now, urgent=hurried(self.state, self._attachment, unsettled=not self.outbox.idle))

    def _greeting(self) -> u.Up:
        known: dict[str, Any] = {
            "v": u.VERSION,
            "producer": self.options.producer,
            "position": self.position,
            "whole": not self._holds_state,
            "require": self.options.require,
        }
        options = self.options
        last = self.state.attachments.get(self._attachment)
        takes, gives = (options.takes, options.gives) if last is None else (last.takes, last.gives)
        come: dict[str, Any] = {"device": options.device, "takes": takes, "gives": gives}
        come |= {"worker": options.worker, "was": midst_of(self.state, self._attachment)}
        if self._resume is not None:
            return u.Resume(ticket=self._resume[0], proof=self._resume[1], **come, **known)
        taken: dict[str, Any] = {"accept": options.accept, "listens": options.listens}
        return u.Attach(ticket=self._ticket, key=options.key, **taken, **come, **known)

    def _reopen(self, now: int) -> list[Effect]:
        self.phase = Phase.OPENING
        if self._resume is None and not self._ticket:
            self._deadline = None
            return [AskTicket()]
        return self._open(now)

    def _open(self, now: int) -> list[Effect]:
        self._deadline = now + OPENING_MS
        return [Open()]

    def _lose(self, now: int, wait: int = 0) -> list[Effect]:
        full = min(FIRST_WAIT << (self._tries - 1), LONGEST_WAIT) if self._tries else 0
        self._tries = min(self._tries + 1, 16)
        self.phase, self.attached = Phase.WAITING, None
        self._deadline = now + max(wait, int(full * (0.5 + self.random() / 2)))
        return [Close(), *(self._reopen(now) if self._deadline <= now else [])]

    def _end(self, code: int, reason: str) -> list[Effect]:
        self.phase, self._deadline, self.attached = Phase.ENDED, None, None
        return [Close(), Ended(code, reason)]

    def _welcome(self, envelope: d.Attached, now: int) -> list[Effect]:
        self.phase, self._deadline, self._tries, self.attached = Phase.LIVE, None, 0, envelope
        self._attachment, self._pulse.at_rest = envelope.attachment, envelope.beat_ms
        if bytes(envelope.snapshot):
            seen = self._take(envelope.snapshot, envelope.position)
        else:
            seen = self._fold_events([decode(bytes(raw)) for raw in envelope.events], envelope.position)
        settled = self._opened(envelope.producer.last, envelope.level, now)
        sign: list[Effect] = [Sign(envelope.resume)] if envelope.resume is not None else []
        return [*sign, Back(envelope), *seen, *settled, *self._flush(now)]

    def _opened(self, last: int, level: str, now: int) -> list[Effect]:
        settled = self._settle(self.outbox.opened(last, now), level)
        return settled if self.outbox.follows(last) else [*settled, *self._renumber(last)]

    def _renumber(self, last: int) -> list[Effect]:
        """The log lost batches that nobody keeps any more: what waits goes on from what it holds."""
        missing = self.outbox.missing(last)
        sequences: dict[int, int] = {}

        def anew(seq: int, batch: Batch) -> str:
            sequences[batch.seq] = seq
            return _batch(seq, batch.raw[batch.raw.index('"commands":') + len('"commands":') : -1])

        self.outbox.renumbered(last, anew)
        return [*([Missing(missing)] if missing else []), Renumbered(sequences)]

    def _take(self, snapshot: bytes | msgspec.Raw, position: str) -> list[Effect]:
        self.state = decode_state(bytes(snapshot))
        self.position, self._holds_state = position, True
        return [Delivered()]

    def _advance(self, raw: Sequence[bytes | msgspec.Raw], position: str, now: int) -> list[Effect]:
        events = [decode(bytes(each)) for each in raw]
        fresh = [event for event in events if event.offset > self.state.offset]
        if fresh and fresh[0].offset != self.state.offset + 1:
            return self._lose(now)
        return self._fold_events(fresh, position)

    def _fold_events(self, events: Sequence[e.Event | e.Unknown], position: str) -> list[Effect]:
        fresh = tuple(event for event in events if event.offset > self.state.offset)
        for event in fresh:
            evolve(self.state, event)
        self.position = position
        return [Delivered(fresh)] if fresh else []

    def _settle(self, batches: Sequence[Batch | None], level: str) -> list[Effect]:
        return [Settled(batch, level=level) for batch in batches if batch is not None]

    def _refused(self, envelope: d.Refused, now: int) -> list[Effect]:
        refusal = _refusal(envelope)
        batch = self.outbox.refused(envelope.seq, refusal, now, self.random())
        told: list[Effect] = [Settled(batch, refusal)] if batch is not None else []
        if refusal.reason == "resume_first":
            return [*told, *self._lose(now)]
        if self.outbox.stranded:  # the more often, the later
            return [*told, *self._lose(now, self._rest.wait(FIRST_WAIT, now, self.random()))]
        return [*told, *self._flush(now)]

    def _discontinued(self, envelope: d.Discontinuity, now: int) -> list[Effect]:
        seen = self._take(envelope.snapshot, envelope.position)
        if envelope.producer is not None:
            self.outbox.discontinued(envelope.producer.last, now)
        # What is on its way on this connection has old numbers: new ones are given on a new connection only.
        renumber = envelope.producer is not None and not self.outbox.follows(envelope.producer.last)
        return [
            Lost(envelope.lost_from, envelope.lost_to),
            *seen,
            *(self._lose(now) if renumber else self._flush(now)),
        ]

    def _closing(self, envelope: d.Closing, now: int) -> list[Effect]:
        if envelope.code == 4001:
            self._resume, self._ticket = None, ""
            return self._lose(now)
        if envelope.retry_after_ms < 0:
            return self._end(envelope.code, envelope.reason)
        asked = envelope.retry_after_ms
        return self._lose(now, self._rest.wait(asked, now, self.random()) if asked else 0)

    def _flush(self, now: int) -> list[Effect]:
        if self.phase is not Phase.LIVE:
            return []
        out = self.outbox.take(now)
        if out:
            self._pulse.spoke_at = now
        return [Send(batch.raw.encode()) for batch in out]


def _batch(seq: int, commands: str) -> str:
    return f'{{"type":"do","seq":{seq},"commands":{commands}}}'


def _fitting(raw: str) -> str:
    """The batch, if an envelope holds it."""
    if len(raw.encode()) > LONGEST_BATCH:
        raise Refused(Refusal("too_large", f"an envelope is at most {MAX_BYTES} bytes"))
    return raw


def _refusal(envelope: d.Refused) -> Refusal:
    return Refusal(
        envelope.reason,  # type: ignore[arg-type]  # a later hub's reason is passed on as it is
        envelope.detail,
        envelope.field,
        envelope.expected,
        envelope.retry_after_ms,
    )


def _send(envelope: u.Up) -> Send:
    return Send(u.encode_up(envelope))
