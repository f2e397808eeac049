"""A board of hundreds of sessions in a real Chromium, and what was left for the record of a caller who comes again."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, TimeoutError

from hub.keys.signer import TicketSigner
from legato.session.events import Role
from legato.session.ids import MAIN, new_id
from legato.session.tickets import ANY_SESSION, new_ticket
from signaling.cli.tickets import signer_here
from tests.e2e.minting import created, ticket_for
from tests.e2e.test_console import PATIENCE_MS, Console
from tests.support.chromium import Tab, launched
from tests.support.page import serious_findings
from tests.support.processes import running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

PAGE = 200
MANY = 205
DRAWN = 60
"""Rows that fit into what is seen and what is near it, and some."""

STANDS = """(() => {
  const focused = document.activeElement;
  return [focused.dataset.session, focused.getBoundingClientRect().top];
})()"""
MORE = """(before) => {
  const shown = Number(document.querySelector("[data-going-on]").dataset.goingOn);
  return shown > before || document.querySelector("[data-more]") === null;
}"""
LOST_MS = 5_000
"""Who sees nothing more by then clicks again."""
SEEN = """() => {
  const { top, bottom } = document.activeElement.getBoundingClientRect();
  return top >= -1 && bottom <= innerHeight + 1;
}"""


@dataclass(frozen=True, slots=True)
class House:
    """A hub, whoever signs for it, and a browser."""

    url: str
    signer: TicketSigner
    http: aiohttp.ClientSession
    browser: Browser

    async def do(self, session: str, who: str, role: Role, *commands: dict[str, Any]) -> None:
        """Somebody does that, one after another."""
        headers = {"Authorization": f"Bearer {ticket_for(self.signer, ANY_SESSION, who, role)}"}
        for number, command in enumerate(commands):
            body = {"producer": f"{who}{session}{number}", "seq": 1, "commands": [command]}
            path = f"{self.url}/v1/sessions/{session}/commands"
            async with self.http.post(path, json=body, headers=headers) as answer:
                assert answer.status == 200, await answer.text()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    async with running("serve") as hub, aiohttp.ClientSession() as http, launched() as browser:
        yield House(hub.url.rstrip("/"), await signer_here(hub.folder, os.environ), http, browser)


@asynccontextmanager
async def sitting(
    house: House, scheme: Literal["light", "dark"] = "light", *, feeds: bool = True
) -> AsyncIterator[Console]:
    """Ben at the console, by a ticket that he brings. Without `feeds` something in between lets no stream through."""
    context = await house.browser.new_context(bypass_csp=True, color_scheme=scheme)
    try:
        if not feeds:
            await context.route("**/v1/feed*", lambda route: route.abort())
        desk = Console(Tab(await context.new_page(), context))
        given = house.signer.mint(
            new_ticket(
                "access", id=new_id("j", secrets.token_bytes), now=int(time.time()), tenant=MAIN,
                session=ANY_SESSION, participant="p_ben", role="operator",
            )
        )  # fmt: skip
        await desk.page.goto(f"{house.url}/console#ticket={given}")
        await desk.sees("#board")
        yield desk
    finally:
        await context.close()


async def shown(desk: Console, name: str) -> None:
    """Looked at on a desk and on a phone; it keeps nobody out."""
    for width, height, what in ((1280, 800, "desk"), (360, 740, "phone")):
        await desk.page.set_viewport_size({"width": width, "height": height})
        assert await desk.page.evaluate("document.documentElement.scrollWidth") <= width
        assert await serious_findings(desk.page) == []
        await desk.shot(f"{name}-{what}")
    await desk.page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_who_opens_a_session_sees_what_was_noted_and_promised_before(
    house: House, scheme: Literal["light", "dark"]
) -> None:
    earlier, now = [
        await created(house.http, house.url, house.signer, caller=scheme, language="de") for _ in range(2)
    ]
    await house.do(
        earlier,
        "p_olga",
        "operator",
        {"type": "take_over"},
        {"type": "make_promise", "promise": "y_1", "text": "her money on Monday"},
        {"type": "hand_back", "briefing": "calm again"},
        {"type": "wrap_up", "disposition": "solved", "notes": "was kind"},
    )
    await house.do(
        now, "p_boss", "supervisor", {"type": "request_human", "request": "q_1", "reason": "refund"}
    )
    async with sitting(house, scheme) as desk:
        await desk.sees(f"[data-asks='{now}']:has-text('wants a person, 0:')")
        await desk.sees(f"[data-row='{now}'] [data-language='de']:has-text('German')")
        await desk.open(now)
        await desk.sees(".earlier:has-text('was kind')")
        told = await desk.page.inner_text(".earlier")
        for words in ("p_olga, solved, in another session", "p_olga, promised", "her money on Monday"):
            assert words in told
        await shown(desk, f"earlier-{scheme}")
        await desk.open(earlier)
        await desk.sees("[data-helped]:has-text('calm again · promised: her money on Monday')")
        await desk.sees(".earlier:has-text('was kind')")
        assert "another session" not in await desk.page.inner_text(".earlier")
        await shown(desk, f"helped-{scheme}")
        assert desk.tab.errors == []


@pytest.mark.parametrize("way", ["told", "asks"])
async def test_the_board_is_told_as_it_changes_and_asked_for_where_no_stream_comes(
    house: House, way: str
) -> None:
    session = await created(house.http, house.url, house.signer)
    asked: list[str] = []
    async with sitting(house, feeds=way == "told") as desk:
        await desk.sees(f"[data-session='{session}']")
        desk.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        command = {"type": "request_human", "request": "q_1", "reason": way}
        await house.do(session, "p_boss", "supervisor", command)
        await desk.sees(f"[data-asks='{session}']:has-text('wants a person, 0:')")
        await desk.sees(f"[data-asks='{session}']:has-text('wants a person, 0:02')")
    assert ("/v1/board" in asked) == (way == "asks"), "who waits grows older by itself"


async def test_the_board_goes_on_beyond_two_hundred_sessions(house: House) -> None:
    one_wants = await created(house.http, house.url, house.signer)
    await house.do(
        one_wants, "p_boss", "supervisor", {"type": "request_human", "request": "q_1", "reason": "x"}
    )
    for _ in range(MANY // 5):
        await asyncio.gather(*(created(house.http, house.url, house.signer) for _ in range(5)))
    async with sitting(house) as desk:
        await desk.sees(f"[data-going-on='{PAGE}']")
        await asks_for_all(desk)
        many = await going_on(desk)
        assert many > PAGE
        await shown(desk, "board-of-hundreds")
        await draws_only_what_is_near(desk, many)
        await goes_by_keys(desk, many)
        await keeps_its_place(desk, house, many)
        await finds(desk, one_wants)
        await desk.page.check("[data-filter='waits']")
        await desk.sees(f"[data-row='{one_wants}']")
        assert await going_on(desk) < 10, "only those in which somebody waits"


async def asks_for_all(desk: Console) -> None:
    """Click `More` until there is none. A click is lost where the last rows are drawn for the first time in its midst:
    they are higher than was thought, and move the button away."""
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while await desk.page.locator("[data-more]").count() > 0:
            before = await going_on(desk)
            await desk.page.click("[data-more]")
            with suppress(TimeoutError):
                await desk.page.wait_for_function(MORE, arg=before, timeout=LOST_MS)


async def going_on(desk: Console) -> int:
    """So many sessions are on the board."""
    return int(str(await desk.page.get_attribute("[data-going-on]", "data-going-on")))


async def draws_only_what_is_near(desk: Console, many: int) -> None:
    """Who reads the page aloud is told how many there are all the same."""
    assert await desk.page.get_attribute("[role='grid']", "aria-rowcount") == str(many)
    assert await desk.page.locator("[role='grid'] [role='row']").count() < DRAWN


async def at_row(desk: Console, row: int) -> None:
    """The focus is on that row, which is seen."""
    await desk.sees(f"[aria-rowindex='{row}'] button:focus")
    await desk.page.wait_for_function(SEEN, timeout=PATIENCE_MS)


async def goes_by_keys(desk: Console, many: int) -> None:
    """To the end and back, and from row to row: `Tab` comes to one of them."""
    await desk.page.focus("[aria-rowindex='1'] button")
    keys = ("End", "PageUp", "Home", "ArrowDown", "PageDown", "PageDown")
    for key, row in zip(keys, (many, many - 10, 1, 2, 12, 22), strict=True):
        await desk.page.keyboard.press(key)
        await at_row(desk, row)
    assert await desk.page.locator("[role='grid'] [tabindex='0']").count() == 1


async def keeps_its_place(desk: Console, house: House, many: int) -> None:
    """The row that one is at stays where it is while another comes before it."""
    await at_row(desk, 22)
    session, before = await desk.page.evaluate(STANDS)
    await created(house.http, house.url, house.signer)
    await desk.sees(f"[data-going-on='{many + 1}']")
    await at_row(desk, 23)
    assert await desk.page.evaluate(STANDS) == [session, pytest.approx(before, abs=1.5)]


async def finds(desk: Console, session: str) -> None:
    """By typing, wherever in the list it is."""
    await desk.key("/")
    await desk.page.keyboard.type(session)
    await desk.sees("[data-going-on='1']")
    await desk.page.keyboard.press("Enter")
    await desk.sees(f"button[data-session='{session}']:focus")
    await desk.page.keyboard.press("Enter")
    await desk.sees(f".desk[data-session='{session}'] [data-phase='live']")
    await desk.page.fill("[data-find]", "")
