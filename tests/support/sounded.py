"""What a page really plays, sample by sample, taken by an AudioWorklet behind all that it does with sound.

    async with opened(browser, url, script=TAP, bypass_csp=True) as tab:
        ...
        samples = await sounded(tab.page)

A page that is reloaded hands what it played on to the next one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from playwright.async_api import Page

from tests.support.numbered import BEGINS_S
from tests.support.sound import Samples
from tests.support.sweep import STEP_S, WINDOW, positions_of

HOPS: Final = 4
"""Windows a frame: so a frame is found though a browser made it shorter or longer."""

NEAR_S: Final = 0.007
RUN: Final = 6
"""Windows that must go on one after the other: what a browser makes up does for one or two."""
PER_MS: Final = 48
AWAY_MS: Final = 300
"""A path that brings nothing for so long is lost, and what it should have brought is said again."""

LATE_MS: Final = 40
BACK: Final = 2
"""A browser that waits makes up a moment from the last one it has: frame that it goes back by."""

_WORKLET: Final = """
registerProcessor("sounded", class extends AudioWorkletProcessor {
  constructor() { super(); this.piece = new Int16Array(960); this.at = 0; }
  process([input]) {
    const channel = input[0] ?? new Float32Array(128);
    for (const sample of channel) {
      this.piece[this.at++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.at < this.piece.length) continue;
      this.port.postMessage(this.piece);
      this.at = 0;
    }
    return true;
  }
});
"""

_TAP: Final = """(() => {
  const KEY = "test:sounded", { AudioContext: Real } = globalThis, { connect } = AudioNode.prototype;
  const text = (pieces) => {
    let bytes = "";
    for (const piece of pieces) bytes += String.fromCharCode(...new Uint8Array(piece.buffer));
    return btoa(bytes);
  };
  const before = sessionStorage.getItem(KEY) ?? "", pieces = [], last = [], taps = new Map();
  globalThis.sounded = () => [before, text(pieces)];
  globalThis.told = JSON.parse(sessionStorage.getItem(KEY + ":told") ?? "[]");
  const paths = new Map();
  setInterval(() => {
    const { playout, sounding } = globalThis.legatoVoice ?? {}, heard = playout?.heard?.samples;
    if (heard === undefined || heard === told.at(-1)?.[1]) return;
    if (!paths.has(sounding?.by)) paths.set(sounding?.by, `${performance.timeOrigin} ${paths.size}`);
    told.push([performance.now(), heard, paths.get(sounding?.by)]);
  }, 10);
  AudioNode.prototype.connect = function (to, ...rest) {
    const tap = taps.get(to);
    if (Array.isArray(tap)) tap.push(this);
    else if (tap !== undefined) connect.call(this, tap);
    return connect.call(this, to, ...rest);
  };
  globalThis.AudioContext = class extends Real {
    constructor(...given) {
      super(...given);
      const sources = [];
      taps.set(this.destination, sources);
      const module = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
      void this.audioWorklet.addModule(module).then(() => {
        const tap = new AudioWorkletNode(this, "sounded", { numberOfOutputs: 0 });
        tap.port.onmessage = ({ data }) => pieces.push(data);
        taps.set(this.destination, tap);
        for (const source of sources) connect.call(source, tap);
      });
    }
  };
  addEventListener("pagehide", () => {
    sessionStorage.setItem(KEY, text(pieces));
    sessionStorage.setItem(KEY + ":told", JSON.stringify(told));
  });
})()"""

TAP: Final = _TAP.replace("WORKLET", json.dumps(_WORKLET))
"""Runs in a page before anything else, with its policy bypassed."""


async def sounded(page: Page) -> tuple[Samples, Samples]:
    """What the page before this one played, if it was reloaded, and what this one did; s16, mono, 48 kHz."""
    before, now = await page.evaluate("() => sounded()")
    return _samples(before), _samples(now)


@dataclass(frozen=True, slots=True)
class Played:
    """What became of the frames between the first and the last that were played: `lost`: not played, and not among
    those that the browser says that it played (it spoils some of what it is given on a busy machine); `doubled`: again
    after later ones; `misplaced`: after later ones alone. `unread`: not played as they were, whoever's fault it is."""

    first: int
    last: int
    lost: tuple[int, ...]
    doubled: tuple[int, ...]
    misplaced: tuple[int, ...]
    unread: int


def judged(samples: Samples, given: Collection[int] = frozenset()) -> Played:
    """`samples` of `numbered.spoken`, its first round; `given`: the frames that the browser says that it played."""
    numbers = _numbers(samples)
    there, latest = set[int](), -1
    doubled, misplaced = set[int](), set[int]()
    for number in numbers:
        if number <= latest - BACK:
            (doubled if number in there else misplaced).add(number)
        there.add(number)
        latest = max(latest, number)
    first = min(there, default=0)
    unread = [each for each in range(first, latest) if each not in there]
    lost = tuple(each for each in unread if each not in given)
    return Played(first, latest, lost, tuple(sorted(doubled)), tuple(sorted(misplaced)), len(unread))


def _numbers(samples: Samples) -> list[int]:
    """The frame at each quarter of a frame's length, where the sound goes on as it does: what a browser makes up tells
    any time."""
    shifted = [positions_of(samples[hop * WINDOW // HOPS :]) for hop in range(HOPS)]
    positions = [one for four in zip(*shifted, strict=False) for one in four]
    goes_on = [_follows(before, after) for before, after in zip(positions, positions[HOPS:], strict=False)]
    steady = set[int]()
    for at in range(len(goes_on) - RUN + 1):
        if all(goes_on[at : at + RUN]):
            steady |= set(range(at, at + RUN + HOPS))
    found = [positions[at] for at in sorted(steady)]
    return [int((one - BEGINS_S) / STEP_S) for one in found if one is not None and one >= BEGINS_S]


def _follows(before: float | None, after: float | None) -> bool:
    return before is not None and after is not None and abs(after - before - STEP_S) < NEAR_S


async def given(page: Page) -> frozenset[int]:
    """The frames that the browser says that it played; the page asks it each 10 ms. What it passes while the page's own
    thread is away, or while it makes up what a path did not bring in time, is among them: up to `AWAY_MS` of one path,
    and no more than there was time for."""
    told = await page.evaluate("() => told")
    found = {samples // WINDOW + near for _, samples, _ in told for near in (-1, 0, 1)}
    for (then, before, by), (now, after, path) in pairwise(told):
        passed = 0 < (after - before) / PER_MS <= now - then + LATE_MS
        if by == path and passed and now - then <= AWAY_MS:
            found |= set(range(before // WINDOW, after // WINDOW))
    return frozenset(found)


def _samples(written: str) -> Samples:
    return np.frombuffer(base64.b64decode(written), dtype=np.int16)
