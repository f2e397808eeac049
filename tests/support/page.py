"""The demo's page in a real Chromium, and the log that it shows: what a test of the page asks of both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
from playwright.async_api import Browser, Page

from legato.session.event_json import decode
from legato.session.fold import fold
from legato.session.state import Entry, Message
from tests.support.chromium import Tab, opened
from tests.support.patience import holds
from tests.support.processes import Invited, invited

ROOT: Final = Path(__file__).resolve().parents[2]
AXE: Final = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
ARTEFACTS: Final = ROOT / "artefacts"
PAGE_S: Final = 10.0
PAGE_OF_EVENTS: Final = 200

TEXTS: Final = """() => Object.fromEntries([...document.querySelectorAll('[data-message]')]
    .map((entry) => [entry.dataset.message, entry.querySelector('.text').textContent]))"""
PLACES: Final = """() => [...document.querySelectorAll('[data-message],[data-tool]')]
    .map((entry) => entry.dataset.message ?? entry.dataset.tool)"""


@dataclass
class Reader:
    """Somebody at the page. `patience_s`: how long the page may take, unless it is said."""

    tab: Tab
    patience_s: float = PAGE_S

    @property
    def page(self) -> Page:
        return self.tab.page

    @property
    def session(self) -> str:
        """The session that the address names."""
        return self.page.url.partition("#")[2]

    async def until(self, condition: str, seconds: float | None = None) -> None:
        """Wait until the expression is true in the page."""
        await holds(self.page.evaluate, condition, self.patience_s if seconds is None else seconds)

    async def live(self) -> None:
        """The page is connected."""
        await self.until("document.querySelector('[data-phase]')?.dataset.phase === 'live'")

    async def agent_here(self) -> None:
        """The demo's agent answers in this session."""
        await self.until("globalThis.legato?.view.state.responder")

    async def say(self, text: str) -> None:
        """Type and send."""
        await self.page.fill("#words", text)
        await self.page.press("#words", "Enter")

    async def says(self, words: str) -> None:
        """Wait until the words stand on the page."""
        await self.until(f"document.querySelector('.transcript')?.textContent.includes({json.dumps(words)})")

    async def begin_with(self, words: str, number: int) -> None:
        """Wait until so many messages begin with the words."""
        texts = "[...document.querySelectorAll('[data-message] .text')].map((text) => text.textContent)"
        await self.until(f"{texts}.filter((text) => text.startsWith({json.dumps(words)})).length >= {number}")

    async def talks(self) -> None:
        """The page is in a call with an agent that has nothing to say, and its sound is warm."""
        await self.live()
        await self.agent_here()
        await self.say("thanks")  # who has said something is not greeted aloud
        await self.quiet()
        await self.page.click("[data-voice]")
        await self.until("legatoVoice.current.state === 'live' && legatoVoice.output.ready", 40)

    async def quiet(self) -> None:
        """Wait until nothing is open: every turn is answered, and every message of this page is in the log."""
        await self.until(
            "(({ state, outgoing, phase }) => phase === 'live' && outgoing.length === 0"
            " && Object.keys(state.turns).length === 0 && Object.keys(state.responses).length === 0"
            " && Object.values(state.entries).every((entry) => entry.ordinal > 0))(legato.view)"
        )

    async def texts(self) -> dict[str, str]:
        """The words of each message as they stand on the page."""
        found: dict[str, str] = await self.page.evaluate(TEXTS)
        return found

    async def order(self) -> list[str]:
        """Messages and tool calls from top to bottom."""
        found: list[str] = await self.page.evaluate(PLACES)
        return found

    async def tally(self) -> tuple[int, int]:
        """Lost and doubled, as the page counts them."""
        counted = self.page.locator(".result")
        lost, doubled = await counted.get_attribute("data-lost"), await counted.get_attribute("data-doubled")
        return int(lost or -1), int(doubled or -1)

    async def shot(self, name: str) -> None:
        """Keep a picture for people to look at."""
        await asyncio.to_thread(ARTEFACTS.mkdir, exist_ok=True)
        await self.page.screenshot(path=ARTEFACTS / f"page-{name}.png")

    async def shows_the_log(self, url: str) -> None:
        """Everything on the page is the fold of the log: the same entries, in their order, byte for byte."""
        entries = await log_of(url, self.session)
        assert await self.order() == [entry.id for entry in entries]
        words = {entry.id: words_of(entry) for entry in entries if isinstance(entry, Message)}
        assert await self.texts() == words


def words_of(message: Message) -> str:
    """What the page shows as words."""
    return "".join(part.text for part in message.parts if part.kind == "text")


async def log_of(url: str, session: str) -> list[Entry]:
    """The transcript that the log says, folded here from the hub's own pages."""
    async with aiohttp.ClientSession() as http:
        guest: Invited = await invited(http, url, session, "p_auditor")
        assert guest.session == session
        events: list[Any] = []
        while True:
            after = events[-1].offset if events else 0
            found = await _page_of(http, url, guest, after)
            events += found
            if len(found) < PAGE_OF_EVENTS:
                return fold(events).transcript()


async def _page_of(http: aiohttp.ClientSession, url: str, guest: Invited, after: int) -> list[Any]:
    address = f"{url}/v1/sessions/{guest.session}/events?after={after}&limit={PAGE_OF_EVENTS}"
    async with http.get(address, headers={"Authorization": f"Bearer {guest.ticket}"}) as answer:
        answer.raise_for_status()
        raws = msgspec.json.decode(await answer.read())["events"]
    return [decode(msgspec.json.encode(raw)) for raw in raws]


@asynccontextmanager
async def reading(
    browser: Browser,
    url: str,
    *,
    agent: bool = True,
    permissions: Sequence[str] = ("microphone",),
    script: str = "",
    bypass_csp: bool = False,
) -> AsyncIterator[Reader]:
    """A page of its own, connected, with the agent there; the rest is as `opened` takes it."""
    async with opened(browser, url, permissions, script, bypass_csp=bypass_csp) as tab:
        reader = Reader(tab)
        await reader.live()
        if agent:
            await reader.agent_here()
        yield reader


async def serious_findings(page: Page) -> list[str]:
    """What axe-core finds that keeps people out. The page must have been opened with its policy bypassed."""
    await page.add_script_tag(content=await asyncio.to_thread(AXE.read_text))
    found = await page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
