"""Both tracks of a session in the console's timeline, heard again from any place of it: in a real Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.e2e.test_console import Console
from tests.support.chromium import Tab, launched, opened
from tests.support.demo_hub import demo_hub
from tests.support.page import Reader, serious_findings
from tests.support.spoken import speech_wav

pytestmark = [pytest.mark.e2e, pytest.mark.voice, pytest.mark.timeout(180)]

VOICE_S: Final = 60.0
SPOKEN: Final = "[data-wave][data-person='true'][data-drawn='true']"
ANSWERED: Final = "[data-wave][data-person='false'][data-drawn='true']"
PLAYS: Final = "document.querySelector('.replay')?.dataset.sounds === 'true'"


async def talked(caller: Reader) -> None:
    """Somebody asked aloud and was answered aloud."""
    await caller.live()
    await caller.agent_here()
    await caller.say("thanks")  # who has said something is not greeted aloud
    await caller.quiet()
    await caller.page.click("[data-voice]")
    await caller.until(
        "Object.values(legato.view.state.entries).some((one) => one.spoken && one.ordinal > 0)"
        " && Object.values(legato.view.state.entries).some((one) => one.speech_end > 0 && one.ordinal > 0)",
        VOICE_S,
    )


async def closed(desk: Console) -> None:
    await desk.page.keyboard.press("Escape")
    await desk.page.wait_for_selector(".replay", state="detached")


async def test_both_tracks_are_drawn_and_heard_again_from_a_place_and_from_a_word(tmp_path: Path) -> None:
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
        await desk.sees(SPOKEN)
        await desk.sees(ANSWERED)
        assert await desk.page.locator(".wave path").count() >= 2
        reader = Reader(other, patience_s=VOICE_S)
        await desk.page.click(ANSWERED)
        await reader.until(PLAYS)
        assert await desk.page.get_attribute(ANSWERED, "data-playing") == "true"
        assert await serious_findings(desk.page) == []
        await desk.shot("timeline-light")
        await closed(desk)
        await desk.page.focus(SPOKEN)
        await desk.page.keyboard.press("Enter")
        await reader.until(PLAYS)
        await closed(desk)
        await desk.page.locator(".transcript .audible").first.click()
        await reader.until(PLAYS)
        await closed(desk)
        await desk.page.emulate_media(color_scheme="dark")
        await desk.page.set_viewport_size({"width": 360, "height": 740})
        assert await desk.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await serious_findings(desk.page) == []
        await desk.shot("timeline-phone-dark")
        assert other.errors == []
