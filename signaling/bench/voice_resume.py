"""`page_reload_ms`, `voice_resume_cold_ms`: somebody who talks reloads the page, and the call goes on by its ticket.

Real Chromium, the demo's page, a hub as it is served. The page before left its certificate and its call ticket in
IndexedDB; the new one calls before its session is back. From the navigation's start, and from the making of the peer
connection, to the first audio frame of the hub (the remote track's `unmute`).
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
      const made = performance.now();
      super(...given);
      this.addEventListener("track", ({ track }) => {
        track.addEventListener("unmute", () => frames.push({ made, at: performance.now() }), { once: true });
      });
    }
  };
}"""
FRAME: Final = (
    "async () => { while (frames.length === 0) await new Promise((next) => setTimeout(next, 5));"
    " return frames[0]; }"
)
LIVE: Final = (
    "async () => { while (globalThis.legato?.view?.phase !== 'live' || !globalThis.legatoVoice)"
    " await new Promise((next) => setTimeout(next, 20)); }"
)
PAGES: Final = 10
"""Reloads of one page; then another is opened."""

SETTLED_S: Final = 0.5
"""Between two reloads: the page has its session, and its next ticket."""


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
                    found = await _reloaded(page)
                    reload.samples.append(found["at"])
                    cold.samples.append(found["at"] - found["made"])
                await context.close()
        finally:
            await browser.close()
    return [reload, cold]


async def _reloaded(page: Any) -> dict[str, float]:
    await asyncio.sleep(SETTLED_S)
    async with asyncio.timeout(PATIENCE_S):
        await page.reload()
        found: dict[str, float] = await page.evaluate(FRAME)
        await page.evaluate(LIVE)
    return found
