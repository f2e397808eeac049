"""Who takes part in the simulated world: clients over the real link machine, and an agent that answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from legato.client.link import (
    AskTicket,
    Back,
    Close,
    Delivered,
    Ended,
    Link,
    LinkOptions,
    Lost,
    Open,
    Send,
    Settled,
)
from legato.session import commands as c
from legato.session.commands import Command, Refusal
from legato.session.parts import Part
from legato.session.state import State, encode_state
from legato.wire.down import decode_down
from tests.support.simdoor import Door
from tests.support.simloop import SimLoop

STEP_MS: Final = 50
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


class Wire:
    """A connection between a client and a node's door: ordered each way, and it may go silent or break."""

    def __init__(self, loop: SimLoop, random: Random, process: str, client: Client) -> None:
        self._loop = loop
        self._random = random
        self._process = process
        self._client = client
        self._times = {"up": 0.0, "down": 0.0}
        self.open = True
        self.silent = False
        self.door: Door | None = None

    def connect(self, make: Callable[[Callable[[bytes], None], Callable[[], None]], Door]) -> None:
        def accept() -> None:
            self.door = make(self._down, self.break_off)
            self._later("down", self._client.process, lambda: self._client.opened(self))

        self._later("up", self._process, accept)

    def up(self, raw: bytes) -> None:
        self._later("up", self._process, lambda: self.door.received(raw) if self.door else None)

    def break_off(self) -> None:
        """Both ends learn that it ended (unless it is silent)."""
        if self.open:
            self.open = False
            if not self.silent:
                if self.door is not None:
                    self._loop.deliver(1, self._process, self.door.lost)
                self._loop.deliver(1, self._client.process, lambda: self._client.closed(self))

    def _down(self, raw: bytes) -> None:
        self._later("down", self._client.process, lambda: self._client.received(self, raw))

    def _later(self, way: str, process: str, effect: Callable[[], None]) -> None:
        lag = self._random.uniform(0.1, 5) if self._random.random() < 0.97 else self._random.uniform(5, 80)
        when = max(self._times[way] + 1e-6, self._loop.time() + lag / 1000)
        self._times[way] = when

        def arrive() -> None:
            if self.open and not self.silent:
                effect()

        self._loop.deliver((when - self._loop.time()) * 1000, process, arrive)


@dataclass(eq=False)
class Client:
    """A person's device. `dial` opens a wire to a node of its choice."""

    name: str
    ticket: str
    loop: SimLoop
    random: Random
    dial: Callable[[Client], Wire | None]
    on_state: Callable[[State], None] | None = None
    reports: list[Report] = field(default_factory=list)
    acked: list[Acked] = field(default_factory=list)
    lost: list[tuple[int, int]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    dead: bool = False
    registered: tuple[str, str] = ("", "")
    """For an agent's worker: the process it is registered at, and its name."""

    def __post_init__(self) -> None:
        self.process = f"client:{self.name}"
        self.link = Link(LinkOptions(producer=f"c_{self.name}", key=None), self.random.random)
        self.wire: Wire | None = None
        self._waiting: dict[str, tuple[tuple[str, ...], asyncio.Future[Refusal | None]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._sample = Random(f"{self.name}:sample")

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

    @property
    def pending(self) -> int:
        return len(self.link.outbox.pending())

    # --- from the network

    def opened(self, wire: Wire) -> None:
        if wire is self.wire:
            self._act(self.link.opened(self.loop.ms()))

    def received(self, wire: Wire, raw: bytes) -> None:
        if wire is self.wire and not self.dead:
            self._act(self.link.received(decode_down(raw), self.loop.ms()))

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
                    self._act(self.link.ticketed(self.ticket, self.loop.ms()))
                case Open():
                    self.wire = self.dial(self)
                    if self.wire is None:
                        self.loop.deliver(
                            20, self.process, lambda: self._act(self.link.closed(self.loop.ms()))
                        )
                case Send(raw=raw):
                    if self.wire is not None:
                        self.wire.up(raw)
                case Close():
                    wire, self.wire = self.wire, None
                    if wire is not None:
                        wire.break_off()
                case Settled():
                    self._settled(effect)
                case Lost(lost_from=first, lost_to=last):
                    self.lost.append((first, last))
                case Delivered(events=events):
                    told, moved = True, moved or not events
                case Back():
                    told = moved = True
                case Ended():
                    self.dead = True
        if told:
            self._report(moved)
        self._arm()

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


class Answering:
    """An agent's worker in one session: claims each waiting turn, streams words, calls a tool, ends."""

    def __init__(self, client: Client, right: str, worker: str) -> None:
        self.client = client
        self._right = right
        self._worker = worker
        self._claimed: set[str] = set()
        self._working: set[str] = set()
        self._accepting = False
        client.on_state = self._look

    def _look(self, state: State) -> None:
        if self.client.dead:
            return
        right = state.rights.get(self._right)
        if right is None or not right.holder:
            if not self._accepting and self.client.link.attached is not None:
                self._accepting = True
                self.client.loop.create_task(self._accept())
            return
        if right.worker != self._worker:
            return
        self._accepting = False
        for response in state.responses.values():
            if response.by == right.holder and response.id not in self._working:
                self._working.add(response.id)
                self.client.loop.create_task(self._give_up(response.id))
        for turn in state.waiting_turns():
            if turn.id not in self._claimed:
                self._claimed.add(turn.id)
                self.client.loop.create_task(self._answer(turn.id))

    async def _accept(self) -> None:
        await self.client.do(c.AcceptSession(right=self._right, worker=self._worker))
        await asyncio.sleep(STEP_MS / 1000)
        self._accepting = False
        self._look(self.client.link.state)

    async def _give_up(self, response: str) -> None:
        """A response that nobody works on any more (its words were lost) gets its end."""
        await self.client.do(c.EndResponse(response=response, outcome="failed"))
        await asyncio.sleep(STEP_MS / 1000)
        self._working.discard(response)
        self._look(self.client.link.state)

    async def _answer(self, turn: str) -> None:
        """Say it in steps; a refusal ends the attempt, and the turn may be claimed again when it waits."""
        do, mark = self.client.do, f"{turn}_{self._worker}_{self.client.random.randrange(1 << 30)}"
        response, message, call = f"r_{mark}", f"m_{mark}", f"t_{mark}"
        self._working.add(response)
        refused = await do(c.StartResponse(response=response, turn=turn))
        if refused is None:
            await do(c.StartMessage(message=message, response=response))
            words = self.client.random.randrange(1, 12)
            growing = [do(c.GrowMessage(message=message, index=n, text=f"word{n} ")) for n in range(words)]
            for each in growing:
                await each
                if self.client.random.random() < 0.3:
                    await asyncio.sleep(self.client.random.uniform(0, STEP_MS) / 1000)
            if self.client.random.random() < 0.4:
                await do(c.RequestTool(call=call, name="look", arguments="{}", response=response))
                await do(c.StartTool(call=call))
                await do(c.EndTool(call=call, result='"found"'))
            await do(c.EndMessage(message=message))
            refused = await do(c.EndResponse(response=response))
        await asyncio.sleep(STEP_MS / 1000)
        self._claimed.discard(turn)
        self._working.discard(response)
        self._look(self.client.link.state)


def words(random: Random, message: str) -> c.PostMessage:
    """Something to say."""
    return c.PostMessage(message=message, parts=[Part("text", f"text {random.randrange(1000)}")])
