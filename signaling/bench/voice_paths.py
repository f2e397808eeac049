"""Calls by ticket over ways that are long or lossy, and calls whose address changes under them.

Real Chromium, the demo's page, a hub as it is served; what the page's calls send goes through `Link`.
`voice_resume_rtt_ms`: as `voice_resume_cold_ms` with 20 ms from page to hub and back, the session's connection too
(`voice_resume_rtt_event_ms`: to the first event of the call). `voice_resume_loss_ms`: with one
datagram in twenty lost; `voice_resume_stock_ms`: the same where only OpenSSL's own timer repeats a flight of the hub's
handshake. `address_change_gap_ms`: the longest silence towards the page, less the 20 ms between frames, from when the
way gets another port at the hub's side.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from typing import Any, Final

from media.rtc import dtls
from signaling.bench.figures import Bar, Figure, Result, Value, percentile
from signaling.bench.first_audio import PATIENCE_S, chromium_with_sound, hub_with_pages
from signaling.bench.link import HERE, Link, detour, late
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig
from signaling.bench.voice_resume import AGAIN, FRAME, LIVE, SETTLED_S, WATCH

DELAY_MS: Final = 10
LOSE: Final = 0.05
STOCK_RESEND: Final = 1_000
MOST_BY_STOCK: Final = 0.2
REBINDS: Final = 3
"""Changes of address for each call that is resumed."""

STEADY_S: Final = 0.25
"""Between two changes of address, and from one to the end of its measurement."""

FRAME_MS: Final = 20.0


async def measure_voice_paths(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run; none if the plan has no reloads. Raises `RuntimeError` without a voice."""
    if not plan.reloads:
        return []
    rtt = Figure("voice_resume_rtt_ms", "ms", bars=(Bar(50, 75.0), Bar(90, 110.0)))
    event = Figure("voice_resume_rtt_event_ms", "ms", bars=(Bar(50, 95.0), Bar(90, 140.0)))
    lossy, stock = Figure("voice_resume_loss_ms", "ms"), Figure("voice_resume_stock_ms", "ms")
    gap = Figure("address_change_gap_ms", "ms", bars=(Bar(99, 40.0),))
    async with hub_with_pages("auto") as hub:
        plan.says(f"voice: {plan.reloads} calls to {hub.url} from {2 * DELAY_MS:g} ms away, there and back")
        port = hub.voice.door.port.port
        async with (
            Link(port, random.Random(20), delay_ms=DELAY_MS).open() as link,
            late(hub.port, DELAY_MS) as far,
        ):
            took = await _resumed(f"http://{HERE}:{far}", link, plan.reloads)
            rtt.samples += [frame for frame, _ in took]
            event.samples += [told for _, told in took]
        plan.says(f"voice: {plan.reloads} calls of whose packets {LOSE:.0%} are lost")
        async with Link(port, random.Random(5), lose=LOSE).open() as link:
            lossy.samples += [frame for frame, _ in await _resumed(hub.url, link, plan.reloads)]
        plan.says(f"voice: {plan.reloads} of these with OpenSSL's timers")
        async with Link(port, random.Random(5), lose=LOSE).open() as link:
            with _stock():
                stock.samples += [frame for frame, _ in await _resumed(hub.url, link, plan.reloads)]
        plan.says(f"voice: {plan.reloads * REBINDS} changes of address")
        async with Link(port, random.Random(7)).open() as link:
            gap.samples += await _moved(hub.url, link, plan.reloads * REBINDS)
    ratio = percentile(lossy.samples, 90) / percentile(stock.samples, 90)
    return [rtt, event, lossy, stock, Value("voice_resume_loss_ratio", ratio, MOST_BY_STOCK), gap]


async def _resumed(url: str, link: Link, samples: int) -> list[tuple[float, float]]:
    """How long each of so many calls took over this way: to its first frame, to its first event."""
    took: list[tuple[float, float]] = []
    async with _talking(url, link) as page:
        while len(took) < samples:
            await asyncio.sleep(SETTLED_S)
            async with asyncio.timeout(PATIENCE_S):
                frame, told = await page.evaluate(AGAIN)
            took.append((float(frame), float(told)))
    return took


async def _moved(url: str, link: Link, samples: int) -> list[float]:
    """How much longer than a frame the page was left without one by each of so many changes of address."""
    gaps: list[float] = []
    came: list[float] = []
    link.watch = lambda datagram: came.append(time.monotonic()) if datagram[0] >= 128 else None
    async with _talking(url, link):
        await asyncio.sleep(SETTLED_S)
        while len(gaps) < samples:
            came.clear()
            await asyncio.sleep(STEADY_S)
            await link.rebind()
            await asyncio.sleep(STEADY_S)
            gaps.append(max(later - one for one, later in pairwise(came)) * 1_000 - FRAME_MS)
    return gaps


@asynccontextmanager
async def _talking(url: str, link: Link) -> AsyncIterator[Any]:
    """A page whose calls go over the way, and that is heard."""
    # Chromium's driver belongs to those who measure, not to those who serve.
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await chromium_with_sound(playwright)
        try:
            context = await browser.new_context(permissions=["microphone"])
            await context.add_init_script(f"({WATCH})()")
            await context.add_init_script(detour(link.target, link.port))
            page = await context.new_page()
            async with asyncio.timeout(PATIENCE_S):
                await page.goto(url)
                await page.evaluate(LIVE)
                await page.click("[data-voice]")
                await page.evaluate(FRAME)
            yield page
            await page.evaluate("() => legatoVoice.stop()")
        finally:
            await browser.close()


@contextmanager
def _stock() -> Iterator[None]:
    """A hub that leaves lost flights of its handshake to OpenSSL's timer."""
    ours = dtls.FIRST_RESEND
    dtls.FIRST_RESEND = STOCK_RESEND  # type: ignore[misc]  # the comparison is with another constant
    try:
        yield
    finally:
        dtls.FIRST_RESEND = ours  # type: ignore[misc]  # as above
