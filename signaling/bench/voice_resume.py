"""`page_reload_ms`, `voice_resume_cold_ms`, `voice_resume_cold_event_ms`: somebody who talks calls anew by a ticket,
after a reload and without one.

Real Chromium, the demo's page, a hub as it is served. The page before the reload left its certificate and its call
ticket in IndexedDB; the new one calls before its session is back. Of the reload, from the navigation's start; without
one, from when the page calls anew, with a ticket and a peer that nothing was sent on yet (the page always has one): to
the first audio frame of the hub (the remote track's `unmute`). `voice_resume_cold_event_ms`: to the first event of the
call (`voice_started`), over the session's connection, which stands.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from signaling.bench.figures import Bar, Figure, Result
from signaling.bench.first_audio import PATIENCE_S, chromium_with_sound, hub_with_pages
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
PAGES: Final = 10
"""Reloads of one page; then another is opened."""

SETTLED_S: Final = 1.3
"""After each call: the page has its session, its next ticket, and its next peer."""


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

    reload = Figure("page_reload_ms", "ms", bars=(Bar(50, 150.0),))
    cold = Figure("voice_resume_cold_ms", "ms", bars=(Bar(50, 15.0), Bar(90, 30.0)))
    event = Figure("voice_resume_cold_event_ms", "ms", bars=(Bar(50, 15.0), Bar(90, 30.0)))
    async with hub_with_pages("auto") as hub, async_playwright() as playwright:
        plan.says(f"voice: {plan.reloads} reloads of {hub.url}")
        browser = await chromium_with_sound(playwright)
        try:
            while len(reload.samples) < plan.reloads:
                context = await browser.new_context(permissions=["microphone"])
                await context.add_init_script(f"({WATCH})()")
                page = await context.new_page()
                async with asyncio.timeout(PATIENCE_S):
                    await page.goto(hub.url)
                    await page.evaluate(LIVE)
                    await page.click("[data-voice]")
                    await page.evaluate(FRAME)
                for _ in range(min(PAGES, plan.reloads - len(reload.samples))):
                    reload.samples.append(await _reloaded(page))
                    await asyncio.sleep(SETTLED_S)
                    async with asyncio.timeout(PATIENCE_S):
                        frame, told = await page.evaluate(AGAIN)
                    cold.samples.append(float(frame))
                    event.samples.append(float(told))
                await page.evaluate("() => legatoVoice.stop()")
                await context.close()
        finally:
            await browser.close()
    return [reload, cold, event]


async def _reloaded(page: Any) -> float:
    await asyncio.sleep(SETTLED_S)
    async with asyncio.timeout(PATIENCE_S):
        await page.reload()
        found = float(await page.evaluate(FRAME))
        await page.evaluate(LIVE)
    return found
