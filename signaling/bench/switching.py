"""`switch_to_text_ms`, `switch_to_voice_ms`: somebody who is told a story reads on in mid sentence, and listens again.

What the log says was heard, what was shown and what the voice was asked to say next are put together: every word of the
story once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import legato
from legato.session import events as e
from legato.session.commands import CancelResponse
from legato.session.events import Event, Unknown
from legato.session.state import Message
from media.opus import SILENCE
from signaling.bench.crowd import quiet_frames
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.person import Person, on_the_phone, wall
from signaling.bench.rig import Child, Rig
from signaling.bench.speech_service import SpeechService

STORY: Final = "tell me a story"
SENTENCES: Final = 4_000
SENTENCE_S: Final = 0.05
SWITCH_MS: Final = 100
PEOPLE: Final = 4
PATIENCE_S: Final = 15.0
FIRST: Final = 930_000
REST_S: Final = 0.5

NewSession = Callable[[Rig, Child], Coroutine[Any, Any, str]]


async def tell_story(turn: legato.Turn) -> None:
    """The agent's side: a sentence each 50 ms, until nobody needs it any more."""
    for number in range(SENTENCES):
        await turn.say(f"Part {number} is told. ")
        await asyncio.sleep(SENTENCE_S)


@dataclass
class _Ear:
    """What comes to one person. `shown`: when the log had it that the rest is read; `read`: how many characters of what
    is said the log had when it had it that the person listens again."""

    last_frame: float = 0.0
    first_frame: float = 0.0
    shown: float = 0.0
    read: int = 0
    written: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, frame: bytes, at: float) -> None:
        if frame != SILENCE:
            self.first_frame = self.first_frame or at
            self.last_frame = at
            self.news.set()

    def events(self, events: Sequence[Event | Unknown]) -> None:
        for event in events:
            if isinstance(event, e.MessageStarted):
                self.written = 0
            elif isinstance(event, e.MessageGrown):
                self.written += len(event.text)
            elif isinstance(event, e.ModalityChanged) and "audio" in event.takes:
                self.read = self.written
        if any(isinstance(event, e.SpeechShown) for event in events):
            self.shown = wall()
            self.news.set()

    async def until(self, what: str) -> float:
        async with asyncio.timeout(PATIENCE_S):
            while not getattr(self, what):
                self.news.clear()
                await self.news.wait()
        return float(getattr(self, what))


@dataclass
class _Found:
    to_text: list[float] = field(default_factory=list)
    to_voice: list[float] = field(default_factory=list)
    wrong: int = 0


async def measure_switching(
    rig: Rig, node: Child, service: SpeechService, new_session: NewSession, times: int
) -> list[Result]:
    """The figures of one run."""
    to_text = Figure("switch_to_text_ms", "ms", bars=(Bar(90, SWITCH_MS),))
    to_voice = Figure("switch_to_voice_ms", "ms", bars=(Bar(90, SWITCH_MS),))
    each = -(-times // PEOPLE)
    wrong = 0
    for number in range(PEOPLE):
        found = _Found()
        session = await new_session(rig, node)
        url = f"http://127.0.0.1:{node.port}"
        async with on_the_phone(url, session, rig.ticket(session, "p_ada"), FIRST + number) as person:
            listening = asyncio.create_task(person.listen(quiet_frames()))
            await _switches(person, service, Random(number), each, found)
            listening.cancel()
        to_text.samples += found.to_text
        to_voice.samples += found.to_voice
        wrong += found.wrong
    return [to_text, to_voice, Value("switch_words_wrong", wrong, 0)]


async def _switches(
    person: Person, service: SpeechService, random: Random, times: int, found: _Found
) -> None:
    client = person.client
    client.signal("output_ready", {"ready": True})
    async with _ear(person) as ear:
        for _ in range(times):
            await client.say(STORY)
            await ear.until("first_frame")
            await asyncio.sleep(REST_S + random.random())
            began = wall()
            await client.switch_to("text")
            await ear.until("shown")
            await asyncio.sleep(REST_S)
            found.to_text.append(1000 * (max(ear.shown, ear.last_frame) - began))
            story = _story(client)
            read = story.read.get("p_ada", -1)
            heard = story.heard.get("p_ada", 0)
            ear.first_frame = ear.shown = 0.0
            asked, began = len(service.asked), wall()
            await client.switch_to("voice")
            first = await ear.until("first_frame")
            said, took = [text for text, _, _ in service.asked[asked:]], service.asked[asked][2]
            found.to_voice.append(1000 * (first - began - took))
            found.wrong += read != heard or not whole(_text(_story(client)), heard, ear.read, said)
            await client.do(CancelResponse(response=story.response))
            await client.until(lambda state: not state.responses, PATIENCE_S)
            await asyncio.sleep(REST_S)
            ear.first_frame = 0.0


def whole(text: str, heard: int, read: int, said: Sequence[str]) -> bool:
    """Whether what was heard of the text (characters), then read, then said makes it word by word, none twice and none
    missing, up to the last that was said."""
    words = f"{text[:heard]}{text[heard:read]} {' '.join(said)}".split()
    return words == text.split()[: len(words)]


def _story(client: legato.Client) -> Message:
    """The newest."""
    return next(
        entry
        for entry in reversed(client.state.entries.values())
        if isinstance(entry, Message) and _text(entry).startswith("Part 0")
    )


def _text(message: Message) -> str:
    return "".join(part.text for part in message.parts)


@asynccontextmanager
async def _ear(person: Person) -> AsyncIterator[_Ear]:
    ear = _Ear()
    person.hears.append(ear.heard)
    person.client.on.events.append(ear.events)
    yield ear
    person.hears.remove(ear.heard)
    person.client.on.events.remove(ear.events)
