"""`heard_error_page_ms`: somebody talks into what an agent says, and the log says how much of it was heard.

Real Chromium, the demo's page, a hub as it is served. What the agent says is a tone that rises
(`signaling.bench.sweep`), brought as sound; the microphone hears sentences at no fixed distance, and the agent begins
when it suits it. What the page really played is read from the last samples that left its graph: the moment of the tone
at the last loud one. It is compared with what the log says in the end (`heard_settled`, final). Where the page called
anew meanwhile nothing is compared, for what sounded last need not have been cut then.
"""

from __future__ import annotations

import array
import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, Final

from legato.agent.voice import bring
from legato.client import Client
from legato.errors import Refused
from legato.session import commands as c
from legato.session import events as e
from legato.session.events import Event, Unknown
from legato.speech import SpeechFailed
from media.engines.openai import wav
from signaling.bench.agent_speech import has_session
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.first_audio import PATIENCE_S, chromium_with_sound, hub_with_pages, ticket_of
from signaling.bench.page_barge_in import talking
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig
from signaling.bench.sweep import last_moment, sweep
from signaling.bench.utterance import RATE, utterance_pcm
from signaling.bench.voice_barge_in import HEARD_MS, SAID
from signaling.serve import Serving

MOST_TRIES: Final = 4
"""Times that somebody is given the chance to interrupt, for each that is wanted."""

SENTENCES: Final = 3
SPEECH_S: Final = 12.0
SHORTEST_S, LONGEST_S = 2.0, 3.5
"""Between two sentences."""

LATEST_S: Final = 1.0
"""The agent begins within this of the last interruption's being settled."""

LOOKAHEAD: Final = 312
"""Samples by which an Opus encoder's sound is late."""

SPEECH: Final = sweep(SPEECH_S)
STREAM: Final = 1

TAP: Final = """async () => {
  const { output } = legatoVoice;
  await output.context.audioWorklet.addModule("/bench/tail.js");
  globalThis.tail = new AudioWorkletNode(output.context, "tail");
  output.tap(tail);
}"""
CLEAR: Final = "() => tail.port.postMessage('clear')"
PLAYED: Final = """async () => {
  for (;;) {
    const [silent, kept] = await new Promise((told) => {
      tail.port.onmessage = ({ data }) => told(data);
      tail.port.postMessage("tell");
    });
    if (silent > 14_400) return btoa(String.fromCharCode(...new Uint8Array(kept.buffer)));
    await new Promise((next) => setTimeout(next, 50));
  }
}"""
"""What sounded last, once there was silence for three tenths of a second."""


async def measure_page_heard(rig: Rig, plan: Plan) -> list[Result]:
    """The figure of one run; none if the plan wants none, or no voice is installed to interrupt with."""
    if not plan.pages_interrupted:
        return []
    try:
        # Chromium's driver belongs to those who measure, not to those who serve.
        from playwright.async_api import async_playwright

        sentences = [await utterance_pcm(text) for text in SAID[:SENTENCES]]
    except (ImportError, SpeechFailed):
        plan.says("voice: what pages heard is not measured: playwright and a voice are needed")
        return []
    plan.says(f"voice: {plan.pages_interrupted} interruptions of a page, and what was heard")
    figure = Figure("heard_error_page_ms", "ms", bars=(Bar(90, HEARD_MS),))
    with tempfile.TemporaryDirectory(prefix="legato-heard-") as folder:
        microphone = Path(folder) / "sentences.wav"
        await asyncio.to_thread(microphone.write_bytes, wav(_said(sentences, rig.rng), RATE))
        async with hub_with_pages("auto") as hub, async_playwright() as playwright:
            browser = await chromium_with_sound(playwright, microphone)
            try:
                errors = await _interrupted(hub, browser, rig.rng, plan.pages_interrupted)
            finally:
                await browser.close()
    figure.samples += [abs(each) for each in errors]
    beyond = sum(each > HEARD_MS for each in errors)
    return [figure, Value("heard_page_beyond", beyond)]


def _said(sentences: Sequence[bytes], random: Random) -> bytes:
    """What the microphone hears, again and again."""
    return b"".join(
        bytes(2 * round(random.uniform(SHORTEST_S, LONGEST_S) * RATE)) + each for each in sentences
    )


async def _interrupted(hub: Serving, browser: Any, random: Random, times: int) -> list[float]:
    """A page whose person interrupts the agent so many times; the error of each (ms): above 0, more is said to be heard
    than was."""
    errors: list[float] = []
    page = await talking(browser, hub.url)
    await page.evaluate(TAP)
    session = await page.evaluate("() => location.hash.slice(1)")
    async with Client(hub.url, ticket=ticket_of(hub, session), device="bench") as agent:
        for _ in range(MOST_TRIES * times):
            if len(errors) == times:
                break
            await asyncio.sleep(random.random() * LATEST_S)
            # Who does not beat loses the session after a while, and takes it again.
            with suppress(Refused, TimeoutError):
                error = await _error(agent, page)
                if error is not None:
                    errors.append(error)
    await page.evaluate("() => legatoVoice.stop()")
    return errors


async def _error(agent: Client, page: Any) -> float | None:
    """One interruption; None: nobody interrupted, nothing was heard, or the page called anew meanwhile."""
    await has_session(agent)
    message, settled = agent.new_id("m"), asyncio.get_running_loop().create_future()
    calls: list[e.VoiceStarted] = []

    def hear(events: Sequence[Event | Unknown]) -> None:
        calls.extend(event for event in events if isinstance(event, e.VoiceStarted))
        for event in events:
            ours = isinstance(event, e.HeardSettled) and event.message == message and event.final
            if ours and not settled.done():
                settled.set_result(event)

    agent.on.events.append(hear)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await page.evaluate(CLEAR)
            await _says(agent, message)
            heard = await settled
            if not 0 < heard.samples < SPEECH_S * RATE:
                return None
            written = await page.evaluate(PLAYED)
    finally:
        agent.on.events.remove(hear)
    moment = last_moment(array.array("h", base64.b64decode(written)))
    return None if calls or moment is None else (heard.samples - moment * RATE - LOOKAHEAD) / (RATE / 1_000)


async def _says(agent: Client, message: str) -> None:
    """The agent says the tone, for as long as anybody lets it."""
    await agent.do(
        c.StartMessage(message=message, brought=True),
        c.GrowMessage(message=message, index=0, text="A tone that rises."),
    )
    await bring(agent, message, _pieces(), RATE, STREAM)
    with suppress(Refused):  # it was cut
        await agent.do(c.EndMessage(message=message))


async def _pieces() -> AsyncIterator[bytes]:
    yield SPEECH
