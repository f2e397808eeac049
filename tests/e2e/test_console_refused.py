"""What the console says in a real Chromium where the hub refuses, and whom it takes where a reservation ran out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Route

from tests.e2e.test_console import PATIENCE_MS, Console, Demo, ask_for_a_person, consoling
from tests.support.chromium import launched
from tests.support.page import Reader, reading
from tests.support.processes import running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

DOORS: Final = "**/v1/**"
REFUSED: Final = '{"error": {"reason": "ticket_refused"}}'
TOLD: Final = ".left [role='alert']:has-text('ticket is not good')"
KEPT: Final = "[aria-labelledby='queue'] .tag:has-text('kept for you')"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    async with running("demo") as hub, launched() as browser:
        yield hub, browser


async def refused(route: Route) -> None:
    """As the hub answers to a ticket that is over."""
    await route.fulfill(status=401, content_type="application/json", body=REFUSED)


async def waits(desk: Console, caller: Reader) -> str:
    """The caller's row in the queue."""
    await ask_for_a_person(caller, "refund")
    row = f"[aria-labelledby='queue'] button[data-session='{caller.session}']"
    await desk.sees(row)
    return row


async def answers(desk: Console, caller: Reader) -> None:
    """Nobody is left in the queue for another test."""
    await desk.sees(f".desk[data-session='{caller.session}'] [data-phase='live']")
    await desk.place("monitor")
    await desk.key("t")
    await desk.place("answers")


async def gone(desk: Console, selector: str) -> None:
    await desk.page.wait_for_selector(selector, state="detached", timeout=PATIENCE_MS)


async def test_a_ticket_that_is_over_is_told_to_who_takes_the_next(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as caller, consoling(browser, hub) as desk:
        await waits(desk, caller)
        await desk.page.route(DOORS, refused)
        await desk.key("n")
        await desk.sees(TOLD)
        await desk.shot("ticket-refused")
        await desk.page.unroute(DOORS)
        await desk.key("n")
        await answers(desk, caller)
        await gone(desk, TOLD)


async def test_a_session_that_a_ticket_does_not_open_says_so_and_opens_with_the_next_click(
    demo: Demo,
) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as caller, consoling(browser, hub) as desk:
        row = await waits(desk, caller)
        await desk.page.route(DOORS, refused)
        await desk.page.click(row)
        await desk.sees(TOLD)
        await desk.sees("main:has-text('Open a session')")
        await desk.page.unroute(DOORS)
        await desk.page.click(row)
        await answers(desk, caller)
        await gone(desk, TOLD)


async def test_who_let_a_reservation_run_out_may_still_take_the_one_that_is_left(demo: Demo) -> None:
    hub, browser = demo
    async with (
        reading(browser, hub.url) as caller,
        reading(browser, hub.url) as other,
        consoling(browser, hub) as desk,
    ):
        await waits(desk, caller)
        await desk.key("n")
        await desk.sees(KEPT)
        await desk.open(other.session)
        await gone(desk, KEPT)
        await desk.key("n")
        await desk.sees(KEPT)
        await answers(desk, caller)
