"""`page_reload_ms`: somebody to whom an agent speaks reloads the page, and hears the rest.

What the agent says is a tone that rises (`signaling.bench.sweep`), so that each moment of it can be told. What the
page sounds is listened to where it leaves the page's graph: the last moments before the page goes, and all
that the next one sounds. From the navigation's start to the first sample of the rest; and which words, had there been
one each 200 ms, would have been said twice or not at all.
"""

from __future__ import annotations

import array
import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from legato.agent.voice import bring
from legato.client import Client
from legato.session import commands as c
from signaling.bench.agent_speech import has_session
from signaling.bench.first_audio import PATIENCE_S, ticket_of
from signaling.bench.sweep import RATE, first_moment, last_moment, sweep, wrong_words
from signaling.serve import Serving

SPEECH_S: Final = 12.0
WORD_S: Final = 0.2
RELOADS_S: Final = (1.5, 3.1, 4.7, 6.3, 7.9, 9.5)
"""How much of it was heard whenever the page is reloaded."""

ENDS_S: Final = SPEECH_S - 0.2
"""When nothing of it is to come any more."""

JUDGED_S: Final = 0.5
"""Of the rest, before it is read."""

STREAM: Final = 1
SPEECH: Final = sweep(SPEECH_S)

TAP: Final = """() => {
  const { AudioContext: Real } = globalThis;
  const { connect } = AudioNode.prototype;
  const taps = new Map(), KEY = "bench:sounded";
  globalThis.before = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  globalThis.sounds = [];
  let behind = Infinity;
  globalThis.soundedAt = ([at, samples]) => at + behind - samples.length / 48;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (taps.has(to)) connect.call(this, taps.get(to));
    return connect.call(this, to, ...rest);
  };
  globalThis.AudioContext = class extends Real {
    constructor(...given) {
      super(...given);
      const into = this.createMediaStreamDestination();
      taps.set(this.destination, into);
      const [track] = into.stream.getAudioTracks();
      void read(new MediaStreamTrackProcessor({ track, maxBufferSize: 500 }).readable.getReader());
    }
  };
  const read = async (reader) => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      // The page may be too busy to read it: when it left the graph is known by the sound's own time.
      behind = Math.min(behind, performance.now() - value.timestamp / 1_000);
      const at = value.timestamp / 1_000;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      value.close();
      sounds.push([at, Int16Array.from(samples, (one) => Math.max(-1, Math.min(1, one)) * 32767)]);
      if (sounds.length > 1_000) sounds.shift();
    }
  };
  globalThis.written = (pieces) => {
    const bytes = pieces.flatMap(([, samples]) => [...new Uint8Array(samples.buffer)]);
    return btoa(String.fromCharCode(...bytes));
  };
  addEventListener("pagehide", () => sessionStorage.setItem(KEY, written(sounds.slice(-30))));
}"""
"""Keeps what the page sounds, piece by piece, each with its own time; and what it sounded when it went. Both clocks
meet in the piece that was read soonest."""

RESTS: Final = """async () => {
  const loud = ([, samples]) => samples.some((sample) => sample > 1300);
  let first = -1;
  while (first < 0 || sounds.length < first + PIECES) {
    await new Promise((next) => setTimeout(next, 20));
    first = sounds.findIndex(loud);
  }
  const pieces = sounds.slice(Math.max(0, first - 2));
  return [before, soundedAt(pieces[0]), pieces.map((piece) => written([piece]))];
}""".replace("PIECES", str(round(JUDGED_S * 100)))
"""What sounded when the last page went; when what this one sounded began, and that."""

HEARD: Final = """async ([message, samples]) => {
  const heard = () => legatoVoice.playout.heard;
  while (heard()?.message !== message || heard().samples < samples) await new Promise((next) => setTimeout(next, 20));
}"""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """`rest_ms`: to the first sample of the rest; `frame_ms`: to the hub's first frame, whatever it held; `wrong`:
    words missing or said twice; one where the page does not sound what is said."""

    rest_ms: float
    frame_ms: float
    wrong: int


@asynccontextmanager
async def speaking(hub: Serving, session: str) -> AsyncIterator[Client]:
    """An agent of the session."""
    async with Client(hub.url, ticket=ticket_of(hub, session), device="bench") as agent:
        yield agent


async def reloads_in_speech(page: Any, agent: Client, first_frame: str) -> list[Reloaded]:
    """The page, in a call, is reloaded some times while the agent says one message; `first_frame` asks it for the hub's
    first frame."""
    message = await _spoken(agent)
    found: list[Reloaded] = []
    async with asyncio.timeout(2 * PATIENCE_S):
        for seconds in RELOADS_S:
            await page.evaluate(HEARD, [message, seconds * RATE])
            found.append(await _reloaded(page, first_frame))
        await page.evaluate(HEARD, [message, ENDS_S * RATE])
    return found


async def _reloaded(page: Any, first_frame: str) -> Reloaded:
    await page.reload()
    looks = await page.context.new_cdp_session(page)
    frame = float(await _asked(looks, first_frame))
    before, began, pieces = await _asked(looks, RESTS)
    await looks.detach()
    heard = last_moment(_samples(before or ""))
    rest = first_moment([sample for piece in pieces for sample in _samples(piece)])
    if heard is None or rest is None:
        return Reloaded(began, frame, 1)
    sample, moment = rest
    return Reloaded(began + sample * 1_000 / RATE, frame, wrong_words(heard, moment, WORD_S))


async def _asked(looks: Any, function: str) -> Any:
    """What the page's function resolves with. The page is not touched: what a driver evaluates counts as a gesture, and
    who reloads a page has made none in the new one."""
    asked = {"expression": f"({function})()", "returnByValue": True, "awaitPromise": True}
    return (await looks.send("Runtime.evaluate", asked))["result"]["value"]


async def _spoken(agent: Client) -> str:
    """The agent says all of it; its message."""
    await has_session(agent)
    message = agent.new_id("m")
    await agent.do(
        c.StartMessage(message=message),
        c.GrowMessage(message=message, index=0, text="A tone that rises."),
    )
    await bring(agent, message, _pieces(), RATE, STREAM)
    await agent.do(c.EndMessage(message=message))
    return message


async def _pieces() -> AsyncIterator[bytes]:
    yield SPEECH


def _samples(written: str) -> array.array[int]:
    return array.array("h", base64.b64decode(written))
