"""An agent in the simulated world: a worker that is offered the session, and answers in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final

from legato.session import commands as c
from legato.session.state import State
from legato.wire import down as d
from legato.wire import up as u
from tests.support.simloop import SimLoop
from tests.support.simpeople import Client
from tests.support.simwire import Wire

STEP_MS: Final = 50
BEAT_MS: Final = 900
SILENT_BEATS: Final = 3


class Worker:
    """A worker's process and its connection, on which sessions are offered. `engage` is called with each offer."""

    def __init__(
        self,
        name: str,
        agent: str,
        get_ticket: Callable[[], str],
        loop: SimLoop,
        random: Random,
        dial: Callable[[Worker, Random], Wire | None],
        engage: Callable[[Worker, d.Offered], None],
    ) -> None:
        self.name, self.process, self.dead = name, f"client:{name}", False
        self.client: Client | None = None
        self.wire: Wire | None = None
        self._agent, self._get_ticket = agent, get_ticket
        self._loop, self._random, self._dial, self._engage = loop, random, dial, engage
        self._unheard = 0
        self._ready = False

    def start(self) -> None:
        """Find a node."""
        if not self.dead:
            self._unheard, self._ready = 0, False
            self.wire = self._dial(self, self._random)
            if self.wire is None:
                self._loop.call_later(0.1, self.start)
            else:
                self._loop.call_later(BEAT_MS / 1000, self._beat, self.wire)

    def opened(self, wire: Wire) -> None:
        """Ask to be registered."""
        work = u.Work(v=u.VERSION, ticket=self._get_ticket(), name=self._agent, worker=self.name, capacity=4)
        wire.up(u.encode_up(work))

    def received(self, wire: Wire, raw: bytes) -> None:
        """The node says something."""
        self._unheard = 0
        envelope = d.decode_down(raw)
        if isinstance(envelope, d.Working):
            self._ready = True
        elif isinstance(envelope, d.Offered):
            self._engage(self, envelope)
        elif isinstance(envelope, d.Draining):
            self._loop.call_later(envelope.after_ms / 1000, wire.break_off)

    def closed(self, wire: Wire) -> None:
        """It comes back by itself."""
        if wire is self.wire:
            self.wire = None
            self._loop.call_later(0.02, self.start)

    def _beat(self, wire: Wire) -> None:
        if wire is not self.wire:
            return
        self._unheard += 1
        if self._unheard > SILENT_BEATS:
            self.wire = None
            wire.break_off()
            self.start()
            return
        if self._ready:
            wire.up(u.encode_up(u.Ping()))
        self._loop.call_later(BEAT_MS / 1000, self._beat, wire)


class Answering:
    """An agent's worker in one session: claims each waiting turn, streams words, calls a tool, ends."""

    def __init__(self, client: Client, right: str, worker: str) -> None:
        self.client = client
        self._right = right
        self._worker = worker
        self._claimed: set[str] = set()
        self._working: set[str] = set()
        self._accepting = False
        self._had = ""
        """The participant that it had the right as."""
        client.on_state = self._look

    def _look(self, state: State) -> None:
        if self.client.dead:
            return
        had = state.participants.get(self._had)
        if had is not None and had.left:  # nobody needs it: the session is at rest
            self.client.end()
            return
        right = state.rights.get(self._right)
        if right is None or not right.holder:
            if not self._accepting and self.client.link.attached is not None:
                self._accepting = True
                self.client.loop.create_task(self._accept())
            return
        if right.worker != self._worker:
            return
        self._accepting, self._had = False, right.holder
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
