"""`barge_in_ms`: somebody speaks into a page that plays an agent's words, and the page falls silent.

Real Chromium, the demo's page, a hub as it is served; the microphone hears a WAV file in which a word is said every
few seconds, and all that a browser does with a microphone (echo, noise, gain) is on. From the word's first loud sample,
by the time that the browser gives to what it captured, to the first silent sample of what the page plays, by the time
at which the browser says that it leaves the output.
"""

from __future__ import annotations

import array
import asyncio
import math
import tempfile
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from legato.agent.voice import bring
from legato.client import Client
from legato.session import commands as c
from legato.speech import SpeechFailed
from media.engines.openai import wav
from signaling.bench.agent_speech import has_session
from signaling.bench.figures import Bar, Figure, Result
from signaling.bench.first_audio import PATIENCE_S, chromium_with_sound, hub_with_pages, ticket_of
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig
from signaling.bench.utterance import RATE, utterance_pcm
from signaling.bench.voice_resume import LIVE
from signaling.serve import Serving

WORD: Final = "Wait."
BETWEEN_S: Final = 2.2
TONE_S: Final = 60
TONE_HZ: Final = 330
TONE_LEVEL: Final = 0.2
STREAM: Final = 1

PAGES: Final = 4
"""One after the other: by when a page began, its microphone's pieces and its output's come up to 20 ms apart."""

STEADY_MS: Final = 500.0
"""How long the page must have played before a word counts."""

MOST_MS: Final = 1_500.0
"""A word after which the page goes on for longer was not noticed at all: it counts with that."""

OPEN: Final = """async () => {
  while (legatoVoice.current.microphone !== "open" || !legatoVoice.output.ready)
    await new Promise((next) => setTimeout(next, 20));
}"""
OVER: Final = """async () => {
  let at = 0, loud = true;
  while (loud || performance.now() - at < 3_000) {
    await new Promise((next) => setTimeout(next, 200));
    [at, loud] = heard.edges.at(-1) ?? [0, true];
  }
}"""
LISTEN: Final = """async () => {
  const { output, microphone } = legatoVoice;
  const { context } = output;
  await context.audioWorklet.addModule("/bench/edges.js");
  const edges = new AudioWorkletNode(context, "edges");
  output.tap(edges);
  globalThis.heard = { words: [], edges: [] };
  edges.port.onmessage = ({ data: [frame, loud] }) => {
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    heard.edges.push([performanceTime + (frame / context.sampleRate - contextTime) * 1_000, loud]);
  };
  const { readable } = new MediaStreamTrackProcessor({ track: microphone.track });
  const reader = readable.getReader();
  let quietSince = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const samples = new Float32Array(value.numberOfFrames);
    value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
    const { sampleRate } = value, begin = value.timestamp / 1_000;
    value.close();
    samples.forEach((sample, at) => {
      if (Math.abs(sample) < 0.01) return;
      const now = begin + (at / sampleRate) * 1_000;
      if (now - quietSince > 800) heard.words.push(now);
      quietSince = now;
    });
  }
}"""


async def measure_page_barge_in(rig: Rig, plan: Plan) -> list[Result]:
    """The figure of one run; none if the plan wants none, or no voice is installed to interrupt with."""
    if not plan.page_interruptions:
        return []
    try:
        # Chromium's driver belongs to those who measure, not to those who serve.
        from playwright.async_api import async_playwright

        word = await utterance_pcm(WORD)
    except (ImportError, SpeechFailed):
        plan.says("voice: interruptions of a page are not measured: playwright and a voice are needed")
        return []
    plan.says(f"voice: {plan.page_interruptions} interruptions of a page")
    figure = Figure("barge_in_ms", "ms", bars=(Bar(50, 85.0), Bar(90, 130.0)))
    each = -(-plan.page_interruptions // PAGES)
    seconds = (each + 1) * (BETWEEN_S + len(word) / 2 / RATE)
    with tempfile.TemporaryDirectory(prefix="legato-barge-in-") as folder:
        microphone = Path(folder) / "word.wav"
        await asyncio.to_thread(microphone.write_bytes, wav(bytes(int(BETWEEN_S * RATE) * 2) + word, RATE))
        async with hub_with_pages("auto") as hub, async_playwright() as playwright:
            for _ in range(PAGES):
                browser = await chromium_with_sound(playwright, microphone)
                try:
                    figure.samples += (await _interrupted(browser, hub, seconds))[:each]
                finally:
                    await browser.close()
    return [figure]


async def _interrupted(browser: Any, hub: Serving, seconds: float) -> list[float]:
    """What each word of so long took in one page."""
    page = await talking(browser, hub.url)
    session = await page.evaluate("() => location.hash.slice(1)")
    async with _toning(hub, session, page):
        await asyncio.sleep(seconds)
    heard = await page.evaluate("() => heard")
    await page.evaluate("() => legatoVoice.stop()")
    return silenced(heard["words"], heard["edges"])


def silenced(words: Sequence[float], edges: Sequence[tuple[float, bool]]) -> list[float]:
    """How long after each word that was said into steady sound it was silent (ms); `MOST_MS` if it never was.
    `edges`: when what is played began to sound (True) and fell silent, in order; the last word may be still open."""
    times = [at for at, _ in edges]
    took: list[float] = []
    for word in words:
        now = bisect_right(times, word) - 1
        if now < 0 or not edges[now][1] or word - times[now] < STEADY_MS or now + 1 == len(edges):
            continue
        took.append(min(times[now + 1] - word, MOST_MS))
    return took


async def talking(browser: Any, url: str) -> Any:
    """A page in a call, whose microphone and output are listened to (`heard`)."""
    page = await (await browser.new_context(permissions=["microphone"])).new_page()
    async with asyncio.timeout(PATIENCE_S):
        await page.goto(url)
        await page.evaluate(LIVE)
        await page.click("[data-voice]")
        await page.evaluate(OPEN)
    await page.evaluate(f"() => void ({LISTEN})()")
    return page


@asynccontextmanager
async def _toning(hub: Serving, session: str, page: Any) -> AsyncIterator[None]:
    """An agent that says a tone, and again whenever it is over."""
    async with (
        Client(hub.url, ticket=ticket_of(hub, session), device="bench") as agent,
        asyncio.TaskGroup() as tasks,
    ):
        saying = tasks.create_task(_tones(agent, page))
        try:
            yield
        finally:
            saying.cancel()


async def _tones(agent: Client, page: Any) -> None:
    pcm = _tone()
    while True:
        await has_session(agent)
        message = agent.new_id("m")
        await agent.do(
            c.StartMessage(message=message), c.GrowMessage(message=message, index=0, text="A tone.")
        )
        await bring(agent, message, _pieces(pcm), RATE, STREAM)
        await agent.do(c.EndMessage(message=message))
        await page.evaluate(OVER)


async def _pieces(pcm: bytes) -> AsyncIterator[bytes]:
    yield pcm


def _tone() -> bytes:
    wave = (math.sin(2 * math.pi * TONE_HZ * at / RATE) for at in range(RATE))  # whole periods
    return array.array("h", (round(32_767 * TONE_LEVEL * each) for each in wave)).tobytes() * TONE_S
