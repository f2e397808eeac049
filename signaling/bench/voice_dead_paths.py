"""`dead_path_ms`, `working_paths_dropped`: a call's path goes silent, or is merely bad, and nothing closes.

Real Chromium, the demo's page, a hub as it is served, and between them a UDP proxy. *Dead*: the flow of the call
carries nothing any more, in either direction; a new one would get through, and the session's connection lives. From
that moment to the first frame that sounds by another way. *Bad*: one packet in ten is lost, and each waits up to
100 ms. How often the page went another way, or its call ended: never, if it judges well.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final

from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.first_audio import PATIENCE_S, chromium_with_sound, hub_with_pages
from signaling.bench.link import Link, detour, free_port
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig

LOSE: Final = 0.1
JITTER_MS: Final = 100
SETTLED_S: Final = 1.5
"""Between two deaths: the page has its next call ready, and sound has been flowing."""

WATCH: Final = """() => {
  globalThis.changes = [];
  let by = null;
  setInterval(() => {
    const now = legatoVoice.sounding;
    if (now === null || now.by === by) return;
    if (by !== null) changes.push(performance.timeOrigin + performance.now());
    by = now.by;
  }, 2);
}"""
SOUNDS: Final = (
    "async () => { while (globalThis.legatoVoice?.sounding == null)"
    " await new Promise((next) => setTimeout(next, 20)); }"
)
CHANGED: Final = (
    "async () => { while (changes.length === 0) await new Promise((next) => setTimeout(next, 5));"
    " return changes.shift(); }"
)


async def measure_dead_paths(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run; none if the plan wants none. Raises `RuntimeError` without a voice."""
    if not plan.dead_paths and not plan.rough_s:
        return []
    try:
        # Chromium's driver belongs to those who measure, not to those who serve.
        from playwright.async_api import async_playwright
    except ImportError:
        plan.says("voice: paths are not measured, for playwright is not installed")
        return []
    async with async_playwright() as playwright:
        browser = await chromium_with_sound(playwright)
        try:
            found: list[Result] = []
            if plan.dead_paths:
                found.append(await _dead(browser, plan))
            if plan.rough_s:
                found.append(await _rough(browser, plan))
            return found
        finally:
            await browser.close()


async def _dead(browser: Any, plan: Plan) -> Figure:
    figure = Figure("dead_path_ms", "ms", bars=(Bar(90, 450.0),))
    async with _talking(browser) as (page, link):
        plan.says(f"voice: {plan.dead_paths} paths that die")
        await page.evaluate(WATCH)
        for _ in range(plan.dead_paths):
            await asyncio.sleep(SETTLED_S)
            await page.evaluate("() => { changes.length = 0; }")
            died = time.time() * 1000
            link.darken()
            async with asyncio.timeout(PATIENCE_S):
                figure.samples.append(await page.evaluate(CHANGED) - died)
    return figure


async def _rough(browser: Any, plan: Plan) -> Value:
    async with _talking(browser) as (page, link):
        plan.says(f"voice: {plan.rough_s:.0f} s of a bad path")
        await page.evaluate(WATCH)
        link.lose, link.jitter_ms = LOSE, JITTER_MS
        await asyncio.sleep(plan.rough_s)
        dropped = await page.evaluate("() => changes.length")
        if not await page.evaluate("() => legatoVoice.current.state === 'live'"):
            dropped += 1
    return Value("working_paths_dropped", dropped, most=0)


@asynccontextmanager
async def _talking(browser: Any) -> AsyncIterator[tuple[Any, Link]]:
    """A page in a call whose packets go through the proxy."""
    port = free_port()
    async with hub_with_pages("auto", port) as hub, Link(port, Random(1)).open() as link:
        context = await browser.new_context(permissions=["microphone"])
        try:
            await context.add_init_script(detour(port, link.port))
            page = await context.new_page()
            async with asyncio.timeout(PATIENCE_S):
                await page.goto(hub.url)
                await page.wait_for_selector("[data-voice]")
                await page.click("[data-voice]")
                await page.evaluate(SOUNDS)
            yield page, link
        finally:
            await context.close()
