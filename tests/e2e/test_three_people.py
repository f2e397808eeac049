"""Three people in three browsers and an agent, in one voice session: each hears the others and not themself, and one
transcript says who said what."""

from __future__ import annotations

import asyncio
import os
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

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
from tests.support.sweep import RECORD, played

pytestmark = [pytest.mark.e2e, pytest.mark.voice, pytest.mark.timeout(240)]

PITCHES: Final = (450.0, 700.0, 1_100.0)
AGENT: Final = 1_700.0
SENTENCES: Final = (
    "I would like to buy a violin.",
    "My brother plays the trumpet.",
    "Where is the railway station?",
)
KNOWN_BY: Final = ("violin", "trumpet", "station")

LOUD: Final = 400.0
"""Amplitude of a pitch that is heard, of 32 767: a mix of others, coded twice."""

SECONDS: Final = 60.0
"""What a machine that does a lot else may take."""

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
            reader = Reader(
                await stack.enter_async_context(opened(browser, hub.url + session, script=script))
            )
            await reader.live()
            if not people:
                await reader.agent_here()
                await reader.say("thanks")  # who has said something is not greeted aloud
                await reader.quiet()
            people.append(reader)
        for reader in people:
            await reader.page.click("[data-voice]")
            await reader.until(
                "legatoVoice.current.microphone === 'open' && legatoVoice.output.ready", SECONDS
            )
            await reader.page.evaluate("() => legatoVoice.microphone.mute(true)")
            await reader.page.evaluate(RECORD)
        yield people
        for reader in people:
            assert reader.tab.errors == []


async def unmuted(*people: Reader) -> None:
    for reader in people:
        await reader.page.evaluate("() => legatoVoice.microphone.mute(false)")


async def muted(*people: Reader) -> None:
    for reader in people:
        await reader.page.evaluate("() => legatoVoice.microphone.mute(true)")


async def heard_now(reader: Reader, pitches: Sequence[float]) -> set[float]:
    """Which of the pitches the last half second had."""
    newest = (await played(reader.page))[-RATE // 2 :]
    return {hertz for hertz in pitches if newest.size == RATE // 2 and strength(newest, hertz) > LOUD}


async def comes_to_hear(reader: Reader, pitches: Sequence[float]) -> None:
    """Wait until these, and no other ones, are heard."""
    heard: set[float] = set()
    try:
        async with asyncio.timeout(SECONDS):
            while heard != set(pitches):
                await asyncio.sleep(0.2)
                heard = await heard_now(reader, (*PITCHES, AGENT))
    except TimeoutError:
        raise AssertionError(f"{pitches} were to be heard, and {heard} were") from None


async def toning(url: str, ticket: str, seconds: float) -> None:
    """An agent says its tone."""
    pcm = tone(AGENT, seconds).tobytes()

    async def pieces() -> AsyncIterator[bytes]:
        yield pcm

    async with legato.Client(url, ticket=ticket, device="agent") as agent:
        message = agent.new_id("m")
        await agent.do(c.AcceptSession(right="worker:toner", worker=agent.new_id("k")))
        await agent.do(c.StartMessage(message=message))
        await agent.do(c.GrowMessage(message=message, index=0, text="A tone."))
        await bring(agent, message, pieces(), RATE, 7)
        await agent.do(c.EndMessage(message=message))


async def test_each_hears_the_others_and_the_agent_and_never_themself(tmp_path: Path) -> None:
    files = [write_wav(tmp_path / f"{hertz:.0f}.wav", tone(hertz, 2.0, 0.2)) for hertz in PITCHES]
    async with (
        running("demo", "--ears", "auto", "--voice", "espeak") as hub,
        together(hub, files, AS_IT_IS) as people,
    ):
        await unmuted(*people)
        for reader, own in zip(people, PITCHES, strict=True):
            await comes_to_hear(reader, [each for each in PITCHES if each != own])
        await muted(people[0])
        await comes_to_hear(people[1], PITCHES[2:])
        await comes_to_hear(people[2], PITCHES[1:2])
        await muted(*people)
        for reader in people:
            await comes_to_hear(reader, [])
        signer = await signer_here(hub.folder, os.environ)
        await toning(hub.url, ticket_for(signer, people[0].session, "p_toner", "agent"), SECONDS)
        for reader in people:
            await comes_to_hear(reader, [AGENT])


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
            await reader.until("Object.keys(legato.view.state.turns).length === 0", SECONDS)
            spoken = await reader.page.evaluate(f"() => {SPOKEN}")
            for name, word in zip(names, KNOWN_BY, strict=True):
                assert {each["by"] for each in spoken if word in each["text"]} == {name}
            for other in set(names) - {await reader.page.evaluate("legato.view.participant")}:
                await reader.says(f"Guest {other.removeprefix('p_')[:4]}")
            await reader.says("You")


SPOKEN: Final = """Object.values(legato.view.state.entries).filter((one) => one.spoken)
  .map((one) => ({ by: one.by, text: one.parts.map((part) => part.text ?? "").join("").toLowerCase() }))"""
"""What people said aloud, as the page has it."""
