"""`page_reload_ms`, `voice_resume_cold_ms`, `voice_resume_cold_event_ms`: somebody who talks calls anew by a ticket,
after a reload in mid speech and without one.

Real Chromium, the demo's page, a hub as it is served. The page before the reload left its certificate and its call
ticket in IndexedDB; the new one calls before its session is back. Of the reload, from the navigation's start to the
rest of what the agent was saying (`signaling.bench.page_reload`), and to the first audio frame of the hub (the remote
track's `unmute`, `page_reload_frame_ms`). Without one, from when the page calls anew, with a ticket and a peer that
nothing was sent on yet (the page always has one), to the first audio frame. `voice_resume_cold_event_ms`: to the first
event of the call (`voice_started`), over the session's connection, which stands.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Final

from media.engines.openai import wav
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.first_audio import PATIENCE_S, chromium_with_sound, hub_with_pages
from signaling.bench.page_reload import RELOADS_S, TAP, Reloaded, reloads_in_speech, speaking
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig

WATCH: Final = """() => {
  const Real = RTCPeerConnection;
  globalThis.frames = [];
  globalThis.RTCPeerConnection = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener("track", ({ track }) => {
        track.addEventListener("unmute", () => frames.push(performance.now()), { once: true });
      });
    }
  };
}"""
FRAME: Final = (
    "async () => { while (frames.length === 0) await new Promise((next) => setTimeout(next, 5));"
    " return frames[0]; }"
)
AGAIN: Final = """async () => {
  frames.length = 0;
  const { attachment } = legato.view;
  const told = new Promise((resolve) => {
    const stop = legato.onEvents((events) => {
      if (!events.some((event) => event.type === "voice_started" && event.attachment === attachment)) return;
      stop();
      resolve(performance.now());
    });
  });
  const from = performance.now();
  legatoVoice.redial();
  while (frames.length === 0) await new Promise((next) => setTimeout(next, 5));
  return [frames[0] - from, await told - from];
}"""
"""To the first frame, and to the event that says that the call began."""

LIVE: Final = (
    "async () => { while (globalThis.legato?.view?.phase !== 'live' || !globalThis.legatoVoice)"
    " await new Promise((next) => setTimeout(next, 20)); }"
)
RATE: Final = 48_000
QUIET: Final = 2 * RATE
"""Samples that the microphone hears again and again."""

SPEECHES: Final = 2
"""That one page hears, reloaded in each; then another is opened."""

SETTLED_S: Final = 1.3
"""Before each call: the page has its session, its next ticket, and its next peer."""


async def measure_voice_resume(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run; none if the plan has no reloads. Raises `RuntimeError` without a voice."""
    if not plan.reloads:
        return []
    try:
        # Chromium's driver belongs to those who measure, not to those who serve.
        from playwright.async_api import async_playwright
    except ImportError:
        plan.says("voice: reloads are not measured, for playwright is not installed")
        return []

    found = list[Reloaded]()
    cold = Figure("voice_resume_cold_ms", "ms", bars=(Bar(50, 15.0), Bar(90, 30.0)))
    event = Figure("voice_resume_cold_event_ms", "ms", bars=(Bar(50, 15.0), Bar(90, 30.0)))
    with tempfile.TemporaryDirectory(prefix="legato-reload-") as folder:
        quiet = Path(folder) / "quiet.wav"
        await asyncio.to_thread(quiet.write_bytes, wav(bytes(2 * QUIET), RATE))
        async with hub_with_pages("auto") as hub, async_playwright() as playwright:
            plan.says(f"voice: {plan.reloads} reloads of {hub.url}")
            browser = await chromium_with_sound(playwright, quiet)
            try:
                while len(found) < plan.reloads:
                    context = await browser.new_context(permissions=["microphone"])
                    page = await _talking(context, hub.url)
                    session = await page.evaluate("() => location.hash.slice(1)")
                    async with speaking(hub, session) as agent:
                        for _ in range(SPEECHES):
                            await asyncio.sleep(SETTLED_S)
                            found += await reloads_in_speech(page, agent, FRAME)
                            for took in await _redialled(page):
                                cold.samples.append(took[0])
                                event.samples.append(took[1])
                    await page.evaluate("() => legatoVoice.stop()")
                    await context.close()
            finally:
                await browser.close()
    return [*_figures(found), cold, event]


def _figures(found: list[Reloaded]) -> list[Result]:
    rest = Figure("page_reload_ms", "ms", [one.rest_ms for one in found], bars=(Bar(50, 150.0),))
    frame = Figure("page_reload_frame_ms", "ms", [one.frame_ms for one in found])
    return [rest, Value("page_reload_words_wrong", sum(one.wrong for one in found), 0), frame]


async def _talking(context: Any, url: str) -> Any:
    """A page in a call."""
    await context.add_init_script(f"({WATCH})()")
    await context.add_init_script(f"({TAP})()")
    page = await context.new_page()
    async with asyncio.timeout(PATIENCE_S):
        await page.goto(url)
        await page.evaluate(LIVE)
        await page.click("[data-voice]")
        await page.evaluate(FRAME)
    return page


async def _redialled(page: Any) -> list[tuple[float, float]]:
    """How long calls took that the page makes anew, at rest: to the first frame, to the first event."""
    took: list[tuple[float, float]] = []
    for _ in RELOADS_S:
        await asyncio.sleep(SETTLED_S)
        async with asyncio.timeout(PATIENCE_S):
            await page.evaluate(LIVE)
            frame, told = await page.evaluate(AGAIN)
        took.append((float(frame), float(told)))
    return took
