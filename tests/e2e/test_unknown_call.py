"""A call that a kill cut off, put to the person at the page: was it done?"""

from __future__ import annotations

import pytest

from tests.support.chromium import launched
from tests.support.page import Reader, reading
from tests.support.processes import running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

CARD = "[...document.querySelectorAll('[data-tool]')]"


async def cut_off(reader: Reader) -> None:
    """A taxi is being called when the agent's process is killed."""
    await reader.say("call me a taxi")
    await reader.until(f"{CARD}.at(-1)?.dataset.status === 'started'")
    await reader.page.get_by_role("button", name="kill agent").click()
    await reader.until(
        "document.querySelector('.transcript').textContent.includes('Nobody knows whether')", 20
    )


async def test_who_sits_at_the_page_says_whether_it_was_done_and_the_answer_goes_on() -> None:
    async with running("demo") as hub, launched() as browser, reading(browser, hub.url) as reader:
        await cut_off(reader)
        await reader.shot("unknown-call")
        await reader.page.get_by_role("button", name="It was done").click()
        await reader.says("then a taxi is on its way already")
        await reader.quiet()
        assert await reader.page.evaluate(f"{CARD}.map((card) => card.dataset.status)") == [
            "interrupted",
            "finished",
        ]
        await cut_off(reader)
        await reader.page.get_by_role("button", name="Give up").click()
        await reader.says("Then I leave that alone")
        await reader.quiet()
        await cut_off(reader)
        await reader.page.get_by_role("button", name="Do it again").click()
        await reader.says("in 7 minutes")
        await reader.quiet()
        await reader.shows_the_log(hub.url)
        assert reader.tab.errors == []
