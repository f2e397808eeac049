"""`hub_pause_ms`, `heard_error_ms`: an agent speaks, a person talks into it, the hub says how much of it was heard.

The agent brings numbered frames (`signaling.bench.pilots`). The person plays them as a page does: from a jitter buffer,
muted when the hub says so, with a report of what was played five times a second and at once when it falls silent.
A third of the people are on the phone: those say nothing, and play all that comes. What each really played is compared
with what the log says in the end (`heard_settled`, final).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Final

from legato.client import Client
from legato.session import events as e
from legato.session.events import Event, Unknown
from legato.speech import SpeechFailed
from legato.wire import down
from signaling.bench.agent_speech import speaks_again
from signaling.bench.crowd import quiet_frames
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.person import FRAME_S, LOUD_DBOV, Person, on_the_phone, wall
from signaling.bench.pilots import FRAME, number_of
from signaling.bench.plan import Plan
from signaling.bench.rig import Child, Rig
from signaling.bench.utterance import utterance

PAUSE_MS: Final = 100
HEARD_MS: Final = 40
SAID: Final = (
    "Stop please, wait a moment.",
    "Wait, I have another question.",
    "No, that is not what I meant.",
    "Excuse me, can I ask you something?",
    "But I said the other one.",
    "Hold on, please, one moment.",
)
"""Each longer than what counts as a turn without words."""

BUFFER_S: Final = 0.06
REPORT_S: Final = 0.2
EARLIEST: Final = 25
LATEST: Final = 120
"""Frames of the agent's speech after which a person interrupts it."""

SILENT_DBOV: Final = 70
PATIENCE_S: Final = 10.0
FIRST: Final = 910_000
"""Numbers of callers."""


async def measure_barge_in(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run; none where no voice is installed to interrupt with."""
    if not rig.nodes:
        await rig.start_node()
    node = rig.nodes[0]
    try:
        said = [await utterance(text) for text in SAID]
    except SpeechFailed:
        plan.says("voice: interruptions are not measured, for no voice is installed")
        return []
    plan.says(f"voice: {plan.interruptions} interruptions by {plan.interrupters} people")
    pause = Figure("hub_pause_ms", "ms", bars=(Bar(90, PAUSE_MS),))
    mute = Figure("hub_mute_ms", "ms")
    error = Figure("heard_error_ms", "ms", bars=(Bar(90, HEARD_MS),))
    phone = Figure("heard_error_phone_ms", "ms")
    sessions = [f"s_i{rig.rng.getrandbits(80):x}" for _ in range(plan.interrupters)]
    await rig.create(sessions)
    beyond = 0
    async with asyncio.TaskGroup() as people:
        each = -(-plan.interruptions // plan.interrupters)
        works = [
            people.create_task(_interrupts(rig, node, session, FIRST + number, said, each))
            for number, session in enumerate(sessions)
        ]
    for work in works:
        for one in work.result():
            pause.samples.append(one.paused_ms)
            mute.samples.append(one.muted_ms)
            (error if one.reported else phone).samples.append(abs(one.settled - one.played) / 48)
            beyond += one.settled > one.came
    figures = [each for each in (pause, mute, error, phone) if each.samples]
    return [*figures, Value("heard_beyond_sent", beyond, 0)]


@dataclass(frozen=True, slots=True)
class _Interruption:
    """`paused_ms`, `muted_ms`: after the onset. In samples: `played`, what the log `settled`, what `came`. `reported`:
    by a page, which says what it plays and is muted; a phone does neither."""

    paused_ms: float
    muted_ms: float
    played: int
    settled: int
    came: int
    reported: bool


@dataclass
class _Page:
    """The person's page: what it plays of the message that is being said, and what it says in return."""

    person: Person
    reports: bool
    message: str = ""
    mouth: deque[bytes] = field(default_factory=deque)
    came: dict[int, float] = field(default_factory=dict)
    muted_at: float = 0.0
    paused_at: float = 0.0
    onset: float = 0.0
    settled: e.HeardSettled | None = None
    floor_free: bool = True
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self, message: str) -> None:
        self.message, self.came, self.settled = message, {}, None
        self.muted_at = self.paused_at = self.onset = 0.0

    def heard(self, frame: bytes, at: float) -> None:
        """A frame came."""
        number = number_of(frame)
        if number is not None:
            self.came.setdefault(number, at)
        elif self.onset and not self.paused_at and at > self.onset:
            self.paused_at = at
        self.news.set()

    def played(self, at: float) -> int:
        """Samples that were played by then."""
        at = min(at, self.muted_at or at) if self.reports else at
        begun = [number for number, came in self.came.items() if came + BUFFER_S <= at]
        if not begun:
            return 0
        last = max(begun)
        return last * FRAME + min(FRAME, round((at - self.came[last] - BUFFER_S) * 48_000))

    def told(self, envelope: down.Down) -> None:
        """Signals of the hub."""
        if not isinstance(envelope, down.Signals):
            return
        for signal in envelope.signals:
            if signal.get("name") == "mute" and self.onset and not self.muted_at:
                self.muted_at = wall()
                self.report()
            self.news.set()

    def events(self, events: Sequence[Event | Unknown]) -> None:
        for event in events:
            if isinstance(event, e.HeardSettled) and event.message == self.message and event.final:
                self.settled = event
            elif isinstance(event, e.TurnStarted):
                self.floor_free = False
            elif isinstance(event, e.TurnEnded):
                self.floor_free = not self.mouth
        self.news.set()

    def report(self) -> None:
        if self.came and not self.settled and self.reports:
            samples = self.played(wall())
            self.person.client.signal("playout", {"message": self.message, "samples": samples})

    async def reporting(self) -> None:
        """What a page does five times a second."""
        while True:
            await asyncio.sleep(REPORT_S)
            if not self.muted_at:
                self.report()

    async def speaking(self) -> None:
        """The microphone: what is to be said, else a quiet room."""
        loop, room, number = asyncio.get_running_loop(), quiet_frames(), 0
        due = loop.time()
        while True:
            if self.mouth:
                left = self.person.say(self.mouth.popleft(), LOUD_DBOV)
                self.onset = self.onset or left
            else:
                self.person.say(room[number % len(room)], SILENT_DBOV)
            number += 1
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def until(self, what: str) -> None:
        """Wait until an attribute says yes."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not getattr(self, what):
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            came = f"{len(self.came)} frames of {self.message} had come"
            raise TimeoutError(f"not `{what}` within {PATIENCE_S:.0f} s; {came}") from None

    async def until_frame(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while number not in self.came:
                self.news.clear()
                await self.news.wait()


async def _interrupts(
    rig: Rig, node: Child, session: str, number: int, said: Sequence[Sequence[bytes]], times: int
) -> list[_Interruption]:
    random = Random(number)
    url = f"http://127.0.0.1:{node.port}"
    found: list[_Interruption] = []
    async with (
        Client(url, ticket=rig.ticket(session, "p_agent", "agent")) as agent,
        on_the_phone(url, session, rig.ticket(session, "p_ada"), number) as person,
        _page(person, reports=number % 3 > 0) as page,
    ):
        person.client.signal("output_ready", {"ready": True})
        for stream in range(1, times + 1):
            page.begin(await speaks_again(agent, stream))
            await page.until_frame(random.randrange(EARLIEST, LATEST))
            await asyncio.sleep(random.random() * FRAME_S)
            page.mouth.extend(said[(number + stream) % len(said)])
            await page.until("paused_at")
            await page.until("muted_at")
            await page.until("settled")
            assert page.settled is not None
            pause, mute = page.paused_at - page.onset, page.muted_at - page.onset
            came = (max(page.came) + 1) * FRAME
            played = page.played(wall())
            settled = page.settled.samples
            found.append(_Interruption(1000 * pause, 1000 * mute, played, settled, came, page.reports))
            await page.until("floor_free")
    return found


@asynccontextmanager
async def _page(person: Person, *, reports: bool) -> AsyncIterator[_Page]:
    page = _Page(person, reports)
    person.hears.append(page.heard)
    person.client.on.told.append(page.told)
    person.client.on.events.append(page.events)
    works = [asyncio.create_task(work) for work in (page.reporting(), page.speaking())]
    try:
        yield page
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
