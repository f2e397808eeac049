"""The demo's page in a real Chromium, and what a test asks of it: what it holds, what it plays."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av

from media.codecs import Resampler
from media.engines.child import Engine
from media.engines.wire import Recognise, Recognised
from tests.support.chromium import Tab, launched, opened
from tests.support.patience import holds

LISTEN: Final = """() => {
  globalThis.seen = [];
  legato.onEvents((events) => seen.push(...events));
}"""
RECORD: Final = """() => {
  const into = legatoVoice.output.context.createMediaStreamDestination();
  legatoVoice.output.tap(into);
  globalThis.recorder = new MediaRecorder(into.stream);
  globalThis.recorded = [];
  globalThis.loudest = 0;
  recorder.ondataavailable = (event) => recorded.push(event.data);
  recorder.start(500);
  setInterval(() => { loudest = Math.max(loudest, legatoVoice.output.level()); }, 20);
}"""
RECORDED: Final = """async () => {
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.stop();
  await stopped;
  const bytes = new Uint8Array(await new Blob(recorded).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}"""

EARS_RATE: Final = 16_000
PIECE: Final = 2 * EARS_RATE * 20


@dataclass(frozen=True, slots=True)
class DemoPage:
    """The page, joined and listening to its session's events."""

    tab: Tab

    async def until(self, condition: str, seconds: float = 20) -> None:
        """Wait until the expression is true in the page."""
        await holds(self.tab.page.evaluate, condition, seconds)

    async def talk(self) -> None:
        """Press the button; returns when the call is up and what it plays is being recorded."""
        await self.tab.page.click("[data-voice]")
        await self.until("legatoVoice.current.state === 'live'")
        await self.tab.page.evaluate(RECORD)

    async def type(self, text: str) -> None:
        """Type a message and send it."""
        await self.tab.page.fill("#words", text)
        await self.tab.page.click("button[type=submit]")

    async def events(self, type: str = "") -> list[dict[str, Any]]:
        """The events that the page was given live, in the order it was given them."""
        seen: list[dict[str, Any]] = await self.tab.page.evaluate("() => seen")
        return [event for event in seen if type in ("", event["type"])]

    async def entries(self) -> list[dict[str, Any]]:
        """The transcript that the page holds."""
        found: list[dict[str, Any]] = await self.tab.page.evaluate(
            "() => Object.values(legato.view.state.entries).sort((a, b) => a.at - b.at)"
        )
        return found

    async def heard(self) -> str:
        """The words of everything it played since `talk`, as the recogniser understands them."""
        data = base64.b64decode(await self.tab.page.evaluate(RECORDED))
        return await understood(await asyncio.to_thread(decoded, data))


async def understood(pcm: bytes) -> str:
    """The words that the recogniser hears in PCM at 16 kHz."""
    said = []
    async with Engine("moonshine") as engine:
        for at in range(0, len(pcm), PIECE):
            piece = pcm[at : at + PIECE]

            def ask(number: int, piece: bytes = piece) -> Recognise:
                return Recognise(number, piece, EARS_RATE)

            (answer,) = await engine.ask(ask)
            assert isinstance(answer, Recognised)
            said.append(answer.text)
    return " ".join(said)


@asynccontextmanager
async def demo_page(url: str, microphone: Path) -> AsyncIterator[DemoPage]:
    """A tab at the demo, live in a session of its own, with the demo's agent in it."""
    async with launched(microphone=microphone, once=True) as browser, opened(browser, url) as tab:
        page = DemoPage(tab)
        await page.until("globalThis.legato?.view?.phase === 'live'")
        await tab.page.evaluate(LISTEN)
        await page.until("globalThis.legatoVoice")
        await page.until("legato.view.state.participants['p_concierge'] || legato.view.state.responder")
        yield page


def decoded(data: bytes) -> bytes:
    """A sound file as PCM: s16, mono, 16 kHz."""
    resampler = Resampler(48_000, EARS_RATE)
    pcm = b""
    to_mono = av.AudioResampler(format="s16", layout="mono", rate=48_000)
    with av.open(io.BytesIO(data), mode="r") as container:
        for frame in container.decode(audio=0):
            for mono in to_mono.resample(frame):
                pcm += resampler.push(mono.to_ndarray().tobytes())
    return pcm
