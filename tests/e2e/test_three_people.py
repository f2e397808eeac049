"""Three people in three browsers and an agent, in one voice session: each hears the others and not themself, and one
transcript says who said what."""

from __future__ import annotations

import asyncio
import base64
import os
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

import legato
from legato.agent.voice import bring
from legato.session import commands as c
from media.engines.openai import wav
from signaling.cli.tickets import signer_here
from tests.e2e.minting import ticket_for
from tests.support.chromium import launched, opened
from tests.support.page import Reader
from tests.support.processes import Tree, running
from tests.support.sound import RATE, strength, tone, write_wav
from tests.support.spoken import silence, speech_pcm

pytestmark = [pytest.mark.e2e, pytest.mark.voice, pytest.mark.timeout(400)]

PITCHES: Final = (450.0, 700.0, 1_100.0)
AGENT: Final = 1_700.0
SENTENCES: Final = (
    "I would like to buy a violin.",
    "My brother plays the trumpet.",
    "Where is the railway station?",
)
KNOWN_BY: Final = ("violin", "trumpet", "station")

TONE_S: Final = 8.0

LOUD: Final = 400.0
"""Amplitude of a pitch that is heard, of 32 767: a mix of others, coded twice."""

NOBODY: Final = "http://127.0.0.1:9"
"""A service that understands nothing: the demo's agent is not to answer tones."""

CLOSED: Final = "status of 401"
"""What a page asked over a connection that a hub without processors had just closed: it asks again."""

SECONDS: Final = 90.0
"""What a machine that does a lot else may take."""

LISTEN: Final = """() => {
  const { context } = legatoVoice.output;
  globalThis.newest = new AnalyserNode(context, { fftSize: 32768 });
  legatoVoice.output.tap(newest);
}"""
"""Lets a page that has `legatoVoice` be asked for what it played in the last two thirds of a second."""

NEWEST: Final = """() => {
  const samples = new Float32Array(newest.fftSize);
  newest.getFloatTimeDomainData(samples);
  const bytes = new Uint8Array(Int16Array.from(samples, (one) => Math.max(-1, Math.min(1, one)) * 32767).buffer);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""

AS_IT_IS: Final = """(() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const off = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  navigator.mediaDevices.getUserMedia = ({ audio }) => ask({ audio: { ...audio, ...off } });
})()"""
"""A browser takes a tone for noise, and suppresses it."""


@asynccontextmanager
async def together(hub: Tree, microphones: Sequence[Path], script: str = "") -> AsyncIterator[list[Reader]]:
    """Each in a browser of their own, all in one session and muted; what they hear is recorded."""
    async with AsyncExitStack() as stack:
        people: list[Reader] = []
        for microphone in microphones:
            browser = await stack.enter_async_context(launched(microphone))
            session = f"#{people[0].session}" if people else ""
            tab = await stack.enter_async_context(opened(browser, hub.url + session, script=script))
            reader = Reader(tab, patience_s=SECONDS)
            await reader.live()
            if not people:
                await reader.agent_here()
                await reader.say("thanks")  # who has said something is not greeted aloud
                await reader.quiet()
            people.append(reader)
        for reader in people:
            await reader.page.click("[data-voice]")
            await reader.until(
                "legatoVoice.current.state === 'live' && legatoVoice.current.microphone === 'open'"
                " && legatoVoice.output.ready",
                SECONDS,
            )
            await reader.page.evaluate("() => legatoVoice.microphone.mute(true)")
            await reader.page.evaluate(LISTEN)
        yield people
        for reader in people:
            assert [each for each in reader.tab.errors if CLOSED not in each] == []


async def unmuted(*people: Reader) -> None:
    for reader in people:
        await reader.page.evaluate("() => legatoVoice.microphone.mute(false)")


async def muted(*people: Reader) -> None:
    for reader in people:
        await reader.page.evaluate("() => legatoVoice.microphone.mute(true)")


async def heard_now(reader: Reader) -> set[float]:
    """Which of the pitches the last half second had."""
    newest = np.frombuffer(base64.b64decode(await reader.page.evaluate(NEWEST)), dtype=np.int16)
    return {hertz for hertz in (*PITCHES, AGENT) if strength(newest, hertz) > LOUD}


@dataclass
class Expected:
    """What somebody is to hear, and what they heard last."""

    reader: Reader
    pitches: set[float]
    heard: set[float] = field(default_factory=set)


async def come_to_hear(*expected: tuple[Reader, set[float]]) -> None:
    """Wait until each has heard these pitches, and no other ones."""
    missing = [Expected(reader, pitches) for reader, pitches in expected]
    try:
        async with asyncio.timeout(SECONDS):
            while missing:
                await asyncio.sleep(0.25)
                for one in missing:
                    one.heard = await heard_now(one.reader)
                missing = [one for one in missing if one.heard != one.pitches]
    except TimeoutError:
        told = [(sorted(one.pitches), sorted(one.heard)) for one in missing]
        raise AssertionError(f"to be heard, and heard: {told}") from None


def heard_by_all(message: str, state: Any) -> bool:
    """Each has heard it to its end."""
    heard = state.entries[message].heard
    return len(heard) == len(PITCHES) and min(heard.values()) == len("A tone.")


async def toning(url: str, ticket: str) -> None:
    """An agent says its tone, again and again until it is cancelled: who was cut off meanwhile hears a later one."""
    pcm = tone(AGENT, TONE_S).tobytes()

    async def pieces() -> AsyncIterator[bytes]:
        yield pcm

    async with legato.Client(url, ticket=ticket, device="agent") as agent:
        worker = agent.new_id("k")
        while True:
            try:
                await agent.do(c.AcceptSession(right="worker:toner", worker=worker))
                await say_it(agent, pieces())
            except legato.Refused as refused:
                if refused.refusal.reason != "stale_token":
                    raise
                # It was given up for dead, on a machine that has too much to do: it takes the session once more.


async def say_it(agent: legato.Client, sound: AsyncIterator[bytes]) -> None:
    """Say the tone, and wait for as long as all should need to hear it."""
    message = agent.new_id("m")
    await agent.do(c.StartMessage(message=message), c.GrowMessage(message=message, index=0, text="A tone."))
    await bring(agent, message, sound, RATE, 7)
    await agent.do(c.EndMessage(message=message))
    with suppress(TimeoutError):
        async with asyncio.timeout(2 * TONE_S):
            await agent.until(partial(heard_by_all, message))


async def test_each_hears_the_others_and_the_agent_and_never_themself(tmp_path: Path) -> None:
    files = [write_wav(tmp_path / f"{hertz:.0f}.wav", tone(hertz, 2.0, 0.2)) for hertz in PITCHES]
    async with (
        running("demo", "--ears", "openai", "--voice", "espeak", OPENAI_BASE_URL=NOBODY) as hub,
        together(hub, files, AS_IT_IS) as people,
    ):
        await unmuted(*people)
        await come_to_hear(
            *((reader, {*PITCHES} - {own}) for reader, own in zip(people, PITCHES, strict=True))
        )
        await muted(people[0])
        await come_to_hear((people[1], {PITCHES[2]}), (people[2], {PITCHES[1]}))
        await muted(*people)
        await come_to_hear(*((reader, set()) for reader in people))
        signer = await signer_here(hub.folder, os.environ)
        agent = ticket_for(signer, people[0].session, "p_toner", "agent")
        async with asyncio.TaskGroup() as group:
            toner = group.create_task(toning(hub.url, agent))
            await come_to_hear(*((reader, {AGENT}) for reader in people))
            toner.cancel()


async def test_one_transcript_says_who_said_what(tmp_path: Path) -> None:
    files = [tmp_path / f"{word}.wav" for word in KNOWN_BY]
    for file, text in zip(files, SENTENCES, strict=True):
        pcm = await asyncio.to_thread(speech_pcm, text)
        file.write_bytes(wav(array("h", pcm).tobytes() + silence(4_000), RATE))
    async with running("demo", "--ears", "auto", "--voice", "espeak") as hub, together(hub, files) as people:
        for reader, word in zip(people, KNOWN_BY, strict=True):
            await unmuted(reader)
            await reader.until(
                f"{SPOKEN}.some(({{ by, text }}) => by === legato.view.participant && text.includes('{word}'))",
                90,
            )
            await muted(reader)
        names = [await reader.page.evaluate("legato.view.participant") for reader in people]
        for reader in people:
            for name, word in zip(names, KNOWN_BY, strict=True):
                said_by = f"{SPOKEN}.filter(({{ text }}) => text.includes('{word}')).map(({{ by }}) => by)"
                await reader.until(f"{said_by}.length > 0", SECONDS)
                assert {*await reader.page.evaluate(said_by)} == {name}
            for other in set(names) - {await reader.page.evaluate("legato.view.participant")}:
                await reader.says(f"Guest {other.removeprefix('p_')[:4]}")
            await reader.says("You")


SPOKEN: Final = """Object.values(legato.view.state.entries).filter((one) => one.spoken)
  .map((one) => ({ by: one.by, text: one.parts.map((part) => part.text ?? "").join("").toLowerCase() }))"""
"""What people said aloud, as the page has it."""
