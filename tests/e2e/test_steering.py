"""Steering in two pages of one session: a pause in one is a pause in both, and another answer stands beside the old."""

from __future__ import annotations

import pytest

from tests.support.chromium import launched
from tests.support.page import reading
from tests.support.processes import running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="module")]

EARLY = "In the third bar"
"""Words in the first half of the agent's story."""

STEERED = "Object.values(legato.view.state.responses).every((one) => one.pausing === '')"


async def test_an_answer_paused_in_one_page_goes_on_in_the_other_and_another_one_is_asked_for() -> None:
    async with (
        running("demo") as hub,
        launched() as browser,
        reading(browser, hub.url) as first,
        reading(browser, f"{hub.url}#{first.session}") as second,
    ):
        await first.say("tell me a story")
        await second.says(EARLY)
        await first.page.click("[data-pause=off]")
        await second.until("document.querySelector('[data-pause=on]')")
        for reader in (first, second):
            await reader.until(STEERED)
        held = await second.texts()
        assert await second.page.evaluate("legato.view.state.paused") != ""
        await first.shot("steering-paused")
        await second.page.wait_for_timeout(1_000)
        assert await second.texts() == held, "not a word while it is paused"
        await second.page.click("[data-pause=on]")
        await first.until("document.querySelector('[data-anew]')")
        await first.quiet()
        whole = await first.texts()
        assert all(whole[message].startswith(words) for message, words in held.items())
        assert whole != held, "it went on"
        await first.page.click("[data-anew]")
        await second.until(
            "Object.values(legato.view.state.entries).filter((one) => one.superseded).length > 0"
        )
        await second.until("document.querySelectorAll('.by-agent[data-message]').length > 1")
        await second.quiet()
        await first.quiet()
        await second.shot("steering-anew")
        for reader in (first, second):
            await reader.shows_the_log(hub.url)
            assert await reader.tally() == (0, 0)
            assert reader.tab.errors == []
