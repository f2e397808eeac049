"""A session in this process for an agent's machinery: what it asks is decided and stored when the test says so, and
seen when the test says so. So every order of landing and seeing can be tried, without a clock."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from legato.errors import Refused
from legato.session import commands as c
from legato.session import events as e
from legato.session.commands import Refusal
from legato.session.fold import evolve
from legato.session.state import State
from tests.session.happenings import at
from tests.session.talk import BOT, Talk

ROUNDS = 12
"""Turns of the loop in which whatever can go on has gone on."""


class Rehearsal:
    """What `legato.Client` is to an agent, with the log in the test's hands."""

    attached = None

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.state = talk.state.copy()
        self.log: list[e.Event] = []
        self.asked: deque[tuple[tuple[c.Command, ...], asyncio.Future[str]]] = deque()
        self._unseen: deque[e.Event] = deque()
        self._changed = asyncio.Event()
        self._ids = 0

    # --- what the agent uses

    def begin(self, *commands: c.Command) -> asyncio.Future[str]:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.asked.append((commands, future))
        return future

    async def do(self, *commands: c.Command) -> str:
        return await self.begin(*commands)

    async def until(self, condition: Callable[[State], bool], timeout: float | None = None) -> State:
        while not condition(self.state):
            await self._changed.wait()
        return self.state

    def new_id(self, prefix: str) -> str:
        self._ids += 1
        return f"{prefix}_{self._ids}"

    # --- what the test does

    def store(self, *commands: c.Command, by: object = BOT) -> bool:
        """Somebody's commands are decided on the log as it is; whether it took them."""
        decided = self.talk.ask(by, *commands)  # type: ignore[arg-type]  # any actor
        if isinstance(decided, Refusal):
            return False
        before = self.talk.state.offset
        self.talk.put(list(decided.events))
        assert self.talk.state.offset == before + len(decided.events)
        self.log += decided.events
        self._unseen += decided.events
        return True

    def land(self, most: int = 1) -> None:
        """The agent's next batches come to the log, and are acknowledged or refused."""
        while self.asked and most:
            commands, future = self.asked.popleft()
            refusal = self.talk.ask(BOT, *commands)
            if self.store(*commands):
                future.set_result("")
            elif isinstance(refusal, Refusal):
                future.set_exception(Refused(refusal))
            most -= 1

    def see(self, most: int = 1) -> None:
        """The agent sees the next events."""
        while self._unseen and most:
            event = self._unseen.popleft()
            evolve(self.state, at(event, self.state.offset + 1, 7))
            most -= 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def breathe(self) -> None:
        """Whatever can go on goes on."""
        for _ in range(ROUNDS):
            await asyncio.sleep(0)

    async def come_to_rest(self) -> None:
        """Everything lands and is seen, until nothing moves any more."""
        await self.breathe()
        while self.asked or self._unseen:
            self.land(len(self.asked))
            self.see(len(self._unseen))
            await self.breathe()
