"""One turn, as the agent that answers it sees it."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from legato.agent.briefing import briefing_of
from legato.agent.calling import Calls
from legato.agent.child import Child
from legato.agent.tools import Tool
from legato.agent.voice import bring
from legato.agent.whispers import whispers_of
from legato.agent.writing import Writing, progressed
from legato.client import Client
from legato.session import commands as c
from legato.session.audience import Attendee, audience
from legato.session.cost_rules import budgeted
from legato.session.parts import Part
from legato.session.state import Help, Message, State


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the conversation: what was said and, if it was cut short, only the part that was heard."""

    role: Literal["user", "assistant"]
    text: str
    by: str = ""


def history_of(state: State, participant: str) -> list[Said]:
    """The kept transcript as a model wants it: what answers is `assistant`, ours or a person's who took over.

    Reasoning, words nobody heard, and answers of which another one was wanted are left out."""
    lines: list[Said] = []
    for entry in state.transcript():
        if not isinstance(entry, Message) or entry.superseded or entry.aside:
            continue
        text = "".join(part.text for part in entry.parts if part.kind == "text")
        if entry.by == participant and entry.heard and not entry.read and _cut_short(entry, state):
            text = text[: max(entry.heard.values())]
        if text:
            answers = entry.by == participant or entry.response
            lines.append(Said("assistant" if answers else "user", text, entry.by))
    return lines


def words_of(state: State, turn: str) -> str:
    """The words of a turn: typed, or transcribed."""
    mine = [
        entry for entry in state.transcript() if isinstance(entry, Message) and turn in (entry.id, entry.turn)
    ]
    return " ".join(part.text for entry in mine for part in entry.parts if part.kind == "text")


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
        self._over = False
        self._response = response
        self._calls = Calls(session, id, response, tools)
        self._writing = Writing(session, response)
        self._tools = tools
        self.children: dict[str, Child] = {}

    # --- what was asked

    @property
    def participant(self) -> str:
        """Who is to be answered."""
        asked = self.session.state.turns.get(self.id)
        return asked.participant if asked is not None else ""

    @property
    def text(self) -> str:
        """The words of the turn: typed, or transcribed."""
        return words_of(self.session.state, self.id)

    @property
    def history(self) -> list[Said]:
        """The conversation so far, this turn included."""
        attached = self.session.attached
        return history_of(self.session.state, attached.participant if attached is not None else "")

    @property
    def audience(self) -> tuple[Attendee, ...]:
        """Everybody but agents who is there: by text or by voice, and whether they attend."""
        return audience(self.session.state)

    @property
    def briefing(self) -> str:
        """What the person left who answered before and handed back, and what they promised, each on a line of its own
        ("": nobody did, or nothing was said)."""
        return briefing_of(self.session.state)

    @property
    def helped(self) -> list[Help]:
        """The last stretches in which people answered, oldest first: who, from when until when, what they left to
        know, what they promised, and which tools ran meanwhile."""
        return list(self.session.state.helped)

    @property
    def whispers(self) -> list[str]:
        """What operators whispered to the agent lately, oldest first: directions that the user is not shown."""
        attached = self.session.attached
        return whispers_of(self.session.state, attached.participant if attached is not None else "")

    @property
    def again(self) -> str:
        """The answer that somebody wants another one than ("": it is the first). `history` holds it no more."""
        asked = self.session.state.turns.get(self.id)
        return asked.again if asked is not None else ""

    @property
    def paused(self) -> bool:
        """Whether somebody paused the answer: `say` and `call` wait until it goes on, and no more words leave."""
        return self._writing.paused

    # --- what is answered

    async def say(self, words: str) -> None:
        """Add words to the answer: text for those who read, speech for those who listen."""
        await self._writing.add(words, "text")

    async def think(self, words: str) -> None:
        """Add reasoning: shown folded, never spoken."""
        await self._writing.add(words, "reasoning")

    async def speak(self, sound: AsyncIterable[bytes], *, rate: int = 24_000, text: str = "") -> None:
        """Say something with a voice of the agent's own: PCM (s16 mono, at `rate`), with its words in `text` for
        those who read. It may come faster than real time, and goes on over broken connections and dead nodes.
        Returns when the hub has all of it, or somebody stopped it."""
        await self._writing.end()
        await self._writing.unpaused()
        await self._writing.begin(brought=True)
        message = self._writing.message
        work = bring(self.session, message, sound, rate, zlib.crc32(message.encode()))
        bringing = asyncio.ensure_future(work)
        try:
            await self._writing.add(text, "text")
            await self._writing.settle()
            await bringing
        finally:
            bringing.cancel()
        await self._writing.end()

    async def show(self, part: Part) -> None:
        """Add a whole part: data, an image, a file."""
        await self._writing.show(part)

    def child(self, title: str) -> Child:
        """A part of the answer, to be opened as a context: `async with turn.child("flights") as part`. Several may be
        open at once."""
        return Child(self.session, self.id, (self._response,), title, self._tools, self.children)

    async def call(self, name: str, /, **arguments: Any) -> Any:
        """Call a tool of the agent; the call and its result stand in the log. What a worker before this one did in
        the turn is not done again: its result is returned. None if a person said that it was done when nobody knew.
        Raises `ToolFailed`; outcome `unknown`: a call that is not idempotent was running when its worker died, and
        nobody said what became of it."""
        await self._writing.end()
        await self._writing.unpaused()
        return await self._calls.call(name, arguments)

    async def progress(self, text: str = "", *, step: int = 0, steps: int = 0, eta_s: float = 0.0) -> None:
        """Say how far the answer is, in words, as `step` of `steps`, and in how many seconds it may be done: shown
        beside the agent's name, never spoken. Each call says all of it anew."""
        await self.session.do(progressed(self._response, text, step, steps, eta_s))

    async def usage(self, *, tokens_in: int = 0, tokens_out: int = 0, seconds: float = 0.0) -> None:
        """Report what your models used since the last report. Where the session has a budget, words and calls beyond
        it are `Refused` (`budget_exhausted`) from then on, and the answer ends there."""
        ms = round(1000 * seconds)
        await self.session.do(
            c.ReportUsage(response=self._response, tokens_in=tokens_in, tokens_out=tokens_out, ms=ms)
        )

    async def handover(self, to: str, briefing: str = "") -> None:
        """Let another agent answer this turn, and those that follow: it finds `briefing` in `turn.briefing`. What was
        said stands. Return after it: nothing more can be said here. Raises `Refused`."""
        await self._writing.end()
        await self.session.do(c.HandOver(to=to, briefing=briefing))
        self._over = True

    async def end(self, reason: str = "") -> None:
        """End the answer, then the session for everybody, for good. What was said stands. Return after it: nothing more
        can be said here. Raises `Refused`."""
        await self.finish("finished")
        self._over = True
        await self.session.end(reason)

    async def halted(self) -> None:
        """What was said before a pause is in the log, and nothing follows it."""
        await asyncio.gather(self._writing.halted(), *(each.halted() for each in self.children.values()))

    def resumed(self) -> None:
        """What waited for the end of a pause leaves, though the handler may be at something else."""
        self._writing.resumed()
        for child in self.children.values():
            child.resumed()

    async def ask_for_human(self, reason: str, skill: str = "", *, priority: int = 0) -> None:
        """Put the session into the queue of operators; the agent goes on answering until one takes over. Asked again
        while the first request stands, nothing happens. `priority` is 0 to 9."""
        if self.session.state.asking is None:
            await self.session.ask_for_human(reason, skill, priority=priority)

    # --- how it ends (the engagement's)

    async def finish(self, outcome: Literal["finished", "cancelled", "failed"], reason: str = "") -> None:
        """End what is open, unless another agent has it, or the session ended."""
        if self._over:
            return
        end = c.EndResponse(response=self._response, outcome=outcome, reason=reason)
        if outcome == "finished" and self._writing.leaving and not budgeted(self.session.state):
            # Whoever says it aloud need not wait for the last words to be acknowledged. A budget may refuse them.
            await asyncio.gather(self.session.begin(end), self._writing.settle())
            await self._writing.drop()
            return
        if outcome == "finished":
            await self._writing.settle()
        await self._writing.drop()
        await self.session.do(end)
