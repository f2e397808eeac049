"""`route_flip_gap_ms`, `route_flip_events_wrong`: the network that a call goes by goes, and another is there.

Real Chromium in a network namespace with two networks, the demo's page, a hub as it is served, reached by both. The
link that carries the call goes down: nothing closes, and the browser is told what its system tells it. The longest
time without a frame of the hub's that comes to the page, less the 20 ms between frames, from then on for two seconds;
the floor is the same of the two seconds before. Then the network comes back, and the page has time to hold both ready
again; if it does not take it, what was measured until then is what there is (`route_flips_missing`). Meanwhile page and
somebody else tell something five times a second: how much of what the page told is missing or twice, how many events
were given to the page twice, and how many it has not folded in the end.

Root on Linux only.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count, pairwise
from typing import Any, Final

from legato.client import Client
from legato.session import commands as c
from legato.session.events import ActivityChanged, Event, Unknown
from signaling.bench.figures import Bar, Figure, Result, Value
from signaling.bench.first_audio import (
    PATIENCE_S,
    chromium_path,
    chromium_with_sound,
    hub_with_pages,
    ticket_of,
)
from signaling.bench.link import late
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig
from signaling.bench.two_networks import NETWORKS, NoNetworks, TwoNetworks, address, gate, two_networks
from signaling.bench.voice_resume import FRAME, LIVE
from signaling.bench.voice_resume import WATCH as FIRST_FRAMES
from signaling.serve import Serving

FRAME_MS: Final = 20.0
AFTER_S: Final = 2.0
"""From the end of a network to its return: by then Chromium itself has seen that it is gone."""

EVERY_S: Final = 0.2
SAYS_EVERY: Final = 10
"""Changes of network: they take a minute or two."""

HELD_S: Final = 30.0
"""How long the page may take to hold both networks ready again."""

CONNECTIONS: Final = """() => {
  const Real = RTCPeerConnection;
  const arrivals = new Worker("/bench/arrivals.js");
  globalThis.arrived = () => new Promise((resolve) => {
    arrivals.onmessage = ({ data }) => resolve([...data, ...byConnection.splice(0)].sort((one, other) => one - other));
    arrivals.postMessage(null);
  });
  globalThis.byConnection = [];
  globalThis.connections = [];
  globalThis.RTCPeerConnection = class extends Real {
    constructor(...given) {
      super(...given);
      connections = connections.filter(({ connectionState }) => connectionState !== "closed");
      connections.push(this);
    }
    addTransceiver(...given) {
      const made = super.addTransceiver(...given);
      made.receiver.transform = new RTCRtpScriptTransform(arrivals);
      return made;
    }
  };
}"""
"""Of each call each frame that comes, when it comes: a thread of its own counts them, for that of the page is busy with
other things at the very time, which nobody hears. What the session's connection brings is seen by the page alone."""

WATCH: Final = """() => {
  globalThis.offsets = [];
  let last = null;
  setInterval(() => {
    const { timestamp } = legatoVoice.fallback;
    if (!legatoVoice.fallback.on || timestamp === null || timestamp === last) return;
    last = timestamp;
    byConnection.push(performance.timeOrigin + performance.now());
  }, 2);
  legato.onEvents((events) => events.forEach(({ offset }) => offsets.push(offset)));
  globalThis.told = 0;
  const tell = () => legato.do([{ type: "change_activity", activity: "thinking", text: `page ${++told}` }]);
  globalThis.telling = setInterval(() => void tell(), 200);
}"""
NOW: Final = (
    "() => { const now = performance.timeOrigin + performance.now(); return arrived().then(() => now); }"
)
"""Forget what came; what time it is."""

CAME: Final = "() => arrived().then((came) => [...came, performance.timeOrigin + performance.now()])"
"""When frames came since it was asked, and what time it is; ms."""

HELD: Final = """async () => {
  for (const connection of connections.toReversed()) {
    if (connection.connectionState !== "connected") continue;
    const stats = [...(await connection.getStats()).values()];
    const by = new Map(stats.map((each) => [each.id, each]));
    const chosen = by.get(stats.find(({ type }) => type === "transport")?.selectedCandidatePairId);
    const pairs = stats.filter(({ type, state }) => type === "candidate-pair" && state === "succeeded");
    const held = new Set(pairs.map(({ localCandidateId }) => by.get(localCandidateId)?.address));
    if (chosen && connection.getReceivers()[0].getSynchronizationSources().length > 0)
      return [by.get(chosen.localCandidateId).address, held.size];
  }
  return ["", 0];
}"""
"""By which of its addresses the page's call goes, and how many it holds ready."""


async def measure_route_flips(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run; none if the plan wants none, or there can be no two networks here."""
    if not plan.route_flips:
        return []
    try:
        # Chromium's driver belongs to those who measure, not to those who serve.
        from playwright.async_api import async_playwright

        async with (
            two_networks(chromium_path() or "chromium") as networks,
            hub_with_pages("auto", shown=tuple(map(gate, NETWORKS))) as hub,
            late(hub.port, 0, gate(1)) as port,
            async_playwright() as playwright,
        ):
            plan.says(f"voice: {plan.route_flips} changes of network")
            url = f"http://{gate(1)}:{port}"
            secure = f"--unsafely-treat-insecure-origin-as-secure={url}"
            browser = await chromium_with_sound(playwright, None, (secure,), networks.browser)
            try:
                return await _flipped(await _talking(browser, url), hub, networks, plan)
            finally:
                await browser.close()
    except ImportError:
        plan.says("voice: changes of network are not measured, for playwright is not installed")
    except NoNetworks as why:
        plan.says(f"voice: changes of network are not measured: {why}")
    return []


async def _talking(browser: Any, url: str) -> Any:
    context = await browser.new_context(permissions=["microphone"])
    for script in (CONNECTIONS, FIRST_FRAMES):
        await context.add_init_script(f"({script})()")
    page = await context.new_page()
    async with asyncio.timeout(PATIENCE_S):
        await page.goto(url)
        await page.evaluate(LIVE)
        await page.click("[data-voice]")
        await page.evaluate(FRAME)
    return page


async def _flipped(page: Any, hub: Serving, networks: TwoNetworks, plan: Plan) -> list[Result]:
    gap = Figure("route_flip_gap_ms", "ms", bars=(Bar(99, 150.0),))
    session = await page.evaluate("() => location.hash.slice(1)")
    async with _another(hub, session) as other:
        await page.evaluate(WATCH)
        await flip(page, networks, plan.route_flips, gap, plan.says)
        await page.evaluate("() => { clearInterval(telling); }")
        events = await other.stop()
        told, offsets, folded = await page.evaluate("() => [told, offsets, legato.view.state.offset]")
        wrong = other.wrong(told) + len(offsets) - len(set(offsets)) + events - folded
    missing = plan.route_flips - len(gap.samples)
    return [
        gap,
        Value("route_flip_events_wrong", wrong, most=0),
        Value("route_flips_missing", missing, most=0),
    ]


async def flip(
    page: Any, networks: TwoNetworks, flips: int, gap: Figure, says: Callable[[str], None] = lambda text: None
) -> None:
    """Change the network so often, or until the page does not hold both any more; `gap` gets what each change took,
    in ms, and beside it what the same time took before. Raises `TimeoutError` if it never held both."""
    gaps, floor = gap.samples, gap.floor
    while len(gaps) < flips:
        try:
            network = await _held(page)
        except TimeoutError:
            if not gaps:
                raise
            return
        floor.append(await _silence(page))
        gaps.append(await _silence(page, partial(networks.drop, network)))
        await networks.restore(network)
        if len(gaps) % SAYS_EVERY == 0:
            says(f"voice: {len(gaps)} of {flips} changes of network")


async def _silence(page: Any, change: Callable[[], Awaitable[None]] | None = None) -> float:
    """The longest between two frames in two seconds, from `change` on, less what is between any two; ms."""
    start: float = await page.evaluate(NOW)
    if change is not None:
        await change()
    await asyncio.sleep(AFTER_S)
    came: list[float] = await page.evaluate(CAME)
    return max(later - one for one, later in pairwise([start, *came])) - FRAME_MS


async def _held(page: Any) -> int:
    """The network by which the call goes, once the page holds the other one ready, too."""
    async with asyncio.timeout(HELD_S):
        while True:
            local, held = await page.evaluate(HELD)
            if held == len(NETWORKS):
                break
            await asyncio.sleep(0.2)
    await asyncio.sleep(0.5)
    return next(network for network in NETWORKS if address(network) == local)


class _Other:
    """Somebody who tells something now and then, and counts what the page tells."""

    def __init__(self, client: Client, tasks: asyncio.TaskGroup) -> None:
        self._client = client
        self._heard: Counter[str] = Counter()
        client.on.events.append(self._hear)
        self._telling = tasks.create_task(self._tell())

    async def stop(self) -> int:
        """Tell nothing more; how many events there are."""
        self._telling.cancel()
        await asyncio.sleep(AFTER_S)
        return self._client.state.offset

    def wrong(self, told: int) -> int:
        """Of what the page told, how much is missing or was heard twice."""
        return sum(abs(self._heard[f"page {number}"] - 1) for number in range(1, told + 1))

    def _hear(self, events: Sequence[Event | Unknown]) -> None:
        for event in events:
            if isinstance(event, ActivityChanged):
                self._heard[event.text] += 1

    async def _tell(self) -> None:
        for number in count(1):
            await self._client.do(c.ChangeActivity(activity="thinking", text=f"other {number}"))
            await asyncio.sleep(EVERY_S)


@asynccontextmanager
async def _another(hub: Serving, session: str) -> AsyncIterator[_Other]:
    ticket = ticket_of(hub, session, "user")
    async with Client(hub.url, ticket=ticket, device="bench") as client, asyncio.TaskGroup() as tasks:
        yield _Other(client, tasks)
