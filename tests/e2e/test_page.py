"""The demo's page against a real hub, in Chromium: words come once and in order, whatever breaks in between."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, WebSocketRoute

from signaling.demo import brain
from tests.support.chromium import Tab, launched, opened
from tests.support.http_proxies import buffering
from tests.support.page import Reader, reading, serious_findings
from tests.support.processes import Tree, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60), pytest.mark.asyncio(loop_scope="module")]

EARLY = "In the third bar"
"""Words in the first half of the agent's story."""

PICTURE = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 40 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "teal";
  pen.fillRect(0, 0, 64, 40);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const pasted = new DataTransfer();
  pasted.items.add(new File([blob], "bow.png", { type: "image/png" }));
  const paste = { clipboardData: pasted, bubbles: true, cancelable: true };
  document.getElementById("words").dispatchEvent(new ClipboardEvent("paste", paste));
}"""


VISIBILITY = """(state) => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""A tab of this browser is never covered: what it would say of itself then is said for it."""

ATTENTIVE = (
    "Object.values(globalThis.legato.view.state.attachments).find("
    "({ id }) => id === globalThis.legato.view.attachment).attentive"
)


STAGES = ["acknowledged", "agent took it", "first word", "end"]
TIMES = """() => [...document.querySelectorAll("[data-message] .timing")].map((one) =>
    [...one.querySelectorAll("dt")].map((name) => name.textContent))"""
MOST_TABS = 25
FOCUSED = "(({ ariaLabel, id, textContent }) => ariaLabel || id || textContent)(document.activeElement)"


Demo = tuple[Tree, Browser]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    """One hub and one browser for all: each test has a session and a context of its own."""
    async with running("demo") as hub, launched() as browser:
        yield hub, browser


async def telling(reader: Reader) -> None:
    """The agent is in the middle of a long answer."""
    await reader.say("tell me a story")
    await reader.says(EARLY)


async def test_an_answer_streams_and_a_tool_call_shows(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        await reader.shot("empty")
        await reader.say("my order number is 4711")
        await reader.says("cello bow")
        await reader.quiet()
        await reader.shows_the_log(hub.url)
        card = reader.page.locator("[data-tool]")
        assert await card.get_attribute("data-status") == "finished"
        assert "Thursday" in (await card.text_content() or "")
        await reader.say("hello there")
        await reader.quiet()
        assert await reader.page.evaluate(TIMES) == [STAGES, STAGES], "each answer keeps its own"
        assert await reader.page.locator(".stages .stage").count() == len(STAGES)
        assert await reader.tally() == (0, 0)
        assert reader.tab.errors == []


async def test_a_tool_that_the_page_runs_is_run_by_one_of_two_tabs_once_it_is_allowed(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        await reader.agent_here()
        other = await reader.page.context.new_page()
        await other.goto(reader.page.url)
        await reader.say("where am I?")
        await reader.page.get_by_role("button", name="Allow").click()
        await reader.says("Your clock is that of ")
        await reader.quiet()
        card = reader.page.locator("[data-tool]")
        assert await card.get_attribute("data-status") == "finished"
        zone = await reader.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
        assert zone in (await card.text_content() or "")
        await reader.shows_the_log(hub.url)
        assert reader.tab.errors == []


async def test_a_reload_in_mid_answer_loses_and_doubles_nothing(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        await telling(reader)
        attachment = await reader.page.evaluate("legato.view.attachment")
        await reader.page.click("button:text-is('reload')")
        await reader.live()
        await reader.quiet()
        assert brain.STORY in (await reader.texts()).values()
        await reader.shows_the_log(hub.url)
        assert await reader.page.evaluate("legato.view.attachment") == attachment
        await reader.until("document.querySelector('.result')?.dataset.result === 'reload'")
        assert reader.tab.errors == []


async def test_a_killed_hub_cuts_no_answer(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        node = await hub.pid("node")
        await telling(reader)
        await reader.page.click("button:text-is('kill hub')")
        assert await hub.replaced("node", node) != node
        await reader.until("document.querySelector('.result')?.dataset.result === 'kill hub'")
        await reader.quiet()
        await reader.shot("after-a-kill")
        assert brain.STORY in (await reader.texts()).values()
        await reader.shows_the_log(hub.url)
        assert await reader.tally() == (0, 0)


async def test_people_are_told_that_no_agent_is_there_and_answered_when_it_is_back(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        await telling(reader)
        frozen = await hub.send("agent", signal.SIGSTOP)
        try:
            await reader.until("document.querySelector('[data-awaited]') !== null")
            assert "kept" in (await reader.page.locator("[data-awaited]").text_content() or "")
            await reader.say("are you there?")
        finally:
            os.kill(frozen, signal.SIGCONT)
        await reader.until("document.querySelector('[data-awaited]') === null")
        await reader.quiet()
        assert brain.STORY in (await reader.texts()).values()
        await reader.shows_the_log(hub.url)


async def test_what_is_typed_without_a_network_waits_and_goes_once(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        await telling(reader)
        await reader.page.click("button:text-is('cut network')")
        await reader.say("typed while cut")
        await reader.says("waits for the connection")
        await reader.shot("reconnecting")
        await reader.until("document.querySelector('.result')?.dataset.result === 'cut network'")
        await reader.quiet()
        assert list((await reader.texts()).values()).count("typed while cut") == 1
        await reader.shows_the_log(hub.url)
        assert await reader.tally() == (0, 0)
        assert reader.tab.errors == []


async def test_what_was_typed_before_a_reload_without_a_network_goes_once(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        await reader.page.evaluate("legato.cut(60_000)")
        await reader.say("typed before the reload")
        await reader.says("waits for the connection")
        await reader.page.reload()
        await reader.live()
        await reader.quiet()
        assert list((await reader.texts()).values()).count("typed before the reload") == 1
        await reader.shows_the_log(hub.url)


async def test_two_tabs_show_one_session_and_are_two_attachments(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        async with reader.tab.context.expect_page() as opening:
            await reader.page.click("button:text-is('second device')")
        other = Reader(Tab(await opening.value, reader.tab.context))
        await other.live()
        await telling(other)
        await reader.quiet()
        await other.quiet()
        for each in (reader, other):
            await each.shows_the_log(hub.url)
        attachments = {await each.page.evaluate("legato.view.attachment") for each in (reader, other)}
        assert len(attachments) == 2


async def test_a_page_that_is_hidden_for_a_while_says_so_and_again_when_it_is_seen(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        await reader.until(ATTENTIVE)
        for state, attentive in (("hidden", "!"), ("visible", "")):
            await reader.page.evaluate(VISIBILITY, state)
            await reader.until(f"{attentive}{ATTENTIVE}", 30)
        assert reader.tab.errors == []


async def test_a_refused_message_can_be_tried_again_or_let_go(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        await reader.say("x" * 60_000)
        await reader.says("not sent")
        await reader.shot("not-sent")
        await reader.page.reload()
        await reader.says("not sent")
        await reader.page.click("button:text-is('Try again')")
        await reader.until("document.querySelectorAll('[data-unsent]').length === 1")
        await reader.says("not sent")
        await reader.page.click("button:text-is('Discard')")
        await reader.until("document.querySelectorAll('[data-unsent]').length === 0")
        await reader.say("y" * 70_000)
        await reader.says("it is too long")
        await reader.page.click("button:text-is('Discard')")
        await reader.say("short words")
        await reader.quiet()
        await reader.shows_the_log(hub.url)


async def test_a_pasted_image_is_stored_and_shown_to_others(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        await reader.page.evaluate(PICTURE)
        await reader.until("document.querySelector('.attached-one')")
        await reader.say("look at this")
        await reader.until("document.querySelector('[data-shown=true] img')?.naturalWidth === 64")
        async with opened(browser, reader.page.url) as tab:
            guest = Reader(tab)
            await guest.until("document.querySelector('[data-shown=true] img')?.naturalWidth === 64")
            assert tab.errors == []
        assert reader.tab.errors == []


async def test_without_websockets_a_stream_carries_the_session(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, f"{hub.url}/?stream") as reader:
        assert await reader.page.get_attribute("[data-way]", "data-way") == "stream"
        await telling(reader)
        await reader.quiet()
        await reader.shows_the_log(hub.url)
        assert await reader.tally() == (0, 0)


async def test_behind_a_proxy_that_buffers_polls_carry_the_session(demo: Demo) -> None:
    hub, browser = demo
    async with (
        buffering(int(hub.url.rpartition(":")[2])) as proxy,
        reading(browser, f"http://127.0.0.1:{proxy.port}/?stream") as reader,
    ):
        await reader.say("my order number is 4711")
        await reader.says("cello bow")
        await reader.quiet()
        await reader.shows_the_log(hub.url)


async def no_websocket(page: Page) -> None:
    """What a network does that lets no WebSocket through."""
    await page.route_web_socket("**/v1/connect", lambda socket: asyncio.ensure_future(socket.close()))


async def test_a_page_that_a_busy_hub_sends_away_says_so_and_comes_back(demo: Demo) -> None:
    hub, browser = demo
    busy = {"type": "closing", "code": 4013, "reason": "overloaded", "retry_after_ms": 500}
    room = asyncio.Event()

    async def turned_away(socket: WebSocketRoute) -> None:
        if room.is_set():
            socket.connect_to_server()
            return

        async def greeted(_: object) -> None:
            socket.send(json.dumps(busy))
            await socket.close(code=4013, reason="overloaded")

        socket.on_message(lambda message: asyncio.ensure_future(greeted(message)))

    async with opened(browser, "about:blank") as tab:
        await tab.page.route_web_socket(
            "**/v1/connect", lambda socket: asyncio.ensure_future(turned_away(socket))
        )
        await tab.page.goto(hub.url)
        reader = Reader(tab, patience_s=30)
        await reader.until(
            "document.querySelector('[data-phase] [role=status]')?.textContent.includes('busy')"
        )
        room.set()
        await reader.live()
        await reader.until(
            "!document.querySelector('[data-phase] [role=status]').textContent.includes('busy')"
        )
        await reader.agent_here()
        await reader.say("hello")
        await reader.quiet()
        await reader.shows_the_log(hub.url)


async def test_where_no_websocket_gets_through_the_page_finds_the_stream_by_itself(demo: Demo) -> None:
    hub, browser = demo
    async with opened(browser, "about:blank") as tab:
        await no_websocket(tab.page)
        await tab.page.goto(hub.url)
        reader = Reader(tab)
        await reader.live()
        await reader.agent_here()
        await reader.until("document.querySelector('[data-way]')?.dataset.way === 'stream'")
        await reader.say("hello")
        await reader.quiet()
        await reader.shows_the_log(hub.url)


async def test_scroll_stays_where_the_reader_put_it(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        await reader.page.set_viewport_size({"width": 480, "height": 420})
        await telling(reader)
        await reader.quiet()
        await reader.page.evaluate("document.querySelector('.transcript').scrollTo(0, 8)")
        await reader.say("hello")
        await reader.until("document.querySelector('.to-end')")
        await reader.quiet()
        assert await reader.page.evaluate("document.querySelector('.transcript').scrollTop") == 8
        await reader.page.click(".to-end")
        await reader.until(
            "(({ scrollTop, scrollHeight, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2)"
            "(document.querySelector('.transcript'))"
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_axe_finds_nothing_serious_and_nothing_sticks_out(
    demo: Demo, scheme: Literal["light", "dark"], width: int
) -> None:
    hub, browser = demo
    context = await browser.new_context(
        bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 740}
    )
    reader = Reader(Tab(await context.new_page(), context))
    await reader.page.goto(hub.url)
    await reader.live()
    await reader.agent_here()
    await reader.says("Welcome")
    await reader.shot(f"fresh-{scheme}-{width}")
    assert await serious_findings(reader.page) == []
    await reader.page.click("text='Where is order 4711?'")
    await reader.says("cello bow")
    await reader.quiet()
    await reader.page.click(".timing summary")
    await reader.shot(f"timed-{scheme}-{width}")
    await telling(reader)
    await reader.shot(f"busy-{scheme}-{width}")
    assert await serious_findings(reader.page) == []
    await reader.page.click("[aria-label='Go on with a phone']")
    await reader.until("document.querySelector('.share')")
    assert await serious_findings(reader.page) == []
    await reader.page.keyboard.press("Escape")
    await reader.page.evaluate("legato.cut(60_000)")
    await reader.say("typed while cut")
    await reader.says("waits for the connection")
    await reader.shot(f"cut-{scheme}-{width}")
    assert await serious_findings(reader.page) == []
    assert await reader.page.evaluate("document.documentElement.scrollWidth") <= width
    await context.close()


async def test_everything_is_reached_by_keyboard(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as reader:
        reached: list[str] = []
        wanted = {"Transcript", "words", "Attach an image or file", "Ask for a person", "reload", "kill hub"}
        while not wanted <= set(reached) and len(reached) < MOST_TABS:
            await reader.page.keyboard.press("Tab")
            reached.append(await reader.page.evaluate(FOCUSED))
        assert wanted <= set(reached)
        await telling(reader)
        await reader.page.keyboard.press("Escape")
        await reader.quiet()
        assert brain.STORY not in (await reader.texts()).values()
