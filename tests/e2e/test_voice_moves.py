"""The voice moves to another tab in mid sentence, in a real Chromium: both together play each frame once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import numpy as np
import pytest
import pytest_asyncio

from media.opus import RATE
from tests.e2e.test_numbered_frames import OVER
from tests.e2e.test_numbered_speech import PATIENCE_S, Listener, judged_of, once, speaks
from tests.e2e.test_three_people import NOBODY
from tests.support.chromium import Tab
from tests.support.linked import House, linked
from tests.support.page import Reader, reading
from tests.support.sound import write_wav
from tests.support.sounded import TAP, Played, given, sounded

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

BEGUN_S: Final = 1.5
HERE: Final = "[data-elsewhere] button"

COUNT: Final = """() => {
  globalThis.turned = 0;
  legato.onEvents((events) => {
    const mine = ({ type, attachment }) => type === "modality_changed" && attachment === legato.view.attachment;
    turned += events.filter(mine).length;
  });
}"""
"""Counts how often the log says that this page takes or gives something else."""

TURNS: Final = 2
"""By the one that takes its voice, and as it says itself that it has stopped."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Into whose microphones nobody speaks."""
    quiet = write_wav(tmp_path_factory.mktemp("quiet") / "quiet.wav", np.zeros(5 * RATE, dtype=np.int16))
    async with linked(quiet, "none", NOBODY, TAP) as house:
        yield house


@asynccontextmanager
async def two_tabs(house: House) -> AsyncIterator[tuple[Reader, Reader]]:
    """One that talks, and one that shows so."""
    async with reading(house.browser, house.hub.url, script=house.script, bypass_csp=True) as first:
        first.patience_s = PATIENCE_S
        await first.talks()
        page = await first.tab.context.new_page()
        await page.add_init_script(house.script)
        await page.goto(first.page.url)
        second = Reader(Tab(page, first.tab.context), PATIENCE_S)
        await second.live()
        await second.until(f"document.querySelector('{HERE}')")
        yield first, second
        assert [each for each in first.tab.errors if OVER not in each] == []


async def moved(house: House) -> Played:
    """What both tabs played of what is said, the voice being moved meanwhile."""
    async with two_tabs(house) as (first, second):
        await speaks(house, first.session)
        await Listener(house, first).hears(BEGUN_S)
        await first.page.evaluate(COUNT)
        await second.page.click(HERE)
        await first.until("legatoVoice.current.state === 'off'")
        await Listener(house, second).heard_out()
        assert await first.page.evaluate("() => turned") <= TURNS
        there = [(await sounded(each.page))[1] for each in (first, second)]
        said = await given(first.page) | await given(second.page)
        return await judged_of(np.concatenate(there), said)


async def test_each_frame_is_played_once_by_either_tab(house: House) -> None:
    assert once(await moved(house), seams=1)
