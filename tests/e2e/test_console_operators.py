"""A supervisor's view of those who help, in a real Chromium beside an operator and a caller."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.test_console import Console, Demo, consoling
from tests.support.chromium import Tab, launched
from tests.support.page import reading, serious_findings
from tests.support.processes import running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    async with running("demo") as hub, launched() as browser:
        yield hub, browser


async def test_a_supervisor_sees_what_an_operator_does_and_joins_by_a_key(demo: Demo) -> None:
    hub, browser = demo
    async with (
        reading(browser, hub.url) as caller,
        consoling(browser, hub, "?name=Olga") as olga,
    ):
        context = await browser.new_context(bypass_csp=True, color_scheme="dark")
        try:
            sue = Console(Tab(await context.new_page(), context))
            await sue.page.goto(f"{hub.url.rstrip('/')}/console?role=supervisor&name=Sue")
            await sue.sees("[data-operator][data-state='available']:has-text('Olga')")
            await olga.open(caller.session)
            await olga.key("t")
            await olga.place("answers")
            await sue.sees("[data-operator][data-state='answering']:has-text('Olga')")
            assert await serious_findings(sue.page) == []
            await sue.shot("operators-dark")
            await sue.key("1")
            await sue.sees(f".desk[data-session='{caller.session}'] [data-phase='live']")
            await sue.place("monitor")
            assert "This hub has no voice" in await sue.page.inner_text(".voiceless")
            await olga.key("h")
            await sue.sees("[data-operator][data-state='wrap_up']:has-text('Olga')")
            await sue.page.set_viewport_size({"width": 360, "height": 740})
            await sue.page.click(".back")
            await sue.sees("#operators")
            assert await sue.page.evaluate("document.documentElement.scrollWidth") <= 360
            assert await serious_findings(sue.page) == []
            await sue.shot("operators-phone-dark")
        finally:
            await context.close()
