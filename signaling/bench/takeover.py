"""`bench takeover`: an operator takes a call over in mid speech and hands it back; somebody stops an agent.

The agent brings numbered frames, and so does the operator, from another number on: what a caller hears tells who spoke
it. *Armed*, the operator's call stands, in the stance `monitor`, and sends no sound until the click, not even silence;
*unarmed* there is none yet. Takeovers take turns, so that none of them waits for another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from random import Random
from typing import Final

from legato.client import Client
from legato.session import commands as c
from legato.session import events as e
from legato.session.events import Event, Role, Unknown
from media.opus import SILENCE
from signaling.bench.agent_speech import speaks_again
from signaling.bench.crowd import quiet_frames
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.person import FRAME_S, LOUD_DBOV, SILENT_DBOV, Person, on_the_phone, wall
from signaling.bench.pilots import number_of, pilot
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig

TAKEOVER_P50_MS: Final = 60
TAKEOVER_P90_MS: Final = 120
GAP_MS: Final = 40
SILENCE_MS: Final = 100
SESSIONS: Final = 6
"""One of them unarmed, after the others: a call that is set up holds up who measures."""

OPERATORS: Final = 100_000
"""The operator's frames are numbered from here on."""

SAYS: Final = 20
EARLIEST: Final = 15
LATEST: Final = 60
QUIET_S: Final = 0.4
CHECK_EACH: Final = 25
"""Frames: half a second."""

PATIENCE_S: Final = 10.0
FIRST: Final = 950_000


@dataclass(slots=True)
class _Way:
    """Into one session. Who has the `turn` measures."""

    rig: Rig
    url: str
    session: str
    turn: asyncio.Lock

    def ticket(self, participant: str, role: Role) -> str:
        return self.rig.ticket(self.session, participant, role)

    def agent(self) -> Client:
        return Client(self.url, ticket=self.ticket("p_agent", "agent"))


@dataclass(slots=True)
class _Found:
    armed: list[float] = field(default_factory=list)
    unarmed: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    silences: list[float] = field(default_factory=list)
    changed: int = 0


@dataclass
class _Caller:
    """What comes to the caller's call, and when."""

    person: Person
    at: list[float] = field(default_factory=list)
    spoken: list[float] = field(default_factory=list)
    numbers: dict[int, float] = field(default_factory=dict)
    calls: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, frame: bytes, at: float) -> None:
        self.at.append(at)
        number = number_of(frame)
        if number is not None:
            self.numbers.setdefault(number, at)
        if frame != SILENCE:
            self.spoken.append(at)
        self.news.set()

    def events(self, events: Sequence[Event | Unknown]) -> None:
        self.calls += sum(isinstance(each, e.VoiceStarted) and self._mine(each) for each in events)

    async def first(self, least: int, most: int) -> float:
        """When the first frame of these numbers came."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = [at for number, at in self.numbers.items() if least <= number < most]
                if found:
                    return min(found)
                self.news.clear()
                await self.news.wait()

    def longest(self, start: float) -> float:
        """The longest time without a frame since then, less the 20 ms that are meant."""
        return _longest(each for each in self.at if each >= start)

    def unspoken(self, start: float, until: float) -> float:
        """The longest time without a frame of anybody's voice between the two, less the 20 ms that are meant."""
        return _longest(each for each in self.spoken if start <= each <= until)

    def _mine(self, event: e.VoiceStarted) -> bool:
        attached = self.person.client.attached
        return attached is not None and attached.attachment == event.attachment


def _longest(times: Iterable[float]) -> float:
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0) - FRAME_S


async def measure_takeover(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run."""
    if not rig.nodes:
        await rig.start_node()
    node = rig.nodes[0]
    plan.says(f"takeover: {plan.takeovers} calls taken over and handed back, as many answers stopped")
    sessions = [f"s_t{rig.rng.getrandbits(80):x}" for _ in range(SESSIONS)]
    await rig.create(sessions)
    found, turn = _Found(), asyncio.Lock()
    ways = [_Way(rig, f"http://127.0.0.1:{node.port}", session, turn) for session in sessions]
    times = -(-plan.takeovers // SESSIONS)
    async with asyncio.TaskGroup() as people:
        for number, way in enumerate(ways[1:], 1):
            people.create_task(_armed_session(way, number, times, found))
    await _unarmed_session(ways[0], 0, times, found)
    return [
        Figure("takeover_ms", "ms", found.armed, bars=(Bar(50, TAKEOVER_P50_MS), Bar(90, TAKEOVER_P90_MS))),
        Figure("takeover_unarmed_ms", "ms", found.unarmed),
        Figure("takeover_gap_ms", "ms", found.gaps, bars=(Bar(99, GAP_MS),)),
        Figure("cancel_silence_ms", "ms", found.silences, bars=(Bar(90, SILENCE_MS),)),
        Value("takeover_calls_changed", found.changed, 0),
    ]


async def _armed_session(way: _Way, number: int, times: int, found: _Found) -> None:
    random = Random(number)
    async with (
        way.agent() as agent,
        on_the_phone(way.url, way.session, way.ticket("p_ada", "user"), FIRST + 10 * number) as person,
        on_the_phone(way.url, way.session, way.ticket("p_olga", "operator"), FIRST + 10 * number + 1) as olga,
        _calling(person) as caller,
        _microphone(person),
        _armed(olga) as mouth,
    ):
        await olga.client.do(c.ChangeStance(stance="monitor"))
        calls = caller.calls
        for stream in range(1, 2 * times + 1, 2):
            await _until_speaking(agent, caller, random, stream)
            async with way.turn:
                clicked = wall()
                taking = olga.client.begin(c.TakeOver())
                mouth.extend(pilot(OPERATORS + each) for each in range(SAYS))
                await taking
                taken = await caller.first(OPERATORS, 2 * OPERATORS)
                found.armed.append(1000 * (taken - clicked))
                await asyncio.sleep(QUIET_S)
                around = clicked - 2 * FRAME_S
                found.gaps.append(1000 * max(caller.longest(around), caller.unspoken(around, taken)))
                found.gaps.append(await _handed_back(olga.client, caller))
            message = await _until_speaking(agent, caller, random, stream + 1)
            found.silences.append(await _stopped(person.client, caller, message))
        found.changed += caller.calls - calls + len(person.sources) - 1


async def _unarmed_session(way: _Way, number: int, times: int, found: _Found) -> None:
    random = Random(number)
    operator = way.ticket("p_olga", "operator")
    async with (
        way.agent() as agent,
        on_the_phone(way.url, way.session, way.ticket("p_ada", "user"), FIRST + 10 * number) as person,
        Client(way.url, ticket=operator) as olga,
        _calling(person) as caller,
        _microphone(person),
    ):
        for stream in range(1, times + 1):
            await _until_speaking(agent, caller, random, stream)
            call = FIRST + 10_000 + 1_000 * number + stream
            async with way.turn:
                clicked = wall()
                taking = olga.begin(c.TakeOver())
                async with (
                    on_the_phone(way.url, way.session, operator, call) as phone,
                    _microphone(phone) as mouth,
                ):
                    mouth.extend(pilot(OPERATORS + each) for each in range(2 * SAYS))
                    await taking
                    found.unarmed.append(1000 * (await caller.first(OPERATORS, 2 * OPERATORS) - clicked))
            await olga.do(c.HandBack())
            await asyncio.sleep(QUIET_S)


async def _until_speaking(agent: Client, caller: _Caller, random: Random, stream: int) -> str:
    """The agent speaks, and is somewhere in this message."""
    caller.numbers.clear()
    caller.at.clear()
    caller.spoken.clear()
    message = await speaks_again(agent, stream)
    await caller.first(random.randrange(EARLIEST, LATEST), OPERATORS)
    await asyncio.sleep(random.random() * FRAME_S)
    return message


async def _handed_back(client: Client, caller: _Caller) -> float:
    """The longest hole around it."""
    clicked = wall()
    caller.at.clear()
    await client.do(c.HandBack())
    await asyncio.sleep(QUIET_S)
    return 1000 * caller.longest(clicked - QUIET_S)


async def _stopped(client: Client, caller: _Caller, message: str) -> float:
    """From the command until the last frame that is no silence has sounded."""
    said = client.state.entries[message]
    clicked = wall()
    await client.do(c.CancelResponse(response=said.response))
    await asyncio.sleep(QUIET_S)
    if not caller.spoken or caller.spoken[-1] < clicked - 3 * FRAME_S:
        raise RuntimeError("nothing was heard of what was stopped")
    return 1000 * max(0.0, caller.spoken[-1] + FRAME_S - clicked)


@asynccontextmanager
async def _calling(person: Person) -> AsyncIterator[_Caller]:
    caller = _Caller(person)
    person.hears.append(caller.heard)
    person.client.on.events.append(caller.events)
    person.client.signal("output_ready", True)
    yield caller


@asynccontextmanager
async def _microphone(person: Person) -> AsyncIterator[deque[bytes]]:
    """What is put into the mouth is said, one frame each 20 ms; else it is silent."""
    room = quiet_frames()
    async with _mouth(person, lambda number: person.say(room[number % len(room)], SILENT_DBOV)) as mouth:
        yield mouth


@asynccontextmanager
async def _armed(person: Person) -> AsyncIterator[deque[bytes]]:
    """What is put into the mouth is said, one frame each 20 ms; else nothing is sent but what keeps a call: checks."""

    def nothing(number: int) -> None:
        if number % CHECK_EACH == 0:
            person.socket.send(person.caller.check())

    async with _mouth(person, nothing) as mouth:
        yield mouth


@asynccontextmanager
async def _mouth(person: Person, unsaid: Callable[[int], object]) -> AsyncIterator[deque[bytes]]:
    mouth = deque[bytes]()

    async def speaking() -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for number in count():
            if mouth:
                person.say(mouth.popleft(), LOUD_DBOV)
            else:
                unsaid(number)
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    work = asyncio.create_task(speaking())
    try:
        yield mouth
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
