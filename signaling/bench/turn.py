"""`bench turn`: a spoken question and a spoken answer, stage by stage; and how soon an answer changes its way.

A node whose engines are a service of known speed, an agent that needs no time to think, people on the phone who each
ask when it suits them: asked in step, their turns would end in the same instant, each time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import aiohttp

import legato
from legato.session import events as e
from legato.session.actors import WORKER
from legato.session.events import Event, Unknown
from legato.session.state import Right, State
from legato.session.tickets import ANY_SESSION
from legato.speech import SpeechFailed
from media.turns import SILENCE
from signaling.bench.crowd import quiet_frames
from signaling.bench.figures import Bar, Figure, Result
from signaling.bench.person import LOUD_DBOV, SILENT_DBOV, on_the_phone
from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig
from signaling.bench.speech_service import SpeechService, speech_service
from signaling.bench.switching import STORY, measure_switching, tell_story
from signaling.bench.utterance import utterance

AGENT: Final = "quick"
ASKED: Final = "Where is my order, please?"
HUB_MS: Final = 60
PEOPLE: Final = 4
PATIENCE_S: Final = 15.0
LULL: Final = 50
"""Frames before a question, at most."""

FIRST: Final = 920_000
STAGES: Final[tuple[e.Mark, ...]] = (
    *("end_of_speech", "end_of_turn", "transcript_final", "first_word"),
    *("first_audio_in", "first_audio_out", "heard"),
)


async def measure_turn(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run; none where no voice is installed to ask with."""
    try:
        said = await utterance(ASKED)
    except SpeechFailed:
        plan.says("turn: not measured, for no voice is installed")
        return []
    async with speech_service() as service:
        os.environ["OPENAI_BASE_URL"] = service.url
        node = await rig.start_node(engines="openai")
        async with _agent(rig, node):
            plan.says(f"turn: {plan.turns} questions and answers")
            results = await _conversations(rig, node, service, said, plan.turns)
            plan.says(f"turn: {plan.switches} times from voice to text and back")
            return [*results, *await measure_switching(rig, node, service, new_session, plan.switches)]


@asynccontextmanager
async def _agent(rig: Rig, node: Child) -> AsyncIterator[None]:
    agent, ready = legato.Agent(AGENT), asyncio.Event()

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        if turn.text == STORY:
            await tell_story(turn)
        else:
            await turn.say(f"Answer to {turn.text}.")

    ticket = rig.ticket(ANY_SESSION, f"p_{AGENT}", "agent")
    work = asyncio.create_task(agent.work(f"http://127.0.0.1:{node.port}", ticket=ticket, ready=ready))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ready.wait()
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@dataclass
class _Turn:
    """One turn as the log has it: its words, and ms after the end of speech by mark."""

    text: str = ""
    marks: dict[e.Mark, int] = field(default_factory=dict)


@dataclass
class _Log:
    """The turns of one session. Their first audio at the phone is told by `frames`."""

    turns: dict[str, _Turn] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def events(self, events: Sequence[Event | Unknown]) -> None:
        for event in events:
            if isinstance(event, e.TurnMarked):
                self.turns.setdefault(event.turn, _Turn()).marks[event.mark] = event.at_ms
            elif isinstance(event, e.MessagePosted) and event.spoken is not None:
                self.turns.setdefault(event.turn, _Turn()).text = event.parts[0].text
        self.news.set()

    async def heard(self, number: int) -> None:
        """Wait for the answers to so many turns."""
        async with asyncio.timeout(PATIENCE_S):
            while sum("heard" in turn.marks for turn in self.turns.values()) < number:
                self.news.clear()
                await self.news.wait()


async def _conversations(
    rig: Rig, node: Child, service: SpeechService, said: Sequence[bytes], times: int
) -> list[Result]:
    each = -(-times // PEOPLE)
    async with asyncio.TaskGroup() as people:
        works = [people.create_task(_asks(rig, node, FIRST + n, said, each)) for n in range(PEOPLE)]
    turns = [turn for work in works for turn in work.result()]
    stages = [Figure(f"turn_{stage}_ms", "ms") for stage in STAGES[1:]]
    own = Figure("turn_hub_ms", "ms", bars=(Bar(90, HUB_MS),))
    engines = Figure("turn_engines_ms", "ms")
    for turn in turns:
        if "heard" not in turn.marks:
            continue
        steps = [turn.marks[b] - turn.marks[a] for a, b in pairwise(STAGES)]
        for figure, step in zip(stages, steps, strict=True):
            figure.samples.append(step)
        number = int(turn.text.split()[-1])
        # The ears are done before the turn is over: they began at the end of the utterance.
        voice = 1000 * service.spoken_s[number]
        own.samples.append(turn.marks["first_audio_out"] - SILENCE - voice)
        engines.samples.append(voice + 1000 * service.heard_s[number])
    return [*stages, own, engines]


async def _asks(rig: Rig, node: Child, number: int, said: Sequence[bytes], times: int) -> list[_Turn]:
    """Ask so many times, each when the answer before was heard."""
    url, log, room = f"http://127.0.0.1:{node.port}", _Log(), quiet_frames()
    session = await new_session(rig, node)
    async with on_the_phone(url, session, rig.ticket(session, "p_ada"), number) as person:
        person.client.on.events.append(log.events)
        person.client.signal("output_ready", {"ready": True})
        await person.client.until(lambda state: bool(_holder(state)), PATIENCE_S)
        for asked in range(1, times + 1):
            await person.speak(room[: rig.rng.randrange(LULL)], SILENT_DBOV)
            await person.speak(said, LOUD_DBOV)
            listening = asyncio.create_task(person.listen(room))
            await log.heard(asked)
            listening.cancel()
            await person.speak(room, SILENT_DBOV)  # the answer's end
    return list(log.turns.values())


def _holder(state: State) -> str:
    """Who has the agent's right."""
    return state.rights.get(WORKER + AGENT, Right(0)).holder


async def new_session(rig: Rig, node: Child) -> str:
    """A session of the agent's."""
    session = f"s_t{rig.rng.getrandbits(80):x}"
    headers = {"Authorization": f"Bearer {rig.ticket(ANY_SESSION, 'p_bench', 'supervisor')}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        asked = {"session": session, "labels": {"agent": AGENT}}
        async with http.post(f"http://127.0.0.1:{node.port}/v1/sessions", json=asked) as answer:
            answer.raise_for_status()
    return session
