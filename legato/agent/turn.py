"""One turn, as the agent that answers it sees it."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from legato.agent.calling import Calls
from legato.agent.tools import Tool
from legato.agent.voice import bring
from legato.client import Client
from legato.errors import Refused
from legato.session import commands as c
from legato.session.parts import Part
from legato.session.state import Message, State

IN_FLIGHT: Final = 8
"""Deltas on the way before words wait and travel together."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the conversation: what was said and, if it was cut short, only the part that was heard."""

    role: Literal["user", "assistant"]
    text: str
    by: str = ""


def history_of(state: State, participant: str) -> list[Said]:
    """The kept transcript as a model wants it: what answers is `assistant`, ours or a person's who took over.

    Reasoning, and words nobody heard, are left out."""
    lines: list[Said] = []
    for entry in state.transcript():
        if not isinstance(entry, Message):
            continue
        text = "".join(part.text for part in entry.parts if part.kind == "text")
        if entry.by == participant and entry.heard and not entry.read and _cut_short(entry, state):
            text = text[: max(entry.heard.values())]
        if text:
            answers = entry.by == participant or entry.response
            lines.append(Said("assistant" if answers else "user", text, entry.by))
    return lines


def _cut_short(entry: Message, state: State) -> bool:
    """Whether its speech was broken off: its message was, or somebody spoke into what had been written whole."""
    if entry.status != "finished":
        return True
    spoken = (
        other.spoken for other in state.transcript() if isinstance(other, Message) and other.at > entry.at
    )
    return any(words is not None for words in spoken)


class Turn:
    """What `on_turn` is given. `say` streams words; the answer ends when the handler returns."""

    def __init__(self, session: Client, id: str, response: str, tools: Mapping[str, Tool]) -> None:
        self.session = session
        self.id = id
        self._response = response
        self._calls = Calls(session, id, response, tools)
        self._message = ""
        self._index = 0
        self._part: tuple[int, str] = (-1, "")
        self._waiting: list[str] = []
        self._flight: set[asyncio.Future[str]] = set()
        self._problem: Refused | None = None

    # --- what was asked

    @property
    def participant(self) -> str:
        """Who is to be answered."""
        asked = self.session.state.turns.get(self.id)
        return asked.participant if asked is not None else ""

    @property
    def text(self) -> str:
        """The words of the turn: typed, or transcribed."""
        mine = [
            entry
            for entry in self.session.state.transcript()
            if isinstance(entry, Message) and self.id in (entry.id, entry.turn)
        ]
        return " ".join(part.text for entry in mine for part in entry.parts if part.kind == "text")

    @property
    def history(self) -> list[Said]:
        """The conversation so far, this turn included."""
        attached = self.session.attached
        return history_of(self.session.state, attached.participant if attached is not None else "")

    @property
    def briefing(self) -> str:
        """What the person left who answered before and handed back ("": nobody did, or nothing was said)."""
        return self.session.state.briefing

    # --- what is answered

    async def say(self, words: str) -> None:
        """Add words to the answer: text for those who read, speech for those who listen."""
        await self._add(words, "text")

    async def think(self, words: str) -> None:
        """Add reasoning: shown folded, never spoken."""
        await self._add(words, "reasoning")

    async def speak(self, sound: AsyncIterable[bytes], *, rate: int = 24_000, text: str = "") -> None:
        """Say something with a voice of the agent's own: PCM (s16 mono, at `rate`), with its words in `text` for
        those who read. Returns when all of it is sent; it may come faster than real time."""
        await self._end_message("finished")
        await self._begin()
        message = self._message
        work = bring(self.session, message, sound, rate, zlib.crc32(message.encode()))
        bringing = asyncio.ensure_future(work)
        try:
            await self._add(text, "text")
            await self._settle()
            await bringing
        finally:
            bringing.cancel()
        await self._end_message("finished")

    async def show(self, part: Part) -> None:
        """Add a whole part: data, an image, a file."""
        await self._settle()
        await self._begin()
        await self.session.do(c.AddPart(message=self._message, part=part))
        self._part = (self._part[0] + 1, part.kind)

    async def call(self, name: str, /, **arguments: Any) -> Any:
        """Call a tool of the agent; the call and its result stand in the log. What a worker before this one did in
        the turn is not done again: its result is returned. Raises `ToolFailed`; outcome `unknown`: a call that is not
        idempotent was running when its worker died."""
        await self._end_message("finished")
        return await self._calls.call(name, arguments)

    # --- how it ends (the engagement's)

    async def finish(self, outcome: Literal["finished", "cancelled", "failed"], reason: str = "") -> None:
        """End what is open."""
        if outcome == "finished":
            await self._settle()
        self._waiting.clear()
        if self._flight:
            await asyncio.wait(self._flight)
        self._message = ""
        await self.session.do(c.EndResponse(response=self._response, outcome=outcome, reason=reason))

    # --- inside

    async def _begin(self) -> None:
        if not self._message:
            self._message = self.session.new_id("m")
            self._index, self._part = 0, (-1, "")
            await self.session.do(c.StartMessage(message=self._message, response=self._response))

    async def _add(self, words: str, kind: Literal["text", "reasoning"]) -> None:
        if not words:
            return
        await self._begin()
        if self._part[1] != kind:
            await self._settle()
            self._part = (self._part[0] + 1, kind)
        self._waiting.append(words)
        self._flush(IN_FLIGHT)
        while len(self._flight) >= 4 * IN_FLIGHT or sum(map(len, self._waiting)) > 8_000:
            await asyncio.wait(self._flight, return_when=asyncio.FIRST_COMPLETED)
        self._check()

    def _flush(self, limit: int) -> None:
        if not self._waiting or len(self._flight) >= limit:
            return
        words, self._waiting = "".join(self._waiting), []
        part, kind = self._part
        grow = c.GrowMessage(
            message=self._message,
            index=self._index,
            text=words,
            part=part,
            kind="reasoning" if kind == "reasoning" else "text",
        )
        self._index += 1
        future = self.session.begin(grow)
        self._flight.add(future)
        future.add_done_callback(self._landed)

    def _landed(self, future: asyncio.Future[str]) -> None:
        self._flight.discard(future)
        problem = None if future.cancelled() else future.exception()
        if isinstance(problem, Refused):
            self._problem = self._problem or problem
        elif problem is None:
            self._flush(IN_FLIGHT)

    async def _settle(self) -> None:
        while self._flight or self._waiting:
            self._flush(IN_FLIGHT)
            if self._flight:
                await asyncio.wait(self._flight, return_when=asyncio.FIRST_COMPLETED)
        self._check()

    def _check(self) -> None:
        if self._problem is not None:
            raise self._problem

    async def _end_message(self, outcome: Literal["finished"]) -> None:
        if self._message:
            await self._settle()
            await self.session.do(c.EndMessage(message=self._message, outcome=outcome))
            self._message = ""
