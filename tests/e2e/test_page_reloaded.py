"""A page is reloaded in mid answer: the words go on from the last that was heard, at once or at the tap that the
browser wants."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import CDPSession

from media.engines.openai import wav
from signaling.cli.tickets import signer_here
from tests.e2e.minting import ticket_for
from tests.e2e.test_page_heard import SOUND, SWEEP_S, brought, further
from tests.support.chromium import launched, opened
from tests.support.page import Reader
from tests.support.processes import running
from tests.support.spoken import silence
from tests.support.sweep import RECORD, played, positions_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

FREE: Final = "--autoplay-policy=no-user-gesture-required"
ASKS: Final = "--autoplay-policy=document-user-activation-required"
FAKE_DEVICES: Final = "--use-fake-device-for-media-stream"
"""An open microphone is a licence to sound: whom the browser is to refuse has none."""

TEXT: Final = "A sweep. Its rest is not heard for now; it is read though nobody hears it."

HEARD: Final = "(legatoVoice.playout.heard?.samples ?? 0)"
SETTLED: Final = (
    "Math.max(0, ...Object.values(legato.view.state.entries).map("
    "(one) => Object.values(one.heard_samples ?? {})[0] ?? 0))"
)
OFFERS: Final = """() => {
  globalThis.offers = 0;
  const ask = globalThis.fetch;
  globalThis.fetch = (to, how) => {
    const { pathname } = new URL(String(to?.url ?? to), location.href);
    if (how?.method === "POST" && pathname.endsWith("/calls")) offers += 1;
    return ask(to, how);
  };
}"""

AT_HAND: Final = "history.state['legato-voice'].kept.certificate instanceof RTCCertificate"

BEHIND_S: Final = 0.3
AHEAD_S: Final = 0.8
"""Of what was recorded a moment before the page went: how far back it may begin, and (it sounded on meanwhile) how far
ahead. Who is taken to hear what is sent while nothing sounds is seconds ahead."""


@asynccontextmanager
async def told(
    tmp_path: Path, *, arguments: Sequence[str] = (), without: Sequence[str] = ()
) -> AsyncIterator[Reader]:
    """A page in a call that plays a sweep, some seconds in."""
    file = tmp_path / "quiet.wav"
    file.write_bytes(wav(silence(5_000), 48_000))
    async with running("demo", *SOUND) as hub:
        signer = await signer_here(hub.folder, os.environ)
        async with (
            launched(file, arguments=arguments, without=without) as browser,
            opened(browser, hub.url, script=f"({OFFERS})()") as tab,
        ):
            reader = Reader(tab)
            await reader.talks()
            await brought(hub.url, ticket_for(signer, reader.session, "p_sweeper", "agent"), TEXT)
            await tab.page.evaluate(RECORD)
            await further(reader, 3.0)
            yield reader
            assert tab.errors == []


class Onlooker:
    """Asks the page without touching it: what a driver evaluates counts as a gesture, after which browsers refuse
    nothing."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    async def ask(self, expression: str) -> Any:
        """The expression's value."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        return (await self._session.send("Runtime.evaluate", asked))["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until it is true."""
        async with asyncio.timeout(40):
            while await self.ask(condition) is not True:  # noqa: ASYNC110 - to be told would touch the page
                await asyncio.sleep(0.05)


async def sounded(reader: Reader) -> list[float]:
    """Which seconds of the sweep the page sounded, as its record has them: those that go on as a sweep does."""
    positions = await asyncio.to_thread(positions_of, await played(reader.page))
    heard = [one for one in positions if one is not None]
    return [one for one, after in zip(heard, heard[4:], strict=False) if abs(after - one - 0.08) < 0.02]


async def reloaded(reader: Reader) -> tuple[float, Onlooker]:
    """Where in the sweep the page was, in seconds, just before it was reloaded; and who looks on."""
    await reader.page.evaluate("() => void played.splice(0, played.length - 100)")  # the last second
    before = (await sounded(reader))[-1]
    await reader.page.reload()
    return before, Onlooker(await reader.tab.context.new_cdp_session(reader.page))


async def goes_on(reader: Reader, before: float) -> None:
    """The page plays on from there, to the end."""
    await reader.until(f"{HEARD} >= {(SWEEP_S - 0.5) * 48_000}", 60)
    steady = await sounded(reader)
    print(f"heard until {before:.2f} s, goes on at {steady[0]:.2f} s")
    assert before - BEHIND_S <= steady[0] <= before + AHEAD_S
    assert await reader.page.evaluate("offers") == 0, "it called by the ticket that was kept"
    assert await reader.page.evaluate(AT_HAND), "and the next page has it at hand"


async def test_words_go_on_at_the_tap_when_the_browser_refused_to_play_after_a_reload(tmp_path: Path) -> None:
    async with told(tmp_path, arguments=[ASKS], without=[FREE, FAKE_DEVICES]) as reader:
        before, onlooker = await reloaded(reader)
        await onlooker.until(
            "globalThis.legato?.view.phase === 'live' && globalThis.legatoVoice?.current.needsTap === true"
            " && legatoVoice.current.microphone === 'absent'"
        )
        settled, heard = await onlooker.ask(SETTLED), await onlooker.ask(HEARD)
        await asyncio.sleep(2.5)  # longer than speech ever waits for a page that says nothing
        assert await onlooker.ask("legatoVoice.current.needsTap")
        read = "it is read though nobody hears it."
        await onlooker.until(
            f"document.querySelector('.transcript').textContent.includes({json.dumps(read)})"
        )
        assert await onlooker.ask(HEARD) == heard > 0, "nothing was played since the page before it"
        assert await onlooker.ask(SETTLED) == settled, "nothing counts as heard"
        await onlooker.ask(f"({RECORD})()")
        await reader.page.click("text='Tap to hear again'")
        await reader.until("legatoVoice.output.ready && !legatoVoice.current.needsTap")
        await goes_on(reader, before)


async def test_words_go_on_by_themselves_after_a_reload_where_the_browser_lets_the_page_play(
    tmp_path: Path,
) -> None:
    async with told(tmp_path) as reader:
        await reader.page.add_init_script(
            "(function waiting() { globalThis.legatoVoice === undefined ? setTimeout(waiting, 1) :"
            f" ({RECORD})(); }})()"
        )
        before, _ = await reloaded(reader)
        await reader.until("globalThis.legatoVoice !== undefined")
        await goes_on(reader, before)
