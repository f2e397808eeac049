"""`bench agents`: workers are killed (`kill -9`) in mid answer, and people wait for the next word.

Two workers of one agent at every time, several people in sessions of their own, each of whom is being answered
without end. From the kill to `agent_unreachable` at the person, and to the first word of the next worker;
`old_words_after_token` counts words of a worker after another had its token.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

import aiohttp

import legato
from legato.session import events as e
from legato.session.actors import WORKER
from legato.session.events import Event, Unknown
from legato.session.tickets import ANY_SESSION
from signaling.bench.chatterer import AGENT
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig, started

WORKERS: Final = 2
PATIENCE_S: Final = 20.0
SETTLED_S: Final = 0.3
"""Between the last word that was waited for and the next kill."""


async def measure_agents(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run."""
    while len(rig.nodes) < plan.nodes:
        await rig.start_node()
    crashes = Figure("crash_event_ms", "ms", bars=(Bar(99, 250),))
    recoveries = Figure("agent_recovery_ms", "ms", bars=(Bar(90, 750),))
    async with AsyncExitStack() as stack:
        crew = _Crew(rig)
        stack.push_async_callback(crew.end)
        await crew.fill()
        people = [await _person(stack, rig, number) for number in range(plan.people)]
        for each in people:
            await each.until_told("")
        while len(crashes.samples) < plan.kills:
            plan.says(f"agents: {len(crashes.samples)} of {plan.kills} answers cut")
            await _kill_one(crew, people, crashes, recoveries)
    stray = sum(each.stray for each in people)
    return [crashes, recoveries, Value("old_words_after_token", stray, 0)]


async def _kill_one(crew: _Crew, people: Sequence[_Person], crashes: Figure, recoveries: Figure) -> None:
    """Kill the worker that answers most, and see how those fare whom it answered."""
    await asyncio.sleep(SETTLED_S)
    victim = Counter(each.speaker for each in people).most_common(1)[0][0]
    cut = [each for each in people if each.speaker == victim]
    for each in cut:
        each.unreachable_at = 0.0
    killed = time.perf_counter()
    crew.kill(victim)
    for each in cut:
        await each.until_told(victim)
    crashes.samples += [1000 * (each.unreachable_at - killed) for each in cut]
    recoveries.samples += [1000 * (each.spoke_at - killed) for each in cut]
    await crew.fill()


class _Crew:
    """The workers, by process id."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._workers: dict[str, Child] = {}

    async def fill(self) -> None:
        """Start workers until there are enough."""
        hubs = [f"http://127.0.0.1:{node.port}" for node in self._rig.nodes]
        os.environ["LEGATO_TICKET"] = self._rig.ticket(ANY_SESSION, f"p_{AGENT}", "agent")
        while len(self._workers) < WORKERS:
            child = await started("worker", "signaling.bench.chatterer", *hubs)
            self._workers[str(child.pid)] = child

    def kill(self, pid: str) -> None:
        """kill -9."""
        self._workers.pop(pid).process.kill()

    async def end(self) -> None:
        """End all of them."""
        for child in self._workers.values():
            child.process.kill()
            await child.process.wait()


@dataclass(eq=False)
class _Person:
    """Somebody who is being answered. `speaker`: the process id of who said the last word."""

    client: legato.Client
    speaker: str = ""
    unreachable_at: float = 0.0
    spoke_at: float = 0.0
    stray: int = 0
    _tokens: int = 0
    _authors: dict[str, int] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def told(self, events: Sequence[Event | Unknown]) -> None:
        """What the session says."""
        now = time.perf_counter()
        for event in events:
            match event:
                case e.AgentUnreachable():
                    self.unreachable_at = self.unreachable_at or now
                case e.RightGranted(right=right) if right.startswith(WORKER):
                    self._tokens += 1
                case e.MessageStarted(message=message):
                    self._authors[message] = self._tokens
                case e.MessageGrown(message=message, text=text):
                    self.stray += self._authors.get(message, self._tokens) != self._tokens
                    speaker = text.split(":")[0]
                    if speaker != self.speaker:
                        self.speaker, self.spoke_at = speaker, now
        self._news.set()

    async def until_told(self, old: str) -> None:
        """Wait until somebody else than `old` speaks."""
        async with asyncio.timeout(PATIENCE_S):
            while self.speaker in ("", old):
                self._news.clear()
                await self._news.wait()


async def _person(stack: AsyncExitStack, rig: Rig, number: int) -> _Person:
    session, port = f"s_a{rig.rng.getrandbits(80):x}", rig.nodes[number % len(rig.nodes)].port
    url = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {rig.ticket(ANY_SESSION, 'p_bench', 'supervisor')}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        asked = {"session": session, "labels": {"agent": AGENT}}
        async with http.post(f"{url}/v1/sessions", json=asked) as answer:
            answer.raise_for_status()
    client = await stack.enter_async_context(legato.Client(url, ticket=rig.ticket(session, "p_ada")))
    person = _Person(client)
    client.on.events.append(person.told)
    await client.say("talk to me")
    return person
