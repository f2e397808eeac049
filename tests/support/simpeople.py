"""People's devices in the simulated world: clients over the real link machine."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import msgspec

from legato.client.key import ClientKey
from legato.client.link import (
    AskTicket,
    Back,
    Close,
    Delivered,
    Ended,
    Link,
    LinkOptions,
    Lost,
    Missing,
    Open,
    Phase,
    Renumbered,
    Send,
    Settled,
    Sign,
)
from legato.session import commands as c
from legato.session.commands import Command, Refusal
from legato.session.outbox import Outbox, Saved
from legato.session.parts import Part
from legato.session.state import State, encode_state
from legato.wire.down import Attached, Refused, ResumeTicket, decode_down
from legato.wire.up import Credit, Detach, encode_up
from tests.support.simloop import SimLoop
from tests.support.simwire import Wire

FIRST_CREDIT: Final = 6
SAMPLED: Final = 0.25
"""How often what is held is compared with the fold, when nothing but the next events came."""


@dataclass
class Report:
    """What a client held at a position."""

    position: str
    state: bytes


@dataclass
class Acked:
    """A batch that was acknowledged, with the messages that it made."""

    producer: str
    seq: int
    level: str
    messages: tuple[str, ...]


@dataclass(eq=False)
class Client:
    """A device in the session. `dial` opens a wire to a node of its choice."""

    name: str
    get_ticket: Callable[[], str]
    loop: SimLoop
    random: Random
    dial: Callable[[Client, Random], Wire | None]
    on_state: Callable[[State], None] | None = None
    reports: list[Report] = field(default_factory=list)
    acked: list[Acked] = field(default_factory=list)
    lost: list[tuple[int, int]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    thrifty: bool = False
    """It says for how many events it is ready, from its first connection on."""
    resumes: list[ResumeTicket] = field(default_factory=list)
    """Of the attachment that it has: what it can come back by, the newest last."""
    resumed: int = 0
    repeated: int = 0
    """How often one batch met a gap over one connection, at most."""
    renumbered: int = 0
    """How often the log lacked what it had settled, and it went on under new sequences."""
    worker: str = ""
    accept: str = ""
    """For an agent's: its worker, and the right that it takes as it comes."""
    dead: bool = False
    sent_away: str = ""
    """Why the hub will not have it any more."""

    def __post_init__(self) -> None:
        self.process = f"client:{self.worker or self.name}"
        self.key = ClientKey()
        options = LinkOptions(f"c_{self.name}", self.key.public(), worker=self.worker, accept=self.accept)
        self.link = Link(options, self.random.random)
        self.restarts = self.missing = 0
        """How often it began anew from what it had kept; and how many of its batches it was told are gone."""
        self.wire: Wire | None = None
        self._waiting: dict[str, tuple[tuple[str, ...], asyncio.Future[Refusal | None]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._sample = Random(f"{self.name}:sample")
        self._attachment = ""
        self._gaps: Counter[int] = Counter()
        self._owed = 0
        """Events of which it has not said yet that it is ready for as many more."""

    def start(self) -> None:
        self._act(self.link.start(self.loop.ms()))

    def do(self, *commands: Command) -> asyncio.Future[Refusal | None]:
        """Put a batch in line; the answer is None when the log has it."""
        batch, effects = self.link.put(commands, self.loop.ms())
        answer: asyncio.Future[Refusal | None] = self.loop.create_future()
        made = tuple(command.message for command in commands if isinstance(command, c.PostMessage))
        self._waiting[self._tag(batch.raw)] = (made, answer)
        self._act(effects)
        return answer

    def restart(self) -> None:
        """The page is reloaded, the program started again: what it kept is its outbox, its position and its ticket."""
        self.restarts += 1
        self._let_go()
        self._keep()
        self.start()

    def leave(self, says_so: bool) -> None:
        """The person goes, and `says_so`, or not. The device comes back by `start`, with what it kept."""
        wire, self.wire = self.wire, None
        if wire is not None and says_so and self.link.phase is Phase.LIVE:
            wire.up(encode_up(Detach()))
            self.loop.call_later(0.1, wire.break_off)
        elif wire is not None:
            wire.break_off()
        self._keep()

    def end(self) -> None:
        """It goes for good."""
        self._let_go()
        self.dead = True

    def _keep(self) -> None:
        kept = msgspec.json.decode(msgspec.json.encode(self.link.outbox.saved()), type=Saved)
        position, resume = self.link.position, self.link._resume
        self.link = Link(
            self.link.options, self.random.random, Outbox(kept), position=position, _resume=resume
        )

    @property
    def unanswered(self) -> list[str]:
        """The messages of which it was never told whether the log has them."""
        return [message for made, _ in self._waiting.values() for message in made]

    @property
    def pending(self) -> int:
        return len(self.link.outbox.pending())

    # --- from the network

    def opened(self, wire: Wire) -> None:
        if wire is self.wire:
            self._act(self.link.opened(self.loop.ms()))

    def received(self, wire: Wire, raw: bytes) -> None:
        if wire is self.wire and not self.dead:
            envelope = decode_down(raw)
            if isinstance(envelope, Refused) and envelope.reason == "sequence_gap":
                self._gaps[envelope.seq] += 1
                self.repeated = max(self.repeated, self._gaps[envelope.seq])
            self._act(self.link.received(envelope, self.loop.ms()))

    def closed(self, wire: Wire) -> None:
        if wire is self.wire and not self.dead:
            self.wire = None
            self._act(self.link.closed(self.loop.ms()))

    # --- what the link wants

    def _act(self, effects: Sequence[Any]) -> None:
        if self.dead:
            return
        told = moved = False
        for effect in effects:
            match effect:
                case AskTicket():
                    self._act(self.link.ticketed(self.get_ticket(), self.loop.ms()))
                case Sign(resume=resume):
                    self.resumes.append(resume)
                    self._act(self.link.signed(resume, self.key.prove(resume.nonce)))
                case Open():
                    self._open()
                case Send(raw=raw):
                    self._send(raw)
                case Close():
                    self._let_go()
                case Settled():
                    self._settled(effect)
                case Renumbered():
                    self.renumbered += 1
                case Missing(batches=batches):
                    self.missing += batches
                case Lost(lost_from=first, lost_to=last):
                    self.lost.append((first, last))
                case Delivered(events=events):
                    told, moved = True, moved or not events
                    self._owe(max(len(events), 1))
                case Back(attached=attached):
                    told = moved = True
                    self._came_back(attached)
                case Ended(reason=reason):
                    self.dead, self.sent_away = True, reason
        if told:
            self._report(moved)
        self._arm()

    def _open(self) -> None:
        self._gaps.clear()
        self.wire = self.dial(self, self.random)
        if self.wire is None:
            self.loop.deliver(20, self.process, lambda: self._act(self.link.closed(self.loop.ms())))

    def _let_go(self) -> None:
        wire, self.wire = self.wire, None
        if wire is not None:
            wire.break_off()

    def _send(self, raw: bytes) -> None:
        if self.wire is None:
            return
        self.wire.up(raw)

    def _came_back(self, attached: Attached) -> None:
        if attached.attachment == self._attachment:
            self.resumed += 1
        else:
            self._attachment, self.resumes = attached.attachment, self.resumes[-1:]
        self._owe(FIRST_CREDIT)

    def _owe(self, events: int) -> None:
        if self.thrifty:
            if not self._owed:
                self.loop.call_later(self._sample.uniform(0.05, 0.6), self._grant)
            self._owed += events

    def _grant(self) -> None:
        owed, self._owed = self._owed, 0
        self._act(self.link.tell(Credit(events=owed)))

    def _settled(self, effect: Settled) -> None:
        made, answer = self._waiting.pop(self._tag(effect.batch.raw), ((), None))
        if effect.refusal is None:
            self.acked.append(Acked(self.link.options.producer, effect.batch.seq, effect.level, made))
        else:
            self.refusals.append(effect.refusal)
        if answer is not None and not answer.done():
            answer.set_result(effect.refusal)

    def _tag(self, raw: str) -> str:
        return raw[raw.index('"commands":') :]

    def _report(self, moved: bool) -> None:
        """Write down what is held: always after a snapshot or another way back, else at every fourth step or so."""
        if self.link.position and (moved or self._sample.random() < SAMPLED):
            self.reports.append(Report(self.link.position, encode_state(self.link.state)))
        if self.on_state is not None:
            self.on_state(self.link.state)

    def _arm(self) -> None:
        """One timer: a deadline that moved back finds it too early, and it is set again."""
        at = self.link.next_deadline()
        if at is None or self.dead:
            return
        if self._timer is not None:
            if self._timer.when() * 1000 <= at + 1:
                return
            self._timer.cancel()
        when = max(self.loop.time(), (at + 0.5) / 1000)  # surely not a rounding before it
        self._timer = self.loop.call_at(when, self._expire)

    def _expire(self) -> None:
        self._timer = None
        self._act(self.link.expire(self.loop.ms()))


def words(random: Random, message: str) -> c.PostMessage:
    """Something to say."""
    return c.PostMessage(message=message, parts=[Part("text", f"text {random.randrange(1000)}")])
