"""The demo's page behind what stands between pages and hubs: the shipped Caddyfile in a real Caddy, a proxy that cuts
what is idle, and one that lets no WebSocket through and keeps each answer until it is whole."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from signaling.demo import brain
from tests.support.caddy import Caddy, caddy
from tests.support.chromium import launched, opened
from tests.support.http_proxies import buffering, cutting_idle
from tests.support.page import Reader, reading
from tests.support.processes import Tree, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="module")]

EARLY = "In the third bar"
"""Words in the first half of the agent's story."""
BEATS_S = 3
"""How often a hub says something on a connection that carries text; a page likewise."""

Behind = tuple[Tree, Caddy, Browser]


def port_of(hub: Tree) -> int:
    return int(hub.url.rpartition(":")[2])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def behind() -> AsyncIterator[Behind]:
    """A hub as the shipped file says that it is to be run, that file's Caddy before it, and a browser."""
    secret = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    async with (
        running("demo", "--proxy", "127.0.0.1", LEGATO_TICKET_SECRET=secret) as hub,
        caddy(port_of(hub)) as proxy,
        launched(arguments=("--ignore-certificate-errors",)) as browser,
    ):
        yield hub, proxy, browser


async def told_it_all(reader: Reader, hub: Tree) -> None:
    """The story stands on the page once, whole, and is what the log says."""
    await reader.quiet()
    assert list((await reader.texts()).values()).count(brain.STORY) == 1
    await reader.shows_the_log(hub.url)
    assert await reader.tally() == (0, 0)


@pytest.mark.parametrize("way", ["socket", "stream"])
async def test_caddy_passes_each_word_on_at_once_and_its_death_or_the_hubs_cuts_no_answer(
    behind: Behind, way: str
) -> None:
    hub, proxy, browser = behind
    async with reading(browser, f"{proxy.url}/{'?stream' if way == 'stream' else ''}") as reader:
        reader.patience_s = 30
        assert await reader.page.get_attribute("[data-way]", "data-way") == way
        await reader.say("tell me a story")
        await reader.says(EARLY)
        assert await reader.page.evaluate("Object.keys(legato.view.state.responses).length") == 1, (
            "it was kept back"
        )
        await proxy.kill()
        await reader.until("legato.view.phase !== 'live'")
        await proxy.start()
        await reader.live()
        await told_it_all(reader, hub)

        await reader.say("hello there")
        node = await hub.send("node", signal.SIGKILL)
        await hub.replaced("node", node)
        await reader.live()
        await told_it_all(reader, hub)


async def test_the_counters_are_not_shown_through_it(behind: Behind) -> None:
    _, proxy, browser = behind
    async with reading(browser, proxy.url, agent=False) as reader:
        status = "(url) => fetch(url).then((answer) => answer.status)"
        assert await reader.page.evaluate(status, f"{proxy.url}/readyz") == 200
        assert await reader.page.evaluate(status, f"{proxy.url}/metrics") == 404


async def test_what_beats_is_never_idle_to_a_proxy_that_waits_longer_than_a_beat(behind: Behind) -> None:
    hub, _, browser = behind
    async with (
        cutting_idle(port_of(hub), 2 * BEATS_S) as proxy,
        reading(browser, f"http://127.0.0.1:{proxy.port}") as reader,
    ):
        await reader.say("hello")
        await reader.quiet()
        attached = await reader.page.evaluate("legato.view.connection")
        await asyncio.sleep(3 * BEATS_S)  # idle is what this is about
        assert await reader.page.evaluate("[legato.view.phase, legato.view.connection]") == ["live", attached]
        await reader.say("tell me a story")
        await told_it_all(reader, hub)


async def test_a_page_that_is_cut_whenever_it_is_idle_comes_back_each_time(behind: Behind) -> None:
    hub, _, browser = behind
    async with (
        cutting_idle(port_of(hub), 0.8) as proxy,
        reading(browser, f"http://127.0.0.1:{proxy.port}") as reader,
    ):
        reader.patience_s = 30
        before = proxy.cuts
        for words in ("hello", "my order number is 4711", "tell me a story"):
            await reader.say(words)
            await reader.quiet()
        assert proxy.cuts > before
        await told_it_all(reader, hub)


async def test_where_a_proxy_keeps_streams_and_websockets_back_the_page_finds_polls_by_itself(
    behind: Behind,
) -> None:
    hub, _, browser = behind
    async with (
        buffering(port_of(hub)) as proxy,
        opened(browser, f"http://127.0.0.1:{proxy.port}") as tab,
    ):
        reader = Reader(tab, patience_s=60)
        await reader.live()
        await reader.agent_here()
        await reader.say("tell me a story")
        await told_it_all(reader, hub)
