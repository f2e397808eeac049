"""`dead_path_ms`, `working_paths_dropped`: a call's path goes silent, or is merely bad, and nothing closes.

Real Chromium, the demo's page, a hub as it is served, and between them a UDP proxy. *Dead*: the flow of the call
carries nothing any more, in either direction; a new one would get through, and the session's connection lives. From
that moment to the first frame that sounds by another way. *Bad*: one packet in ten is lost, and each waits up to
100 ms. How often the page went another way, or its call ended: never, if it judges well.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final

from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.first_audio import PATIENCE_S, chromium_with_sound, hub_with_pages
from signaling.bench.flows import HOST, Flows
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig

LOSE: Final = 0.1
JITTER_MS: Final = 100
SETTLED_S: Final = 1.5
"""Between two deaths: the page has its next call ready, and sound has been flowing."""

_DETOUR: Final = """(() => {
  const direct = (line) => /^(?:a=)?candidate:.* tcp /i.test(line);
  const detoured = (line) => line.replace(/^((?:a=)?candidate:.* udp \\d+ \\S+) HUB /i, "$1 PROXY ");
  const { setRemoteDescription: describe, addIceCandidate: add } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (told) {
    const lines = told.sdp.split("\\r\\n").filter((line) => !direct(line)).map(detoured);
    return describe.call(this, { type: told.type, sdp: lines.join("\\r\\n") });
  };
  RTCPeerConnection.prototype.addIceCandidate = function (told) {
    const line = told?.candidate ?? "";
    return direct(line) ? Promise.resolve() : add.call(this, { ...told, candidate: detoured(line) });
  };
})()"""
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
    async with _talking(browser) as (page, flows):
        plan.says(f"voice: {plan.dead_paths} paths that die")
        await page.evaluate(WATCH)
        for _ in range(plan.dead_paths):
            await asyncio.sleep(SETTLED_S)
            await page.evaluate("() => { changes.length = 0; }")
            died = time.time() * 1000
            flows.darken()
            async with asyncio.timeout(PATIENCE_S):
                figure.samples.append(await page.evaluate(CHANGED) - died)
    return figure


async def _rough(browser: Any, plan: Plan) -> Value:
    async with _talking(browser) as (page, flows):
        plan.says(f"voice: {plan.rough_s:.0f} s of a bad path")
        await page.evaluate(WATCH)
        flows.lose, flows.jitter_ms = LOSE, JITTER_MS
        await asyncio.sleep(plan.rough_s)
        dropped = await page.evaluate("() => changes.length")
        if not await page.evaluate("() => legatoVoice.current.state === 'live'"):
            dropped += 1
    return Value("working_paths_dropped", dropped, most=0)


@asynccontextmanager
async def _talking(browser: Any) -> AsyncIterator[tuple[Any, Flows]]:
    """A page in a call whose packets go through the proxy."""
    port = free_port()
    async with hub_with_pages("auto", port) as hub, Flows(port, Random(1)) as flows:
        context = await browser.new_context(permissions=["microphone"])
        try:
            await context.add_init_script(detour(port, flows.port))
            page = await context.new_page()
            async with asyncio.timeout(PATIENCE_S):
                await page.goto(hub.url)
                await page.wait_for_selector("[data-voice]")
                await page.click("[data-voice]")
                await page.evaluate(SOUNDS)
            yield page, flows
        finally:
            await context.close()


def detour(hub: int, proxy: int) -> str:
    """The script that brings a page's calls to UDP port `proxy` instead of `hub`, and to no TCP port."""
    return _DETOUR.replace("HUB", str(hub)).replace("PROXY", str(proxy))


def free_port() -> int:
    """A UDP port that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
