"""A sound that tells its own time: a tone that rises, so that a recording of it says which part was played when.

positions = positions_of(samples)      # of each 20 ms of the recording: seconds into the sweep, or None
largest_hole(positions, 9.0)           # seconds of its first nine that are heard nowhere
longest_repeat(positions)              # seconds of it that are heard twice
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from playwright.async_api import Page

from tests.support.sound import RATE, Samples

LOWEST_HZ: Final = 500.0
HZ_A_SECOND: Final = 250.0
WINDOW: Final = 960
SPECTRUM: Final = 1 << 15
LOUD: Final = 400.0
"""Root mean square of 32 767: what is quieter tells no time."""

STEP_S: Final = WINDOW / RATE


def sweep(seconds: float) -> Samples:
    """The sound: mono, 48 kHz."""
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * (LOWEST_HZ * time + HZ_A_SECOND / 2 * time**2)
    return np.asarray(0.4 * 32_767 * np.sin(phase), dtype=np.int16)


def positions_of(recording: Samples) -> list[float | None]:
    """The middle of each window of 20 ms, in seconds of the sweep; None where it is not heard."""
    window = np.hanning(WINDOW)
    found: list[float | None] = []
    for start in range(0, len(recording) - WINDOW + 1, WINDOW):
        piece = recording[start : start + WINDOW].astype(float)
        if np.sqrt(np.mean(piece**2)) < LOUD:
            found.append(None)
            continue
        spectrum = np.abs(np.fft.rfft(piece * window, SPECTRUM))
        found.append((float(np.argmax(spectrum)) * RATE / SPECTRUM - LOWEST_HZ) / HZ_A_SECOND)
    return found


def largest_hole(positions: Sequence[float | None], end: float, begin: float = 0.0) -> float:
    """Seconds of the sweep, from `begin` to `end`, that are heard nowhere in the recording: the longest stretch of
    them. A window that reads as before its beginning is none of it: what a browser fades in tells any time."""
    heard = sorted(one for one in positions if one is not None and begin <= one <= end)
    return max(after - before for before, after in pairwise([begin, *heard, end]))


def longest_repeat(positions: Sequence[float | None]) -> float:
    """Seconds of the sweep that are heard a second time: the longest stretch of them. What a browser makes up for
    frames that do not come, and fades out, tells any time: only a window counts from which, or to which, the sweep goes
    on. One that merely lies between two such is made up, too, as often as not."""
    goes_on = [
        before is not None and after is not None and _goes_on(before, after)
        for before, after in zip(positions, positions[4:], strict=False)
    ]
    heard, most = 0.0, 0.0
    for place, position in enumerate(positions):
        if position is None or not any(0 <= at < len(goes_on) and goes_on[at] for at in (place, place - 4)):
            continue
        most = max(most, heard - (position - STEP_S / 2))
        heard = max(heard, position + STEP_S / 2)
    return most


def _goes_on(before: float, after: float) -> bool:
    """Whether the readings of two windows, four apart, are."""
    return abs(after - before - 4 * STEP_S) < STEP_S


RECORD: Final = """() => {
  const into = legatoVoice.output.context.createMediaStreamDestination();
  legatoVoice.output.tap(into);
  const [track] = into.stream.getAudioTracks();
  const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 500 }).readable.getReader();
  globalThis.played = [];
  (async () => {
    for (;;) {
      const { value } = await reader.read();
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      played.push(Int16Array.from(samples, (one) => Math.max(-1, Math.min(1, one)) * 32767));
      value.close();
    }
  })();
}"""
"""Records what a page plays, sample by sample, in a page that has `legatoVoice`."""

PLAYED: Final = """async () => {
  const address = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(new Blob(played));
  });
  return address.slice(address.indexOf(",") + 1);
}"""


async def played(page: Page) -> Samples:
    """What it recorded so far."""
    return np.frombuffer(base64.b64decode(await page.evaluate(PLAYED)), dtype=np.int16)
