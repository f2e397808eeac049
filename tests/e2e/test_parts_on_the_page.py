"""Specialists at once under one answer: a tree with each one's own progress; stopping the answer stops them all."""

from __future__ import annotations

import pytest

from tests.support.chromium import launched
from tests.support.page import reading
from tests.support.processes import running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="module")]

PARTS = "document.querySelectorAll('[data-part]').length"
STEPS = "[...document.querySelectorAll('[data-part] progress')].some((one) => one.value > 1)"


async def test_specialists_show_their_own_progress_and_one_is_stopped_alone() -> None:
    async with running("demo") as hub, launched() as browser, reading(browser, hub.url) as reader:
        await reader.say("compare the cello bows")
        await reader.until(f"{PARTS} === 3 && {STEPS}")
        await reader.shot("parts")
        await reader.page.get_by_role("button", name="Stop price").click()
        await reader.says("take the cello bow")
        await reader.quiet()
        await reader.shot("parts-said")
        words = " ".join((await reader.texts()).values())
        assert "two recordings" in words
        assert "second-hand" not in words, "that one was stopped"
        assert await reader.page.evaluate(PARTS) == 0
        await reader.shows_the_log(hub.url)
        assert reader.tab.errors == []


async def test_who_stops_the_answer_stops_its_parts() -> None:
    async with running("demo") as hub, launched() as browser, reading(browser, hub.url) as reader:
        await reader.say("compare the cello bows")
        await reader.until(f"{PARTS} === 3")
        await reader.page.keyboard.press("Escape")
        await reader.quiet()
        words = " ".join((await reader.texts()).values())
        assert "take the cello bow" not in words
        assert "nothing to object" not in words
        await reader.shows_the_log(hub.url)
