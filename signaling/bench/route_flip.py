"""`route_flip_gap_ms`, `route_flip_events_wrong`: the network that a call goes by goes, and another is there.

Real Chromium in a network namespace with two networks, the demo's page, a hub as it is served, reached by both. The
link that carries the call goes down: nothing closes, and the browser is told what its system tells it. The longest
time without a frame of the hub's that comes to the page, less the 20 ms between frames, from then on for two seconds;
the floor is the same of the two seconds before. Then the network comes back, and the page has time to hold both ready
again (`route_back_s`). If it does not take it, its turn is missing (`route_flips_missing`), and it takes no more.
Meanwhile page and somebody else tell something five times a second: how much of what the page told is missing or
twice, how many events were given to the page twice, and how many it has not folded in the end. A change takes six or
seven seconds, most of them waiting: so several pages share the turns, each with a browser, networks and a session of
its own.

Root on Linux only.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count, pairwise
from typing import Any, Final

from legato.client import Client
from legato.session import commands as c
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
from signaling.bench.written import written
from signaling.serve import Serving

PAGES: Final = 3
FRAME_MS: Final = 20.0
AFTER_S: Final = 2.0
"""From the end of a network to its return: Chromium itself sees about then that it is gone, now and then too late."""

EVERY_S: Final = 0.2
SAYS_EVERY: Final = 30
"""Changes of network: they take a minute or so."""

HELD_S: Final = 30.0
"""How long the page may take to hold both networks ready again."""

SETTLED_S: Final = 0.5

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


@dataclass(frozen=True, slots=True)
class Turns:
    """The changes of network that are to come, and what those that were took."""

    left: Iterator[int]
    gap: Figure
    back: Figure
    says: Callable[[int], None] = lambda done: None


async def measure_route_flips(rig: Rig, plan: Plan) -> list[Result]:
    """The figures of one run; none if the plan wants none, or there can be no two networks here."""
    if not plan.route_flips:
        return []
    try:
        # Chromium's driver belongs to those who measure, not to those who serve.
        from playwright.async_api import async_playwright

        async with AsyncExitStack() as stack:
            chromium = chromium_path() or "chromium"
            networks = [await stack.enter_async_context(two_networks(chromium, at)) for at in range(PAGES)]
            hub = await stack.enter_async_context(hub_with_pages("auto", shown=tuple(map(gate, NETWORKS))))
            url = f"http://{gate(1)}:{await stack.enter_async_context(late(hub.port, 0, gate(1)))}"
            browsers = Browsers(await stack.enter_async_context(async_playwright()), hub, url)
            plan.says(f"voice: {plan.route_flips} changes of network by {PAGES} pages")
            return await _measured(browsers, networks, plan)
    except ImportError:
        plan.says("voice: changes of network are not measured, for playwright is not installed")
    except NoNetworks as why:
        plan.says(f"voice: changes of network are not measured: {why}")
    return []


@dataclass(frozen=True, slots=True)
class Browsers:
    """What opens them, and the hub whose page they show at `url`."""

    playwright: Any
    hub: Serving
    url: str

    @asynccontextmanager
    async def talking(self, networks: TwoNetworks) -> AsyncIterator[Any]:
        """A page in a call that is reached by these networks alone."""
        secure = f"--unsafely-treat-insecure-origin-as-secure={self.url}"
        browser = await chromium_with_sound(self.playwright, None, (secure,), networks.browser)
        try:
            yield await _talking(browser, self.url)
        finally:
            await browser.close()


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


async def _measured(browsers: Browsers, networks: Sequence[TwoNetworks], plan: Plan) -> list[Result]:
    def says(done: int) -> None:
        if done % SAYS_EVERY == 0:
            plan.says(f"voice: {done} of {plan.route_flips} changes of network")

    gap, back = Figure("route_flip_gap_ms", "ms", bars=(Bar(99, 150.0),)), Figure("route_back_s", "s")
    turns = Turns(iter(range(plan.route_flips)), gap, back, says)
    async with AsyncExitStack() as stack:
        # One after the other: who opens is busy with that, and keeps the others from it.
        pages = [await stack.enter_async_context(browsers.talking(each)) for each in networks]
        async with asyncio.TaskGroup() as tasks:
            wrong = [
                tasks.create_task(_flipped(page, browsers.hub, at, turns))
                for page, at in zip(pages, networks, strict=True)
            ]
    return [
        gap,
        *([back] if back.samples else []),
        Value("route_flip_events_wrong", sum(each.result() for each in wrong), most=0),
        Value("route_flips_missing", plan.route_flips - len(gap.samples), most=0),
    ]


async def _flipped(page: Any, hub: Serving, networks: TwoNetworks, turns: Turns) -> int:
    """Take turns with one page; how many events are wrong in the end."""
    session = await page.evaluate("() => location.hash.slice(1)")
    await page.evaluate(WATCH)
    async with _telling(hub, session):
        await flip(page, networks, turns)
        await page.evaluate("() => { clearInterval(telling); }")
    clock = asyncio.get_running_loop().time
    until = clock() + HELD_S
    while True:
        # What is on its way has time to come.
        await asyncio.sleep(AFTER_S)
        told, offsets, folded = await page.evaluate("() => [told, offsets, legato.view.state.offset]")
        ticket = ticket_of(hub, session, "user")  # one is good for ten minutes
        events = await written(hub.url, session, ticket)
        found = wrong(events, told, offsets, folded)
        if found == 0 or clock() > until:
            return found


def wrong(events: Sequence[Mapping[str, Any]], told: int, offsets: Sequence[int], folded: int) -> int:
    """How much of what the page told is missing or twice in the log, how many events were given to the page twice, and
    how many of them it has not folded."""
    texts = Counter(event["text"] for event in events if event["type"] == "activity_changed")
    lost = sum(abs(texts[f"page {number}"] - 1) for number in range(1, told + 1))
    return lost + len(offsets) - len(set(offsets)) + abs(len(events) - folded)


async def flip(page: Any, networks: TwoNetworks, turns: Turns) -> None:
    """Change the network as long as there are turns, or until the page does not hold both any more. Of each: how long
    it was silent, in ms, and the same of the time before; of all but the last, how long it held not both after it, in
    s. Raises `TimeoutError` if the page never held both."""
    clock = asyncio.get_running_loop().time
    restored: float | None = None
    for _ in turns.left:
        try:
            network = await _held(page, networks.place)
        except TimeoutError:
            if restored is None:
                raise
            return
        if restored is not None:
            turns.back.samples.append(clock() - restored)
        await asyncio.sleep(SETTLED_S)
        before = await _silence(page)
        turns.gap.samples.append(await _silence(page, partial(networks.drop, network)))
        turns.gap.floor.append(before)
        await networks.restore(network)
        restored = clock()
        turns.says(len(turns.gap.samples))


async def _silence(page: Any, change: Callable[[], Awaitable[None]] | None = None) -> float:
    """The longest between two frames in two seconds, from `change` on, less what is between any two; ms."""
    start: float = await page.evaluate(NOW)
    if change is not None:
        await change()
    await asyncio.sleep(AFTER_S)
    came: list[float] = await page.evaluate(CAME)
    return max(later - one for one, later in pairwise([start, *came])) - FRAME_MS


async def _held(page: Any, place: int) -> int:
    """The network by which the call goes, once the page holds the other one ready, too."""
    async with asyncio.timeout(HELD_S):
        while True:
            local, held = await page.evaluate(HELD)
            if held == len(NETWORKS):
                return next(network for network in NETWORKS if address(network, place) == local)
            await asyncio.sleep(0.2)


@asynccontextmanager
async def _telling(hub: Serving, session: str) -> AsyncIterator[None]:
    """Somebody else tells something now and then."""
    ticket = ticket_of(hub, session, "user")
    async with Client(hub.url, ticket=ticket, device="bench") as client, asyncio.TaskGroup() as tasks:
        telling = tasks.create_task(_tell(client))
        yield
        telling.cancel()


async def _tell(client: Client) -> None:
    for number in count(1):
        await client.do(c.ChangeActivity(activity="thinking", text=f"other {number}"))
        await asyncio.sleep(EVERY_S)
