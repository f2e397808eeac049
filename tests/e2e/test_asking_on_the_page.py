"""A click on the page fills the operators' queue, and who asked sees who comes."""

from __future__ import annotations

import pytest

from tests.e2e.test_console import consoling
from tests.support.chromium import launched
from tests.support.page import reading
from tests.support.processes import running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def test_who_asks_for_a_person_by_a_click_is_in_the_queue_and_sees_who_comes() -> None:
    async with (
        running("demo") as hub,
        launched() as browser,
        reading(browser, hub.url) as caller,
        consoling(browser, hub) as desk,
    ):
        await caller.page.fill("#words", "my refund")
        await caller.page.focus("[data-ask]")
        await caller.page.keyboard.press("Enter")
        await caller.page.wait_for_selector("[data-asking='waits'] >> text=You asked for a person and wait")
        assert await caller.page.input_value("#words") == "", "it was the reason"
        await caller.page.wait_for_selector("[data-asking='waits'] >> text=you are next")
        await desk.sees(".waits")
        await desk.key("n")
        await desk.sees(f".desk[data-session='{caller.session}'] >> text=my refund")
        await caller.page.wait_for_selector("[data-asking='reserved']")
        await desk.place("monitor")
        await desk.key("t")
        await desk.place("answers")
        await caller.page.wait_for_selector("text=Operator answers now")
        assert await caller.page.locator("[data-ask], [data-asking]").count() == 0
        assert desk.tab.errors == caller.tab.errors == []
