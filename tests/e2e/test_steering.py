"""Steering in two pages of one session: a pause in one is a pause in both and outlives the agent's process, another
answer stands beside the old, and what is typed while an answer comes can be a direction for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest

from tests.e2e.test_console import consoling
from tests.support.chromium import Tab, launched
from tests.support.page import Reader, reading
from tests.support.processes import Tree, invited, running

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


async def test_an_operator_pauses_steers_and_stops_an_answer_from_the_console_and_reads_what_came_of_it() -> (
    None
):
    async with (
        running("demo") as hub,
        launched() as browser,
        reading(browser, hub.url) as caller,
        consoling(browser, hub) as desk,
    ):
        caller.patience_s = 30
        await caller.agent_here()
        await desk.open(caller.session)
        await desk.place("monitor")
        await caller.say("tell me a story")
        await desk.page.wait_for_selector("[data-pause=off]:enabled")
        await desk.key("k")
        await desk.sees("[data-steered]:has-text('waits')")
        await caller.until("document.querySelector('[data-pause=on]')")
        await desk.sees("[data-pause=on]")
        await desk.key("g")
        await desk.page.fill("#direction", "in short, please")
        await desk.page.press("#direction", "Enter")
        await caller.says("asked: “in short, please”")
        await desk.key("k")
        await desk.sees("[data-pause=off]")
        await caller.says("And so on, in short.")
        await caller.quiet()
        await desk.shot("steering")
        await caller.say("tell me a story")
        await desk.page.wait_for_selector("[data-stop]:enabled")
        await desk.key("c")
        await desk.sees("[data-steered]:has-text('stopped')")
        await caller.quiet()
        cancelled = (
            "Object.values(legato.view.state.entries).filter((one) => one.status === 'cancelled').length"
        )
        assert await caller.page.evaluate(cancelled) == 1
        assert caller.tab.errors == desk.tab.errors == []


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


async def said_in_the_log(hub: Tree, session: str) -> list[dict[str, Any]]:
    """All events, as the hub tells them."""
    async with aiohttp.ClientSession() as http:
        guest = await invited(http, hub.url, session, "p_auditor")
        headers = {"Authorization": f"Bearer {guest.ticket}"}
        path = f"{hub.url}/v1/sessions/{session}/events?after=0&limit=1000"
        async with http.get(path, headers=headers) as answer:
            answer.raise_for_status()
            return list((await answer.json())["events"])


async def at_once(tabs: Sequence[Reader], button: str) -> None:
    """Both press the button in one moment: each was told to before, unless it saw the other first."""
    for tab in tabs:
        await tab.until(f"document.querySelector('{button}')")
    soon = f"setTimeout(() => document.querySelector('{button}')?.click(), %d - Date.now())"
    now = await tabs[0].page.evaluate("Date.now()")
    await asyncio.gather(*(tab.page.evaluate(soon % (now + 300)) for tab in tabs))


async def test_of_two_tabs_that_steer_at_once_there_is_one_outcome_and_both_show_it() -> None:
    async with (
        running("demo") as hub,
        launched() as browser,
        reading(browser, hub.url) as first,
    ):
        second = Reader(Tab(await first.tab.context.new_page(), first.tab.context))
        await second.page.goto(f"{hub.url}#{first.session}")
        await second.live()
        both = (first, second)
        first.patience_s = second.patience_s = 30
        assert len({await each.page.evaluate("legato.view.attachment") for each in both}) == 2
        await first.say("tell me a story")
        await second.says(EARLY)
        await at_once(both, "[data-pause=off]")
        for tab in both:
            await tab.until("document.querySelector('[data-pause=on]')")
            await tab.until(STEERED)
        await at_once(both, "[data-pause=on]")
        for tab in both:
            await tab.until("document.querySelector('[data-anew]')")
            await tab.quiet()
        await at_once(both, "[data-anew]")
        for tab in both:
            await tab.until("Object.values(legato.view.state.entries).some((one) => one.superseded)")
        await at_once(both, '[aria-label="Stop the answer"]')
        for tab in both:
            await tab.quiet()
        events = await said_in_the_log(hub, first.session)
        asked = [event["asked"] for event in events if event["type"] == "steering_requested"]
        assert asked == ["pause", "continue"]
        (again,) = (event for event in events if event["type"] == "response_superseded")
        ends = [event for event in events if event["type"] == "response_ended"]
        assert len({event["response"] for event in ends}) == len(ends), "each answer has one end"
        assert ends[-1]["outcome"] == "cancelled"
        assert ends[-1]["response"] != again["response"], "the other answer"
        for tab in both:
            await tab.shows_the_log(hub.url)
            assert await tab.tally() == (0, 0)
            assert tab.tab.errors == []
