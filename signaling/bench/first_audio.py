"""`first_audio_ms`: somebody clicks “Talk”, and hears a greeting that was prepared.

Real Chromium, the demo's page, a hub as it is served; an agent greets with the same words whenever a call begins. Each
sample is a fresh page in a session of its own, at rest: its session is live, and its call waits without a sound (as the
page always does for who just opened it, or comes near the button); then half a second passes. From the click to the
first sample that is not silence at an AudioWorklet behind everything else that the page does with sound; the output is
warmed on pointer-down, no time before the click, and the microphone joins after. Chromium runs without a screen and
with a made-up microphone.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from hub.store.embedded import EmbeddedStoreFailed, end_unused
from legato.client import Client
from legato.session import commands as c
from legato.session.events import Event, Unknown, VoiceStarted
from legato.session.ids import MAIN, new_id
from legato.session.parts import Part
from legato.session.tickets import new_ticket
from legato.session.vocabulary import Role
from signaling.bench.figures import Bar, Figure
from signaling.demo.routes import DemoOptions, add_demo
from signaling.options import Options
from signaling.serve import Serving, serving

GREETING: Final = "Hello, this is the concierge. How can I help you?"
SAMPLES: Final = 110
MOST_MS: Final = 60.0
PATIENCE_S: Final = 30.0

SETTLED_S: Final = 0.5
"""From the page's being at rest to the click: nobody is quicker, and what opening costs is not the call's."""

FLAGS: Final = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # Loopback candidates are hidden behind mDNS names otherwise, and nothing resolves those here.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)

WORKLETS: Final = ("onset.js", "edges.js", "arrivals.js", "tail.js")
"""What listens to a page's sound; served beside it."""

AT_REST: Final = """async () => {
  while (globalThis.legato?.view?.phase !== "live" || !globalThis.legatoVoice?.waits)
    await new Promise((next) => setTimeout(next, 20));
}"""

PREPARE: Final = """async () => {
  const output = legatoVoice.output;
  await output.context.audioWorklet.addModule("/bench/onset.js");
  const onset = new AudioWorkletNode(output.context, "onset");
  output.tap(onset);
  globalThis.took = new Promise((resolve) => {
    let clicked = 0;
    const began = Date.now() - performance.now();
    const note = (event) => { clicked = began + event.timeStamp; };
    document.addEventListener("click", note, { capture: true, once: true });
    onset.port.onmessage = ({ data }) => resolve(data - clicked);
  });
}"""


async def measure_first_audio(
    samples: int = SAMPLES, says: Callable[[str], None] = lambda text: None, voice: str = "auto"
) -> Figure:
    """The figure. Raises `RuntimeError` if there is no voice to prepare a greeting with."""
    # Chromium's driver belongs to those who measure, not to those who serve.
    from playwright.async_api import async_playwright

    figure = Figure("first_audio_ms", "ms", bars=(Bar(50, MOST_MS),))
    async with hub_with_pages(voice) as hub, async_playwright() as playwright:
        says(f"first audio: {samples} pages of {hub.url}")
        browser = await chromium_with_sound(playwright)
        try:
            for _ in range(samples):
                context = await browser.new_context(permissions=["microphone"])
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        figure.samples.append(await _sample(hub, await context.new_page()))
                finally:
                    await context.close()
        finally:
            await browser.close()
    return figure


async def _sample(hub: Serving, page: Any) -> float:
    await page.goto(hub.url)
    await page.evaluate(AT_REST)
    session = await page.evaluate("() => location.hash.slice(1)")
    async with _greeter(hub, session):
        await page.evaluate(PREPARE)
        await asyncio.sleep(SETTLED_S)
        await page.click("[data-voice]")
        took = float(await page.evaluate("() => took"))
        # A browser's context that is thrown away hangs nothing up: the hub would go on talking to it.
        await page.evaluate("() => legatoVoice.stop()")
        return took


def ticket_of(hub: Serving, session: str, role: Role = "agent") -> str:
    """An agent's, or another's, for this session."""
    ticket = new_ticket(
        "access",
        id=new_id("j", secrets.token_bytes),
        now=int(time.time()),
        tenant=MAIN,
        session=session,
        participant="p_greeter",
        role=role,
    )
    return hub.signer.mint(ticket)


@asynccontextmanager
async def _greeter(hub: Serving, session: str) -> AsyncIterator[None]:
    """The agent: whenever a call begins, it greets."""
    async with Client(hub.url, ticket=ticket_of(hub, session), device="bench") as agent:

        def greet(events: Sequence[Event | Unknown]) -> None:
            if any(isinstance(event, VoiceStarted) for event in events):
                response = agent.new_id("r")
                parts = [Part("text", GREETING)]
                message = c.PostMessage(message=agent.new_id("m"), parts=parts, response=response)
                agent.begin(c.StartResponse(response=response), message, c.EndResponse(response=response))

        agent.on.events.append(greet)
        await agent.do(c.AcceptSession(right="worker:greeter", worker=agent.new_id("k")))
        yield


@asynccontextmanager
async def hub_with_pages(
    voice: str, media_port: int = 0, shown: tuple[str, ...] = ()
) -> AsyncIterator[Serving]:
    """A hub as it is served, with the demo's page and the greeting prepared; `shown`: to callers, instead of
    where it listens. Raises `RuntimeError` without a voice."""
    folder = await asyncio.to_thread(lambda: Path(tempfile.mkdtemp(prefix="legato-first-audio-")))

    def dress(here: Serving) -> None:
        add_demo(here, DemoOptions(voice=True))
        for name in WORKLETS:
            here.app.router.add_get(f"/bench/{name}", _worklet)

    try:
        options = Options(
            port=0, data=folder, ears="none", voice=voice, media_port=media_port, media_addresses=shown
        )
        async with serving(options, dress) as hub:
            await hub.voice.prompts.prepare(GREETING)
            if hub.voice.prompts.get(GREETING) is None:
                raise RuntimeError("there is no voice here: install legato[demo]")
            yield hub
    finally:
        with suppress(EmbeddedStoreFailed):
            await end_unused(folder / "store")
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _worklet(request: web.Request) -> web.StreamResponse:
    path = Path(__file__).with_name(request.path.rpartition("/")[2])
    return web.Response(body=await asyncio.to_thread(path.read_bytes), content_type="text/javascript")


async def chromium_with_sound(
    playwright: Any, microphone: Path | None = None, more: Sequence[str] = (), runs: Path | None = None
) -> Any:
    """A browser without a screen and with a made-up microphone: it hears this WAV file again and again, if given.
    `more` flags; `runs`: what runs it, if not it itself."""
    flags = [*FLAGS, *more, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    if microphone is not None:
        flags.append(f"--use-file-for-fake-audio-capture={microphone}")
    return await playwright.chromium.launch(
        executable_path=runs or chromium_path(), headless=True, args=flags
    )


def chromium_path() -> str | None:
    """Chromium of this machine; None: the one that its driver brought."""
    return os.environ.get("LEGATO_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
