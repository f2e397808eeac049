"""A person takes over from the agent in mid answer, answers, and hands back: two pages of one session."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.support.chromium import launched
from tests.support.page import Reader, reading, serious_findings
from tests.support.processes import Tree, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="module")]

EARLY = "In the third bar"
"""Words in the first half of the agent's story."""

Demo = tuple[Tree, Browser]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    async with running("demo") as hub, launched() as browser:
        yield hub, browser


def operating(hub: Tree, reader: Reader) -> str:
    """The address at which an operator finds the reader's session."""
    return f"{hub.url}?as=operator#{reader.session}"


async def answers(reader: Reader, role: str) -> None:
    """Who answers has this role, as the page knows it."""
    await reader.until(
        "(({ state }) => state.participants[state.responder]?.role === " + f"'{role}')(legato.view)"
    )


async def test_an_operator_takes_over_in_mid_answer_answers_and_hands_back(demo: Demo) -> None:
    hub, browser = demo
    async with (
        reading(browser, hub.url) as caller,
        reading(browser, operating(hub, caller)) as operator,
    ):
        await caller.say("tell me a story")
        await operator.says(EARLY)
        await operator.page.click("text=Take over")
        await answers(caller, "operator")
        await caller.says("Operator answers now")
        await operator.shot("takeover-operator")
        await caller.until("Object.keys(legato.view.state.responses).length === 0")
        cut = await caller.texts()
        await operator.say("Hello, this is a person. What can I do?")
        await caller.says("this is a person")
        await caller.quiet()
        await caller.say("my order number is 4711")
        await operator.says("4711")
        await caller.shot("takeover-caller")
        assert await caller.page.locator("[data-tool]").count() == 0, "the agent does not answer meanwhile"
        await operator.page.fill("[aria-label='What the agent should know']", "she waits for order 4711")
        await operator.page.click("text=Hand back")
        await answers(caller, "agent")
        await caller.says("cello bow")
        await caller.quiet()
        now = await caller.texts()
        assert all(now[message] == words for message, words in cut.items()), "nothing was said on"
        assert await caller.page.evaluate("legato.view.state.briefing") == "she waits for order 4711"
        for reader in (caller, operator):
            await reader.shows_the_log(hub.url)
            assert await reader.tally() == (0, 0)
            assert reader.tab.errors == []


async def test_of_two_operators_one_answers_and_the_other_is_told(demo: Demo) -> None:
    hub, browser = demo
    async with (
        reading(browser, hub.url) as caller,
        reading(browser, operating(hub, caller)) as first,
        reading(browser, operating(hub, caller)) as second,
    ):
        both = [each.page.click("text=Take over") for each in (first, second)]
        for click in both:
            await click
        await answers(caller, "operator")
        await second.until(
            "document.querySelector('.takeover .bad') || document.querySelector('.takeover').dataset.mine === 'true'"
        )
        await first.until(
            "document.querySelector('.takeover .bad') || document.querySelector('.takeover').dataset.mine === 'true'"
        )
        mine = [await each.page.get_attribute(".takeover", "data-mine") for each in (first, second)]
        assert sorted(mine, key=str) == ["false", "true"]


async def test_a_guest_is_offered_no_takeover_and_an_operators_page_keeps_nobody_out(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as caller:
        assert await caller.page.locator(".takeover").count() == 0
        context = await browser.new_context(bypass_csp=True)
        try:
            page = await context.new_page()
            await page.goto(operating(hub, caller))
            await page.wait_for_selector(".takeover")
            await page.click("text=Take over")
            await page.wait_for_selector("[aria-label='What the agent should know']")
            assert await serious_findings(page) == []
        finally:
            await context.close()


async def test_the_page_says_when_an_operators_budget_is_used_up(demo: Demo) -> None:
    hub, browser = demo
    async with (
        reading(browser, hub.url) as caller,
        reading(browser, operating(hub, caller)) as operator,
    ):
        await caller.say("my order number is 4711")
        await caller.says("cello bow")
        await caller.quiet()
        await operator.page.evaluate(
            "legato.do([{ type: 'label_session', labels: { budget_tool_calls: '1' } }])"
        )
        await caller.until("document.querySelector('[data-budget=exhausted]') !== null")
        assert "1 of 1 tool calls" in (await caller.page.locator("[data-budget]").text_content() or "")
        await caller.shot("budget")
