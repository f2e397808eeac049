"""The operator console in a real Chromium, beside a caller's page: the queue, the keys, whispers, wrap-up."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.support.chromium import Tab, launched, opened
from tests.support.page import ARTEFACTS, Reader, reading, serious_findings
from tests.support.processes import Tree, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

PATIENCE_MS = 30_000
MAY_BE_PRESSED = """key => {
    const button = document.querySelector(`.desk [data-key="${key}"], .desk [data-verb="${key}"]`);
    return button === null || !button.disabled;
}"""
JOINED = """([who, joined]) => {
    const attached = Object.values(legato.view.state.attachments);
    return attached.some(({ participant }) => participant === who) === joined;
}"""
Demo = tuple[Tree, Browser]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    async with running("demo") as hub, launched() as browser:
        yield hub, browser


class Console:
    """Somebody at the console."""

    def __init__(self, tab: Tab) -> None:
        self.tab, self.page = tab, tab.page

    async def sees(self, selector: str) -> None:
        await self.page.wait_for_selector(selector, timeout=PATIENCE_MS)

    async def open(self, session: str) -> None:
        """From the list, by keyboard."""
        await self.sees(f"[data-session='{session}']")
        await self.page.focus(f"button[data-session='{session}']")
        await self.page.keyboard.press("Enter")
        await self.sees(f".desk[data-session='{session}'] [data-phase='live']")

    async def place(self, place: str) -> None:
        """Where the operator stands, as the page says."""
        await self.sees(f".desk[data-place='{place}']")

    async def key(self, key: str) -> None:
        """Pressed while nothing is being written, and once its button may be pressed: before that it does nothing."""
        await self.page.wait_for_function(MAY_BE_PRESSED, arg=key, timeout=PATIENCE_MS)
        await self.page.evaluate("document.activeElement?.blur()")
        await self.page.keyboard.press(key)

    async def write(self, words: str) -> None:
        await self.page.fill("#words", words)
        await self.page.press("#words", "Enter")

    async def shot(self, name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTEFACTS / f"console-{name}.png")


@asynccontextmanager
async def consoling(browser: Browser, hub: Tree, query: str = "") -> AsyncIterator[Console]:
    async with opened(browser, f"{hub.url.rstrip('/')}/console{query}") as tab:
        console = Console(tab)
        await console.sees("#queue")
        yield console


async def ask_for_a_person(caller: Reader, reason: str) -> None:
    """As an app's own button would."""
    command = {"type": "request_human", "request": f"q_{reason}", "reason": reason}
    await caller.page.evaluate(f"legato.do([{json.dumps(command)}])")


async def audited(hub: Tree, session: str, *options: str) -> str:
    """What `legato audit` says; its chain must be whole."""
    words = [sys.executable, "-m", "signaling", "audit", session, "--data", str(hub.folder), *options]
    child = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(60):
        said, failed = await child.communicate()
    assert child.returncode == 0, failed.decode() + said.decode()
    return said.decode()


async def the_audit_tells(hub: Tree, session: str, operator: str) -> None:
    """Who did it, without a word of what was noted, the chain being whole."""
    acts = await audited(hub, session)
    for act in ("session_reserved", "stance_changed", "responder_changed", "users_held", "wrapped_up"):
        assert [line for line in acts.splitlines() if f"  {act}" in line and operator in line], act
    assert ": 0 faults" in acts
    assert "was kind" not in acts, "words are left out"
    lines = [json.loads(line) for line in (await audited(hub, session, "--json")).splitlines()]
    assert lines[-1]["verified"] is True
    assert all(len(line["digest"]) == 40 for line in lines[:-1] if line["type"] != "refused")


async def the_marker_tells(caller: Reader, desk: Console) -> None:
    """What the person left and promised stands in the state, and as one line on both pages."""
    (help,) = (await state_of(caller.page))["helped"]
    summary, promise = "she gets her money on Monday", "Hello, this is a person."
    assert (help["summary"], [one["text"] for one in help["promises"]]) == (summary, [promise])
    for page in (caller.page, desk.page):
        line = await page.inner_text("[data-helped]")
        assert "answered for 0:" in line
        assert f"{summary} · promised: {promise}" in line


async def filters_and_shows_the_keys(desk: Console, session: str) -> None:
    """Who waits stays in the lists; while the keys are shown they do nothing."""
    await desk.page.check("[data-filter='waits']")
    await desk.sees(f"[data-row='{session}']")
    await desk.page.select_option("[data-filter='agent']", "")
    await desk.key("?")
    await desk.sees("dialog[open]")
    await desk.key("n")
    await desk.page.keyboard.press("Escape")
    await desk.page.wait_for_selector("dialog[open]", state="detached")
    assert await desk.page.locator(".desk").count() == 0, "keys do nothing while the sheet is open"


async def promises(desk: Console) -> None:
    """What was said last."""
    await desk.key("p")
    await desk.sees(".promises li")
    await desk.shot("answers")


async def leaves_a_note(desk: Console) -> None:
    """While no wrap-up is owed."""
    await desk.page.fill("#notes", "called before")
    await desk.key("v")
    await desk.sees(".earlier:has-text('called before')")


async def holds(desk: Console, caller: Reader) -> None:
    """The caller is told by whom, and what they write stays with them until it is over."""
    await desk.key("o")
    await caller.page.wait_for_selector("[data-held]:has-text('Operator put you on hold')")
    await caller.page.fill("#words", "are you there?")
    await caller.page.press("#words", "Enter")
    await desk.sees("[data-verb='o'].pressed")
    await desk.key("o")
    await caller.page.wait_for_selector("[data-held]", state="detached")
    assert await caller.page.input_value("#words") == "are you there?", "it stayed where it was written"
    assert "are you there?" not in (await caller.texts()).values()
    await caller.page.press("#words", "Enter")
    await desk.sees("text=are you there?")


async def state_of(page: Page) -> Any:
    return await page.evaluate("legato.view.state")


async def test_an_operator_takes_the_next_in_the_queue_answers_hands_back_and_wraps_up_by_keyboard(
    demo: Demo,
) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as caller, consoling(browser, hub) as desk:
        await caller.say("my order number is 4711")
        await caller.quiet()
        await ask_for_a_person(caller, "refund")
        await desk.sees(".waits")
        await filters_and_shows_the_keys(desk, caller.session)
        await desk.shot("queue")
        await desk.key("n")
        await desk.sees(f".desk[data-session='{caller.session}'] [data-phase='live']")
        await desk.place("monitor")
        assert await desk.page.is_disabled("#words"), "who listens writes nothing"
        await desk.key("t")
        await desk.place("answers")
        await caller.until("legato.view.state.asking === null")
        await desk.write("Hello, this is a person.")
        await caller.says("this is a person")
        await promises(desk)
        await desk.page.fill("#briefing", "she gets her money on Monday")
        await leaves_a_note(desk)
        await desk.page.fill("#notes", "was kind")
        await holds(desk, caller)
        await desk.key("h")
        await desk.place("monitor")
        await desk.sees(".notes[data-owed='true']")
        await desk.shot("wrap-up")
        await desk.key("d")
        await desk.sees(".notes[data-owed='false']")
        await the_marker_tells(caller, desk)
        log = await caller.page.evaluate("JSON.stringify(legato.view)")
        assert [note for note in ("was kind", "called before") if note in log] == [], (
            "not the caller's to see"
        )
        assert desk.tab.errors == caller.tab.errors == []
        await the_audit_tells(hub, caller.session, await desk.page.evaluate("legato.view.participant"))


async def test_a_whisper_reaches_the_agent_and_never_the_callers_page(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as caller, consoling(browser, hub) as desk:
        frames: list[str] = []
        caller.page.on(
            "websocket",
            lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))),
        )
        await caller.page.reload()
        await caller.live()
        await desk.open(caller.session)
        await desk.place("monitor")
        await desk.key("w")
        await desk.place("whisper")
        await desk.write("offer her ten percent")
        await desk.sees("text=offer her ten percent")
        assert (await state_of(desk.page))["whispers"][0]["text"] == "offer her ten percent"
        await caller.say("hello")
        await caller.quiet()
        state = await state_of(caller.page)
        assert [frame for frame in frames if "ten percent" in frame or "monitor" in frame] == []
        assert "ten percent" not in json.dumps(state)
        assert not [who for who in state["participants"].values() if who["stance"]]


async def test_a_person_barges_in_and_their_words_are_text_never_markup(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as caller, consoling(browser, hub) as desk:
        await caller.say("<img src=x onerror=document.title='owned'>")
        await desk.open(caller.session)
        await desk.sees(".transcript [data-message]")
        await desk.key("b")
        await desk.place("barge")
        await desk.write("I am here, too")
        await caller.says("I am here, too")
        assert await desk.page.title() == "Legato console"
        assert await desk.page.locator(".transcript img").count() == 0


async def test_of_two_operators_at_once_one_answers_and_the_other_is_told_who(demo: Demo) -> None:
    hub, browser = demo
    async with (
        reading(browser, hub.url) as caller,
        consoling(browser, hub, "?name=Olga") as olga,
        consoling(browser, hub, "?name=Ben") as ben,
    ):
        for each in (olga, ben):
            await each.open(caller.session)
            await each.place("monitor")
        await olga.key("t")
        await ben.key("t")
        for each in (olga, ben):
            await each.sees(".desk[data-place='answers'], .problem")
        places = [await each.page.get_attribute(".desk", "data-place") for each in (olga, ben)]
        assert sorted(map(str, places)) == ["answers", "monitor"]
        winner, loser = (olga, ben) if places[0] == "answers" else (ben, olga)
        problem = await loser.page.inner_text(".problem")
        assert f"quicker: {'Olga' if winner is olga else 'Ben'} answers" in problem
        await winner.key("x")
        await winner.page.keyboard.press("Enter")
        await loser.place("answers")
        await winner.place("monitor")


async def test_an_operator_gives_a_session_to_another_by_name_who_does_not_have_it_open(demo: Demo) -> None:
    hub, browser = demo
    async with (
        reading(browser, hub.url) as caller,
        consoling(browser, hub, "?name=Olga") as olga,
        consoling(browser, hub, "?name=Ben") as ben,
    ):
        named = await ben.page.evaluate("localStorage.getItem('legato:console:operator')")
        await olga.open(caller.session)
        await olga.key("t")
        await olga.place("answers")
        await olga.page.fill("#briefing", "she knows you")
        await olga.page.fill("[data-ask-whom]", named)
        await olga.page.press("[data-ask-whom]", "Enter")
        await olga.sees(f"[data-kept='{named}']")
        await ben.sees(f"button[data-session='{caller.session}']:has-text('kept for you')")
        await ben.key("n")
        await ben.sees(f".desk[data-session='{caller.session}'] [data-phase='live']")
        await ben.key("t")
        await ben.place("answers")
        await olga.place("monitor")
        assert (await state_of(ben.page))["briefing"] == "she knows you"
        assert ben.tab.errors == olga.tab.errors == []


async def test_a_session_that_another_took_over_lets_go_of_who_answered_it_while_they_look_at_another(
    demo: Demo,
) -> None:
    hub, browser = demo
    async with (
        reading(browser, hub.url) as caller,
        reading(browser, hub.url) as other,
        consoling(browser, hub, "?name=Olga") as olga,
        consoling(browser, hub, "?role=supervisor&name=Sue") as sue,
    ):
        who = await olga.page.evaluate("localStorage.getItem('legato:console:operator')")
        await olga.open(caller.session)
        await olga.key("t")
        await olga.place("answers")
        await olga.open(other.session)
        await sue.open(caller.session)
        await sue.page.wait_for_function(JOINED, arg=[who, True], timeout=PATIENCE_MS)
        assert (await state_of(sue.page))["responder"] == who, "who looks at another answers all the same"
        await sue.key("t")
        await sue.place("answers")
        await sue.page.wait_for_function(JOINED, arg=[who, False], timeout=PATIENCE_MS)
        await olga.open(caller.session)
        await olga.place("monitor")
        assert olga.tab.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_console_keeps_nobody_out_on_desk_and_phone(demo: Demo, scheme: str) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as caller:
        await caller.say("hello")
        await caller.quiet()
        context = await browser.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
        try:
            desk = Console(Tab(await context.new_page(), context))
            await desk.page.goto(f"{hub.url.rstrip('/')}/console?role=supervisor")
            await desk.open(caller.session)
            await desk.key("t")
            await desk.place("answers")
            await desk.key("?")
            await desk.sees("dialog[open]")
            assert await serious_findings(desk.page) == []
            await desk.shot(f"keys-{scheme}")
            await desk.key("?")
            assert await serious_findings(desk.page) == []
            await desk.shot(f"desk-{scheme}")
            await desk.page.set_viewport_size({"width": 360, "height": 740})
            assert await desk.page.evaluate("document.documentElement.scrollWidth") <= 360
            assert await serious_findings(desk.page) == []
            await desk.shot(f"phone-{scheme}")
            await desk.page.click(".back")
            await desk.sees("#board")
            await desk.shot(f"phone-lists-{scheme}")
        finally:
            await context.close()
