"""Somebody puts their own device on hold, in a real Chromium: nothing sounds there, nothing of its microphone comes to
the hub, and both go on afterwards, the speech from the same moment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from itertools import groupby
from pathlib import Path
from typing import Final

import aiohttp
import numpy as np
import pytest
import pytest_asyncio

from signaling.cli.tickets import signer_here
from tests.e2e.minting import ticket_for
from tests.e2e.test_page_heard import further, hearing, quiet
from tests.e2e.test_speaking_through_gaps import ACKS
from tests.e2e.test_three_people import AS_IT_IS, NOBODY
from tests.support.chromium import launched, opened
from tests.support.demo_page import EARS_RATE, decoded
from tests.support.page import Reader
from tests.support.processes import Tree, running
from tests.support.sound import RATE, strength, tone, write_wav
from tests.support.sweep import WINDOW, played, positions_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

__all__ = ["quiet"]

MINE: Final = "legato.view.state.attachments[legato.view.attachment]"
HELD_S: Final = 2.0
HEARD: Final = "(({ message, samples }) => ({ message, samples }))(legatoVoice.playout.heard)"
RECORDED: Final = "played.reduce((sum, { length }) => sum + length, 0)"
FAINT: Final = 100
SILENT: Final = f"played.slice(-20).every((piece) => piece.every((one) => Math.abs(one) < {FAINT}))"
FADES: Final = 5
"""After so many windows a sound that begins tells its time."""

HERTZ: Final = 440.0
PRESENT: Final = 100.0
"""Amplitude of the pitch in a recording that holds it, of 32 767."""

QUARTER: Final = EARS_RATE // 4


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub() -> AsyncIterator[Tree]:
    """One hub for all of them. Its ears understand nothing: nobody's words are waited for."""
    async with running("demo", "--ears", "openai", "--voice", "espeak", OPENAI_BASE_URL=NOBODY) as hub:
        yield hub


async def hold(reader: Reader) -> None:
    """By its key; returns when the hub and the page know."""
    await reader.page.keyboard.press("Alt+h")
    await reader.until(f"{MINE}.holds && legatoVoice.microphone.held")
    await reader.until("document.querySelector('.voice-state')?.textContent.includes('On hold')")


async def go_on(reader: Reader) -> None:
    """By its button."""
    await reader.page.click(".voice-strip [aria-label='Go on']")
    await reader.until(f"!{MINE}.holds && !legatoVoice.microphone.held")


async def test_on_hold_nothing_sounds_and_the_speech_goes_on_from_the_same_moment(
    hub: Tree,
    quiet: Path,
) -> None:
    async with hearing(hub, quiet) as reader:
        await further(reader, 1.5)
        await hold(reader)
        await reader.until(SILENT)
        held, before = await reader.page.evaluate(HEARD), await reader.page.evaluate(RECORDED)
        await reader.until(f"{RECORDED} > {before + HELD_S * RATE}", 20)
        assert await reader.page.evaluate(HEARD) == held, "not a sample is heard on hold"
        await reader.shot("voice-on-hold")
        await go_on(reader)
        await reader.until(f"legatoVoice.playout.heard.samples > {held['samples'] + 2 * RATE}", 40)
        sound = await played(reader.page)
    end, left = int(before + HELD_S * RATE), held["samples"] / RATE
    assert np.max(np.abs(sound[before:end])) <= FAINT, "it is silent"
    positions = await asyncio.to_thread(positions_of, sound)
    after = [one for one in positions[end // WINDOW :] if one is not None][FADES]
    assert -0.2 < after - left < 0.5, "it goes on where it was left"


async def acked(reader: Reader, seconds: float) -> None:
    """Wait until the hub has so much more of the microphone."""
    await reader.until("acks.length > 0")
    until = int(await reader.page.evaluate("acks.at(-1).until"))
    await reader.until(f"acks.at(-1).until > {until + seconds * RATE}", 30)


async def recorded(hub: Tree, session: str) -> list[tuple[bool, float]]:
    """Where the hub's recording of the session has the pitch, and for how many seconds it has, and has not."""
    ticket = ticket_for(await signer_here(hub.folder, os.environ), session, "p_boss", "supervisor")
    headers = {"Authorization": f"Bearer {ticket}"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{hub.url.rstrip('/')}/v1/sessions/{session}/recording", headers=headers) as answer,
    ):
        answer.raise_for_status()
        sound = np.frombuffer(decoded(await answer.read()), dtype=np.int16)
    windows = [sound[start : start + QUARTER] for start in range(0, sound.size - QUARTER, QUARTER)]
    has = [strength(each, HERTZ, EARS_RATE) > PRESENT for each in windows]
    return [(present, len([*run]) * QUARTER / EARS_RATE) for present, run in groupby(has)]


async def test_on_hold_nothing_of_the_microphone_comes_to_the_hub_until_its_person_goes_on(
    hub: Tree, tmp_path: Path
) -> None:
    file = write_wav(tmp_path / "tone.wav", tone(HERTZ, 2.0, 0.2))
    async with launched(file) as browser, opened(browser, hub.url, script=AS_IT_IS) as tab:
        reader = Reader(tab)
        await reader.talks()
        await tab.page.evaluate(ACKS)
        await acked(reader, 1.0)
        await hold(reader)
        await acked(reader, HELD_S + 1)
        await go_on(reader)
        await acked(reader, 1.0)
        stretches = await recorded(hub, reader.session)
        assert tab.errors == []
    without = [seconds for present, seconds in stretches if not present and seconds >= HELD_S]
    assert len(without) == 1, stretches
    assert stretches[-1][0] or stretches[-2][0], "it is heard again"
