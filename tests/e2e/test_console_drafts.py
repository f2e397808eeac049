"""After a take-over the agent listens on and drafts: in a real Chromium, beside a caller's page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.test_console import Console, Demo, audited, consoling, state_of
from tests.support.chromium import Tab, launched
from tests.support.page import Reader, reading, serious_findings
from tests.support.processes import Tree, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

ARRIVES = "arrives Thursday"
"""What the demo's agent finds out about order 4711."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    async with running("demo") as hub, launched() as browser:
        yield hub, browser


async def taken_over(desk: Console, caller: Reader) -> None:
    await desk.open(caller.session)
    await desk.place("monitor")
    await desk.key("t")
    await desk.place("answers")


async def acts(hub: Tree, session: str, kind: str) -> list[Any]:
    """What the audit tells of one kind."""
    lines = [json.loads(line) for line in (await audited(hub, session, "--json")).splitlines()]
    return [line for line in lines if line.get("type") == kind]


async def listening_to(caller: Reader) -> list[str]:
    """The frames that the caller's page is sent from here on."""
    frames: list[str] = []
    caller.page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))),
    )
    await caller.page.reload()
    await caller.live()
    return frames


async def gone(desk: Console) -> None:
    await desk.page.wait_for_selector("[data-draft]", state="detached")


async def reads_the_keys(desk: Console) -> None:
    """While the sheet is open nothing is sent and nothing dismissed: the audit tells of no draft but those after it."""
    await desk.key("?")
    await desk.sees("dialog[open]")
    for key in "sed":
        await desk.page.keyboard.press(key)
    await desk.page.keyboard.press("?")
    await desk.page.wait_for_selector("dialog[open]", state="detached")


async def change_the_draft(desk: Console, holds: str, more: str) -> None:
    """From the empty field one writes in."""
    await desk.page.focus("#words")
    await desk.page.keyboard.press("ArrowUp")
    assert holds in await desk.page.input_value("#words")
    await desk.page.keyboard.press("End")
    await desk.page.keyboard.type(more)
    await desk.page.keyboard.press("Enter")


async def the_audit_tells_whose_they_were(hub: Tree, caller: Reader, desk: Console) -> None:
    state = await state_of(caller.page)
    agent = next(who["id"] for who in state["participants"].values() if who["role"] == "agent")
    operator = await desk.page.evaluate("legato.view.participant")
    used = await acts(hub, caller.session, "draft_used")
    told = [(act["by"], act["drafter"], act.get("edited", False)) for act in used]
    assert told == [(operator, agent, False), (operator, agent, True)]
    assert len(await acts(hub, caller.session, "draft_dismissed")) == 1


async def answered(caller: Reader) -> None:
    await caller.until("Object.keys(legato.view.state.turns).length === 0")


async def test_a_draft_is_sent_edited_or_dismissed_by_keyboard_and_the_caller_sees_what_was_sent(
    demo: Demo,
) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as caller, consoling(browser, hub) as desk:
        frames = await listening_to(caller)
        await taken_over(desk, caller)

        await caller.say("where is order 4711?")
        await desk.sees(f"[data-draft]:has-text('{ARRIVES}')")
        assert ARRIVES not in str(await caller.texts())
        assert [frame for frame in frames if ARRIVES in frame] == []
        await reads_the_keys(desk)
        await desk.key("d")
        await gone(desk)
        await desk.write("One moment, please.")
        await answered(caller)

        await caller.say("and where is 4711 now?")
        await desk.sees("[data-draft]")
        await desk.key("s")
        await caller.says(ARRIVES)
        await answered(caller)

        await caller.say("is 1234 packed?")
        await desk.sees("[data-draft]")
        await change_the_draft(desk, "metronome", " I will see to it.")
        await caller.says("I will see to it.")
        await gone(desk)
        assert (await state_of(caller.page))["drafts"] == []
        assert desk.tab.errors == caller.tab.errors == []
        await the_audit_tells_whose_they_were(hub, caller, desk)


async def test_drafts_are_gone_when_the_agent_answers_again(demo: Demo) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as caller, consoling(browser, hub) as desk:
        await taken_over(desk, caller)
        await caller.say("where is order 4711?")
        await desk.sees("[data-draft]")
        await desk.key("h")
        await desk.place("monitor")
        await gone(desk)
        await caller.says(ARRIVES)
        assert (await state_of(desk.page))["drafts"] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_draft_keeps_nobody_out_on_desk_and_phone(demo: Demo, scheme: str) -> None:
    hub, browser = demo
    async with reading(browser, hub.url) as caller:
        context = await browser.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
        try:
            desk = Console(Tab(await context.new_page(), context))
            await desk.page.goto(f"{hub.url.rstrip('/')}/console")
            await taken_over(desk, caller)
            await caller.say("where is order 4711?")
            await desk.sees("[data-draft]")
            assert await serious_findings(desk.page) == []
            await desk.shot(f"draft-{scheme}")
            await desk.page.set_viewport_size({"width": 360, "height": 740})
            assert await desk.page.evaluate("document.documentElement.scrollWidth") <= 360
            assert await serious_findings(desk.page) == []
            await desk.page.click("button:text('Edit')")
            assert ARRIVES in await desk.page.input_value("#words")
            await desk.shot(f"draft-phone-{scheme}")
        finally:
            await context.close()
