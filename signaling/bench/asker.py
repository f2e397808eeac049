"""Somebody who is being answered without end, and notices when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

import aiohttp

import legato
from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import WORKER
from legato.session.events import Event, Unknown
from legato.session.tickets import ANY_SESSION
from legato.wire import down as d
from signaling.bench.chatterer import AGENT, CLOSED
from signaling.bench.rig import Rig

PATIENCE_S: Final = 20.0


@dataclass(eq=False)
class Asker:
    """`speaker`: the process id of who said the last word, at `heard_at`. `stray`: words of a worker after another
    had its token. `closed_at`: when the generator of an answer that was stopped was closed, as its worker says (s of
    the machine's monotonic clock). `crashes` reported, how often a worker was `unreachable`, `words` that came, and
    answers `cut`; `longest`: between two words (s)."""

    client: legato.Client
    speaker: str = ""
    unreachable_at: float = 0.0
    spoke_at: float = 0.0
    heard_at: float = 0.0
    ended_at: float = 0.0
    closed_at: float = 0.0
    longest: float = 0.0
    stray: int = 0
    crashes: int = 0
    unreachable: int = 0
    words: int = 0
    cut: int = 0
    response: str = ""
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
                    self.unreachable += 1
                case e.AgentCrashed():
                    self.crashes += 1
                case e.RightGranted(right=right) if right.startswith(WORKER):
                    self._tokens += 1
                case e.ResponseStarted(response=response):
                    self.response = response
                case e.ResponseEnded(outcome=outcome):
                    self.ended_at = now
                    self.cut += outcome != "finished"
                case e.MessageStarted(message=message):
                    self._authors[message] = self._tokens
                case e.MessageGrown(message=message, text=text):
                    self._word(message, text.split(":")[0], now)
        self._news.set()

    def heard(self, envelope: d.Down) -> None:
        """What workers say beside it."""
        for signal in envelope.signals if isinstance(envelope, d.Signals) else ():
            if signal["name"] == CLOSED:
                self.closed_at = signal["data"]["at"]
        self._news.set()

    def _word(self, message: str, speaker: str, now: float) -> None:
        self.words += 1
        self.stray += self._authors.get(message, self._tokens) != self._tokens
        if self.heard_at:
            self.longest = max(self.longest, now - self.heard_at)
        self.heard_at = now
        if speaker != self.speaker:
            self.speaker, self.spoke_at = speaker, now

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so. Raises `TimeoutError`."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def until_told(self, old: str) -> None:
        """Wait until somebody else than `old` speaks."""
        await self.until(lambda: self.speaker not in ("", old))

    async def until_a_word(self, after: float) -> None:
        """Wait for a word that comes after that time."""
        await self.until(lambda: self.heard_at > after)

    async def cancel(self) -> tuple[float, float]:
        """Stop the answer that is being given; seconds until its generator was closed, and until it is said that the
        answer has ended. Then ask again. Raises `TimeoutError` if the generator is never closed."""
        asked, told = time.monotonic(), time.perf_counter()
        self.ended_at = self.closed_at = 0.0
        await self.client.do(c.CancelResponse(response=self.response))
        await self.until(lambda: self.ended_at > 0 and self.closed_at > 0)
        took = self.closed_at - asked, self.ended_at - told
        self.heard_at = 0.0
        await self.client.say("talk to me")
        await self.until(lambda: self.heard_at > 0)
        return took


async def asker(stack: AsyncExitStack, rig: Rig, number: int, ports: Sequence[int] = ()) -> Asker:
    """A person in a session of their own who has asked. Of `rig`'s nodes (by way of `ports`, if some are given) they
    know all, one of them first."""
    session, at = f"s_a{rig.rng.getrandbits(80):x}", number % len(rig.nodes)
    ports = ports or rig.ports()
    urls = [f"http://127.0.0.1:{port}" for port in (*ports[at:], *ports[:at])]
    headers = {"Authorization": f"Bearer {rig.ticket(ANY_SESSION, 'p_bench', 'supervisor')}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        asked = {"session": session, "labels": {"agent": AGENT}}
        async with http.post(f"{urls[0]}/v1/sessions", json=asked) as answer:
            answer.raise_for_status()
    client = await stack.enter_async_context(legato.Client(urls, ticket=rig.ticket(session, "p_ada")))
    person = Asker(client)
    client.on.events.append(person.told)
    client.on.told.append(person.heard)
    await client.say("talk to me")
    return person
