"""An operator who took over loses the console's own network, in a real Chromium: its call may go on beside, so the page
is mute until the log says again where they stand. Who answers stays who answers, and nothing comes twice."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.e2e.test_console import Console
from tests.e2e.test_console_voice import CONNECTED, SENT
from tests.e2e.test_three_people import AS_IT_IS, NOBODY
from tests.support.chromium import launched, opened
from tests.support.page import Reader, reading
from tests.support.processes import running
from tests.support.proxy import TcpProxy
from tests.support.sound import tone, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.voice, pytest.mark.timeout(180)]

PATIENCE_S: Final = 60.0
BEFORE: Final = "I am a person."
CUT: Final = "I looked it up meanwhile."
SINCE: Final = "(({ responder, responder_since }) => [responder, responder_since])(legato.view.state)"
STALE: Final = ".left-top [role='status']:has-text('not up to date')"
GONE: Final = ".desk [data-phase]:not([data-phase='live']):has-text('reconnecting')"


async def takes_over_aloud(desk: Console, operator: Reader) -> None:
    """Heard, as far as this page is concerned: its sound is on its way."""
    await desk.place("monitor")
    await desk.key("a")
    await desk.sees(".listening[data-hears='live'][data-microphone='armed']")
    await desk.key("t")
    await desk.place("answers")
    await desk.sees(".listening[data-microphone='live']")
    await sends(operator)


async def sends(operator: Reader) -> None:
    """Sound leaves the page."""
    before = await operator.page.evaluate(SENT)
    await operator.until(f"await ({SENT})() > {before} + 10")


async def loses_it(proxy: TcpProxy, desk: Console, operator: Reader) -> None:
    """Nothing gets through to the hub any more; the page says so, and is mute."""
    proxy.blackhole()
    proxy.cut()
    await desk.sees(GONE)
    await desk.sees(".listening[data-microphone='armed']")
    await desk.place("answers")
    await desk.write(CUT)
    await desk.sees("[data-unsent]:has-text('waits for the connection')")
    sent = await operator.page.evaluate(SENT)
    await desk.sees(STALE)
    assert await operator.page.evaluate(SENT) <= sent, "not a packet, for seconds"


async def test_who_took_over_is_mute_while_the_consoles_network_is_cut_and_goes_on_answering_when_it_is_back(
    tmp_path: Path,
) -> None:
    microphone = write_wav(tmp_path / "tone.wav", tone(700.0, 2.0, 0.2))
    async with (
        running("demo", "--ears", "openai", "--voice", "espeak", OPENAI_BASE_URL=NOBODY) as hub,
        TcpProxy("127.0.0.1", int(hub.url.rstrip("/").rpartition(":")[2])) as proxy,
        launched(microphone) as browser,
        reading(browser, hub.url) as caller,
        opened(browser, f"http://127.0.0.1:{proxy.port}/console", script=AS_IT_IS + ";" + CONNECTED) as tab,
    ):
        desk, operator = Console(tab), Reader(tab, patience_s=PATIENCE_S)
        caller.patience_s = PATIENCE_S
        await caller.say("where is my money")
        await caller.quiet()
        await desk.open(caller.session)
        await takes_over_aloud(desk, operator)
        await desk.write(BEFORE)
        await caller.says(BEFORE)
        since = await caller.page.evaluate(SINCE)
        await loses_it(proxy, desk, operator)
        await desk.shot("cut")
        assert CUT not in (await caller.texts()).values()
        proxy.heal()
        await desk.sees(".desk [data-phase='live']")
        await desk.page.wait_for_selector(STALE, state="detached", timeout=PATIENCE_S * 1_000)
        await desk.place("answers")
        await desk.sees(".listening[data-hears='live'][data-microphone='live']")
        await sends(operator)
        await caller.says(CUT)
        for page in (caller, operator):
            await page.quiet()
            said = list((await page.texts()).values())
            assert (said.count(BEFORE), said.count(CUT)) == (1, 1)
            assert await page.page.evaluate(SINCE) == since, "they answered all along"
        await caller.shows_the_log(hub.url)
        assert await operator.texts() == await caller.texts()
        assert caller.tab.errors == []
