"""The whole call on the console's strip, heard again from any place of it and from any word: in a real Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.e2e.test_console import Console
from tests.support.chromium import Tab, launched, opened
from tests.support.demo_hub import demo_hub
from tests.support.page import Reader, serious_findings
from tests.support.spoken import speech_wav

pytestmark = [pytest.mark.e2e, pytest.mark.voice, pytest.mark.timeout(300)]

VOICE_S: Final = 60.0
DRAWN: Final = """(() => {
  const canvas = document.querySelector(".course canvas");
  const pen = canvas?.getContext("2d");
  if (!pen || canvas.width === 0) return [0, 0];
  const tall = (from) => {
    const { data } = pen.getImageData(0, from, canvas.width, 8);
    return data.filter((value, at) => at % 4 === 3 && value > 0).length;
  };
  return [tall(canvas.height / 2 - 10), tall(canvas.height / 2 + 2)];
})()"""
"""Painted pixels near the middle, of who called and of who helped."""

SOUNDS: Final = ".course[data-sounds='true']"
PLAYS: Final = "document.querySelector('.replay')?.dataset.sounds === 'true'"
SAYS: Final = "document.querySelector('.course input').getAttribute('aria-valuetext').startsWith('0:05 of')"
PLACE: Final = "Number(document.querySelector('.course input').value)"
MIDDLE: Final = "Number(document.querySelector('.course input').max) / 2 - 1"
IN_A_CALL: Final = "globalThis.legatoVoice?.current?.state === 'live'"
ENDED: Final = "Object.values(legato.view.state.entries).filter((one) => one.ordinal > 0)"
ASKED: Final = f"{ENDED}.some((one) => one.spoken)"
ANSWERED: Final = (
    f"{ENDED}.some((one) => one.spoken && {ENDED}.some((other) => other.response && other.at > one.at))"
)
SAID: Final = f"{ENDED}.some((one) => one.speech_end > 0)"


async def talked(caller: Reader) -> None:
    """Somebody asked aloud and was answered aloud."""
    await caller.live()
    await caller.agent_here()
    await caller.say("thanks")  # who has said something is not greeted aloud
    await caller.quiet()
    await caller.page.click("[data-voice]")
    # Each has a patience of its own: where nothing of the machine is idle a recogniser alone takes eight seconds.
    for stage in (IN_A_CALL, ASKED, ANSWERED, SAID):
        await caller.until(stage, VOICE_S)


async def closed(desk: Console) -> None:
    await desk.page.keyboard.press("Escape")
    await desk.page.wait_for_selector(".replay", state="detached")


async def shows_the_strip_on_the_demo(caller: Reader) -> None:
    """Who hears a word again is shown the whole call, until they close it."""
    await caller.page.locator(".transcript .audible").first.click()
    await caller.page.wait_for_selector(".course:not([data-length='0'])", timeout=VOICE_S * 1_000)
    await caller.page.click(".course [aria-label='Close the whole call']")
    await caller.page.wait_for_selector(".course", state="detached")


async def test_all_of_the_call_is_drawn_and_heard_again_from_a_place_and_from_a_word(tmp_path: Path) -> None:
    asked = speech_wav("Where is order four seven one one?", lead_ms=1500, tail_ms=20_000)
    async with (
        demo_hub(tmp_path / "data") as url,
        launched(asked) as browser,
        opened(browser, url) as tab,
        opened(browser, f"{url.rstrip('/')}/console", bypass_csp=True) as other,
    ):
        caller, desk = Reader(tab, patience_s=VOICE_S), Console(Tab(other.page, other.context))
        await talked(caller)
        await desk.open(caller.session)
        await desk.sees(".course")
        reader = Reader(other, patience_s=VOICE_S)
        await reader.until(f"{DRAWN}.every((pixels) => pixels > 100)", VOICE_S)
        track = desk.page.locator(".course input")
        box = await track.bounding_box()
        assert box is not None
        await track.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
        await reader.until(f'document.querySelector("{SOUNDS}") && {PLACE} > {MIDDLE}')
        assert await serious_findings(desk.page) == []
        await desk.shot("timeline-light")
        await desk.page.keyboard.press("Escape")
        await desk.page.wait_for_selector(SOUNDS, state="detached")
        await track.focus()
        await desk.page.keyboard.press("Home")
        await desk.page.keyboard.press("ArrowRight")
        await reader.until(SAYS)
        await desk.page.keyboard.press("Enter")
        await reader.until(f'document.querySelector("{SOUNDS}") && {PLACE} > 5')
        await desk.page.locator(".transcript .audible").first.click()
        await reader.until(PLAYS)
        await desk.page.wait_for_selector(SOUNDS, state="detached")
        await closed(desk)
        await desk.page.emulate_media(color_scheme="dark")
        await desk.page.set_viewport_size({"width": 360, "height": 740})
        assert await desk.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await serious_findings(desk.page) == []
        await desk.shot("timeline-phone-dark")
        await shows_the_strip_on_the_demo(caller)
        assert [each for each in other.errors if "503" not in each] == [], "which is asked again"
