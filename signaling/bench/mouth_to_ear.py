"""`mouth_to_ear_ms`: what one person says, until another hears it: both in Chromium, the hub between them.

Two browsers, the demo's page, a hub as it is served, on one machine. The first one's microphone hears a WAV file in
which a word is said every few seconds. From the word's first loud sample, by the time that the browser gives to what it
captured, to its first loud sample at the other page, by the time at which that browser says that it leaves the output.
"""

from __future__ import annotations

import asyncio
import tempfile
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from legato.speech import SpeechFailed
from media.engines.openai import wav
from signaling.bench.figures import Figure, Result
from signaling.bench.first_audio import chromium_with_sound, hub_with_pages
from signaling.bench.page_barge_in import talking
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig
from signaling.bench.utterance import RATE, utterance_pcm

WORD: Final = "Two."
BETWEEN_S: Final = 1.5
QUIET_S: Final = 2.0
"""Of the listener's own microphone, again and again."""

SETTLED_S: Final = 3.0
"""Until both calls stand as they will."""

LATEST_MS: Final = 1_000.0
"""What begins to sound later than this is not the word."""

HEARD: Final = "() => ({ ...heard, origin: performance.timeOrigin })"


async def measure_mouth_to_ear(rig: Rig, plan: Plan) -> list[Result]:
    """The figure of one run; none if the plan wants none, or no voice is installed to speak with."""
    if not plan.words:
        return []
    try:
        # Chromium's driver belongs to those who measure, not to those who serve.
        from playwright.async_api import async_playwright

        word = await utterance_pcm(WORD)
    except (ImportError, SpeechFailed):
        plan.says("voice: mouth to ear is not measured: playwright and a voice are needed")
        return []
    plan.says(f"voice: {plan.words} words from one page to another")
    seconds = SETTLED_S + plan.words * (BETWEEN_S + len(word) / 2 / RATE)
    with tempfile.TemporaryDirectory(prefix="legato-mouth-to-ear-") as folder:
        mouth, ear = Path(folder) / "word.wav", Path(folder) / "quiet.wav"
        await asyncio.to_thread(mouth.write_bytes, wav(bytes(int(BETWEEN_S * RATE) * 2) + word, RATE))
        await asyncio.to_thread(ear.write_bytes, wav(bytes(int(QUIET_S * RATE) * 2), RATE))
        async with (
            hub_with_pages("auto") as hub,
            async_playwright() as playwright,
            AsyncExitStack() as stack,
        ):
            pages: list[Any] = []
            for microphone in (mouth, ear):
                browser = await chromium_with_sound(playwright, microphone)
                stack.push_async_callback(browser.close)
                session = await pages[0].evaluate("() => location.hash") if pages else ""
                pages.append(await talking(browser, hub.url + session))
            await asyncio.sleep(seconds)
            said, heard = [await page.evaluate(HEARD) for page in pages]
            for page in pages:
                await page.evaluate("() => legatoVoice.stop()")
    words = [said["origin"] + at for at in said["words"]]
    sounds = [heard["origin"] + at for at, loud in heard["edges"] if loud]
    figure = Figure("mouth_to_ear_ms", "ms")
    figure.samples += delays(words, sounds)[-plan.words :]
    return [figure]


def delays(words: Sequence[float], sounds: Sequence[float]) -> list[float]:
    """From each word to the first sound after it, if that came soon enough to be its (ms; both in order)."""
    found: list[float] = []
    for word in words:
        first = bisect_left(sounds, word)
        if first < len(sounds) and sounds[first] - word < LATEST_MS:
            found.append(sounds[first] - word)
    return found
