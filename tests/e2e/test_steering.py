"""Steering in two pages of one session: a pause in one is a pause in both and outlives the agent's process, another
answer stands beside the old, and what is typed while an answer comes can be a direction for it."""

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


async def test_what_is_typed_while_an_answer_comes_is_a_direction_for_it_and_all_see_what_came_of_it() -> (
    None
):
    async with (
        running("demo") as hub,
        launched() as browser,
        reading(browser, hub.url) as first,
        reading(browser, f"{hub.url}#{first.session}") as second,
    ):
        await first.say("tell me a story")
        await first.says(EARLY)
        await first.page.fill("#words", "in short, please")
        await first.until("document.querySelector('[data-steer]')")
        await first.shot("steering-direction")
        await first.page.click("[data-steer]")
        await second.says("asked: “in short, please”")
        await second.says("from the next sentence on")
        for reader in (first, second):
            await reader.quiet()
            await reader.says("And so on, in short.")
            await reader.shows_the_log(hub.url)
            assert reader.tab.errors == []
        assert await first.page.input_value("#words") == ""
        assert "not one word of it comes twice" not in "".join((await first.texts()).values())


async def test_a_pause_outlives_the_agents_process_and_the_next_one_waits_for_who_paused() -> None:
    async with running("demo") as hub, launched() as browser, reading(browser, hub.url) as reader:
        await reader.say("tell me a story")
        await reader.says(EARLY)
        await reader.page.click("[data-pause=off]")
        await reader.until("document.querySelector('[data-pause=on]')")
        before = await reader.page.evaluate("legato.view.state.paused")
        await reader.page.get_by_role("button", name="kill agent").click()
        await reader.until(
            f"legato.view.state.responses[legato.view.state.paused] && legato.view.state.paused !== '{before}'",
            20,
        )
        held = await reader.texts()
        await reader.page.wait_for_timeout(700)
        assert await reader.texts() == held, "the next one says nothing until it may"
        await reader.page.click("[data-pause=on]")
        await reader.says("not one word of it comes twice")
        await reader.quiet()
        await reader.shows_the_log(hub.url)
