"""Each frame that an agent brings tells its number, and what a real Chromium plays of it is read where it leaves the
page (`tests.support.sounded`): whatever happens to the network, to the hub and to the page, each is played once, in its
order, or the log says that it was shown instead."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import pytest_asyncio

import legato
from legato.agent.voice import bring
from legato.session import commands as c
from legato.session.state import Entry, Message
from media.opus import FRAME, RATE
from signaling.cli.tickets import signer_here
from tests.e2e.minting import ticket_for
from tests.e2e.test_numbered_frames import OVER
from tests.e2e.test_page_reloaded import ASKS, FREE, Onlooker
from tests.e2e.test_three_people import NOBODY
from tests.support.chromium import launched
from tests.support.linked import LOSE, House, linked
from tests.support.numbered import spoken
from tests.support.page import Reader, reading
from tests.support.sound import Samples, write_wav
from tests.support.sounded import TAP, Played, given, judged, sounded

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

PATIENCE_S: Final = 40.0
SPEECH_S: Final = 6.0
SOUND: Final = spoken()[: round(SPEECH_S * RATE)]
FRAMES: Final = round(SPEECH_S * RATE / FRAME)
COUNTER: Final = "p_counter"
TEXT: Final = "Each frame tells its number. " * 6
OUTAGE_S: Final = 1.5
HEARD: Final = "(legatoVoice.playout.heard?.samples ?? 0)"

SPOILT: Final = 25
"""Frames at the beginning and at the end that a browser may fade, make up or hold back on a busy machine."""

SEAM: Final = 6
"""Frames that may be played again, or be missing, where one path ends and another begins, on a machine that does a lot
else: what a page says that it heard is right to two of them (`heard_error_ms`), and it plays on until the hub knows."""


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A microphone into which nobody speaks."""
    return write_wav(tmp_path_factory.mktemp("quiet") / "quiet.wav", np.zeros(5 * RATE, dtype=np.int16))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(quiet: Path) -> AsyncIterator[House]:
    async with linked(quiet, "none", NOBODY, TAP) as house:
        yield house


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody at a page of the house, in a call, to whom an agent speaks."""

    house: House
    reader: Reader

    async def hears(self, seconds: float) -> None:
        """So much of the speech was heard."""
        await self.reader.until(f"{HEARD} >= {seconds * RATE}")

    async def heard_out(self) -> None:
        await self.hears(SPEECH_S - SPOILT * FRAME / RATE)
        # What is told of is on its way to where it is read.
        pieces = "sounded()[1].length"
        await self.reader.page.evaluate(f"() => {{ globalThis.then = {pieces}; }}")
        await self.reader.until(f"{pieces} > then + {RATE}")

    async def judge(self) -> Played:
        """What became of the frames."""
        before, now = await sounded(self.reader.page)
        return await judged_of(np.concatenate([before, now]), await given(self.reader.page))


async def judged_of(samples: Samples, given: frozenset[int]) -> Played:
    told = await asyncio.to_thread(judged, samples, given)
    print(told)
    return told


@asynccontextmanager
async def listening(house: House) -> AsyncIterator[Listener]:
    async with reading(house.browser, house.hub.url, script=house.script, bypass_csp=True) as reader:
        reader.patience_s = PATIENCE_S
        await reader.talks()
        await speaks(house, reader.session)
        yield Listener(house, reader)
        assert [each for each in reader.tab.errors if OVER not in each] == []


async def speaks(house: House, session: str) -> str:
    """An agent brings the numbered frames, all of them at once; its message."""
    signer = await signer_here(house.hub.folder, os.environ)
    ticket = ticket_for(signer, session, COUNTER, "agent")
    async with legato.Client(house.hub.url, ticket=ticket, device="agent") as agent:
        message = agent.new_id("m")
        if all(right.holder != COUNTER for right in agent.state.rights.values()):  # it keeps it for a while
            await agent.do(c.AcceptSession(right="worker:counter", worker=agent.new_id("k")))
        await agent.do(
            c.StartMessage(message=message, brought=True), c.GrowMessage(message=message, index=0, text=TEXT)
        )
        await bring(agent, message, _whole(), RATE, 7)
        await agent.do(c.EndMessage(message=message))
        await agent.until(lambda state: _kept(state.entries[message]), timeout=PATIENCE_S)
        return message


async def _whole() -> AsyncIterator[bytes]:
    yield SOUND.tobytes()


def _kept(entry: Entry) -> bool:
    return isinstance(entry, Message) and entry.speech_end > 0


def once(told: Played, seams: int = 0, last: int = FRAMES) -> bool:
    """Each frame from the first to the last was played once, in order, but for a few at so many seams."""
    whole = told.first <= SPOILT and told.last >= last - SPOILT
    lost = [each for each in told.lost if each >= SPOILT]
    return whole and not told.misplaced and max(len(lost), len(told.doubled)) <= SEAM * seams


async def test_every_frame_is_played_once(house: House) -> None:
    async with listening(house) as listener:
        await listener.heard_out()
        told = await listener.judge()
    assert once(told)


async def test_what_an_outage_of_path_and_session_swallowed_is_played_when_both_are_back(
    house: House,
) -> None:
    async with listening(house) as listener:
        await listener.hears(1.5)
        house.link.lose = 1.0
        try:
            await listener.reader.page.evaluate(f"() => legato.cut({2_000 * OUTAGE_S})")
            await listener.reader.until("legato.view.phase !== 'live'")
            await asyncio.sleep(OUTAGE_S)  # the outage
        finally:
            house.link.lose = 0.0
        await listener.heard_out()
        told = await listener.judge()
    assert once(told, seams=1)


async def test_a_lossy_and_late_network_doubles_none_and_costs_no_more_than_it_loses(house: House) -> None:
    async with listening(house) as listener:
        with house.rough():
            await listener.heard_out()
            told = await listener.judge()
    assert not told.doubled
    assert not told.misplaced
    assert len(told.lost) <= LOSE * FRAMES, "most of these the browser makes whole from the next packet"


async def test_a_killed_hub_plays_on_frame_by_frame(house: House) -> None:
    async with listening(house) as listener:
        await listener.hears(1.5)
        old = await house.hub.kill("node")
        await house.hub.replaced("node", old)
        await listener.heard_out()
        told = await listener.judge()
    assert once(told, seams=1)


async def test_what_is_not_played_to_who_turned_to_text_is_shown_and_the_next_words_are_played(
    house: House,
) -> None:
    async with listening(house) as listener:
        reader = listener.reader
        await listener.hears(1.5)
        await reader.page.click("[data-voice]")
        shown = (
            "Object.values(legato.view.state.entries).find((one) => one.read?.[legato.view.participant] >= 0)"
        )
        await reader.until(f"legatoVoice.current.state === 'off' && {shown} !== undefined")
        settled = int(await reader.page.evaluate(f"() => {shown}.heard_samples[legato.view.participant]"))
        first, there = (await sounded(reader.page))[1], await given(reader.page)
        await reader.page.evaluate("() => void told.splice(0)")
        await reader.page.click("[data-voice]")
        await reader.until("legatoVoice.current.state === 'live' && legatoVoice.output.ready")
        await speaks(house, reader.session)
        await reader.until(f"{shown}.id !== legatoVoice.playout.heard.message")
        await listener.heard_out()
        before = await judged_of(first, there)
        after = await judged_of((await sounded(reader.page))[1][len(first) :], await given(reader.page))
    assert abs(before.last - settled // FRAME) <= SEAM, "it is shown from where it was not played"
    assert once(before, last=before.last)
    assert once(after)


SLOW: Final = """(() => {
  if (performance.getEntriesByType("navigation")[0]?.type !== "reload") return;
  const { mediaDevices } = navigator, ask = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (wish) => {
    await new Promise((next) => setTimeout(next, 1_000));
    return ask(wish);
  };
  let session;
  Object.defineProperty(globalThis, "legato", {
    get: () => session,
    set(made) {
      session = made;
      made.cut(1_500);
    },
  });
})()"""
"""Where a reloaded page's microphone takes a second to open, and its session half a second longer to come back."""


async def test_what_is_said_before_a_slow_microphone_is_open_is_said_again(house: House, quiet: Path) -> None:
    async with (
        launched(quiet, arguments=[ASKS], without=[FREE]) as browser,
        listening(replace(house, browser=browser, script=f"{house.script};{SLOW}")) as listener,
    ):
        await listener.hears(1.5)
        await listener.reader.page.reload()
        onlooker = Onlooker(await listener.reader.tab.context.new_cdp_session(listener.reader.page))
        await onlooker.until("globalThis.legato?.view?.phase === 'live' && legatoVoice.output.ready")
        await listener.heard_out()
        told = await listener.judge()
    assert once(told, seams=1)
