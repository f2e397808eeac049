"""What a page heard is what the hub goes on from: while a sweep plays in a real Chromium its hub is killed, or its path
dies and nothing closes."""

from __future__ import annotations

import asyncio
import os
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

import legato
from legato.agent.voice import bring
from legato.session import commands as c
from legato.session.state import Entry, Message
from media.engines.openai import wav
from signaling.bench.link import Link, detour, free_port
from signaling.bench.voice_dead_paths import JITTER_MS, LOSE
from signaling.cli.tickets import signer_here
from tests.e2e.minting import ticket_for
from tests.support.chromium import launched, opened
from tests.support.page import Reader
from tests.support.patience import comes
from tests.support.processes import Tree, running
from tests.support.spoken import silence
from tests.support.sweep import RECORD, largest_hole, longest_repeat, played, positions_of, sweep

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SOUND = ("--ears", "auto", "--voice", "espeak")
SWEEP_S = 14.0
BREAKS = 3
SAID = """() => {
  globalThis.said = [];
  const dial = legato.dial.bind(legato);
  legato.dial = (call, ready, heard, password) => {
    if (heard !== null) said.push(heard.samples);
    return dial(call, ready, heard, password);
  };
  const call = legato.requests.call.bind(legato.requests);
  legato.requests.call = (sdp, heard) => {
    if (heard !== null) said.push(heard.samples);
    return call(sdp, heard);
  };
}"""
"""What the page says that it heard, with each call."""

DOUBLED_MS = 200.0
"""Of one break, as read in windows of 20 ms, on a machine that does a lot else: what was on its way to the ear sounds
anew. Without the page's reports a second was heard twice."""

HOLE_MS = 250.0
"""Of the recording: a browser without processors to spare skips some of what it was sent. What the hub says into a dead
path, or had made before it was killed, is more than that."""


async def in_pieces(pcm: bytes) -> AsyncIterator[bytes]:
    yield pcm


def stored(entry: Entry) -> bool:
    """All of its speech was made."""
    return isinstance(entry, Message) and entry.speech_end > 0


async def brought(url: str, ticket: str, text: str = "A sweep.") -> None:
    """An agent says the sweep, all of it at once."""
    async with legato.Client(url, ticket=ticket, device="agent") as agent:
        message = agent.new_id("m")
        await agent.do(c.AcceptSession(right="worker:sweeper", worker=agent.new_id("k")))
        await agent.do(c.StartMessage(message=message))
        await agent.do(c.GrowMessage(message=message, index=0, text=text))
        await bring(agent, message, in_pieces(sweep(SWEEP_S).tobytes()), 48_000, 7)
        await agent.do(c.EndMessage(message=message))
        await comes(agent, lambda state: stored(state.entries[message]), "all of it in the ring")


@asynccontextmanager
async def hearing(hub: Tree, quiet: Path, script: str = "") -> AsyncIterator[Reader]:
    """A page that is in a call and plays the sweep; what it plays is recorded."""
    signer = await signer_here(hub.folder, os.environ)
    async with launched(quiet) as browser, opened(browser, hub.url, script=script) as tab:
        reader = Reader(tab)
        await reader.talks()
        await tab.page.evaluate(RECORD)
        await tab.page.evaluate(SAID)
        await brought(hub.url, ticket_for(signer, reader.session, "p_sweeper", "agent"))
        yield reader
        assert tab.errors == []


async def further(reader: Reader, seconds: float) -> None:
    """Wait until so much more of it was heard."""
    before = await reader.page.evaluate("legatoVoice.playout.heard?.samples ?? 0")
    await reader.until(f"(legatoVoice.playout.heard?.samples ?? 0) > {before + seconds * 48_000}", 30)


async def heard_out(reader: Reader) -> None:
    """Wait until all of it was heard. The page called anew each time, nothing was lost, and no more than a moment was
    heard twice."""
    await reader.until(f"legatoVoice.playout.heard.samples >= {(SWEEP_S - 0.5) * 48_000}", 40)
    positions = await asyncio.to_thread(positions_of, await played(reader.page))
    hole, twice = largest_hole(positions, SWEEP_S - 1) * 1_000, longest_repeat(positions) * 1_000
    said = await reader.page.evaluate("said")
    print(
        f"hole {hole:.0f} ms; heard twice {twice:.0f} ms; called after {[round(each / 48_000, 2) for each in said]} s"
    )
    assert len(said) >= BREAKS
    assert hole <= HOLE_MS
    assert twice <= DOUBLED_MS


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """A microphone into which nobody speaks."""
    file = tmp_path / "quiet.wav"
    file.write_bytes(wav(silence(5_000), 48_000))
    return file


async def test_a_killed_hub_plays_on_from_what_the_page_heard(quiet: Path, run_seed: int) -> None:
    random = Random(run_seed)
    async with running("demo", *SOUND) as hub, hearing(hub, quiet) as reader:
        for _ in range(BREAKS):
            await further(reader, random.uniform(1.0, 2.0))
            old = await hub.kill("node")
            await hub.replaced("node", old)
        await heard_out(reader)


async def test_a_path_that_dies_in_silence_is_left_and_nothing_is_lost(quiet: Path, run_seed: int) -> None:
    random, port = Random(run_seed), free_port()
    async with (
        running("demo", *SOUND, "--media-port", str(port)) as hub,
        Link(port, random).open() as link,
        hearing(hub, quiet, detour(port, link.port)) as reader,
    ):
        for _ in range(BREAKS):
            await further(reader, random.uniform(1.5, 2.5))
            link.darken()
            await further(reader, 0.5)
        await heard_out(reader)


async def test_a_path_that_is_merely_bad_is_never_left(quiet: Path, run_seed: int) -> None:
    port = free_port()
    async with (
        running("demo", *SOUND, "--media-port", str(port)) as hub,
        Link(port, Random(run_seed)).open() as link,
        hearing(hub, quiet, detour(port, link.port)) as reader,
    ):
        await reader.page.evaluate("() => { globalThis.path = legatoVoice.sounding.by; }")
        link.lose, link.jitter_ms = LOSE, JITTER_MS
        await reader.until(f"legatoVoice.playout.heard?.samples >= {(SWEEP_S - 1) * 48_000}", 60)
        assert await reader.page.evaluate("legatoVoice.sounding.by === path")


NOTICED = """() => {
  globalThis.noticed = [];
  const signal = legato.signal.bind(legato);
  legato.signal = (name, data) => {
    if (name === "suspected") noticed.push(legatoVoice.playout.heard.samples);
    signal(name, data);
  };
}"""
"""What the page had heard, whenever it fell silent by its own judgement."""


async def test_a_cough_silences_the_page_for_a_moment_and_not_a_word_is_missing(
    coughing: Path,
) -> None:
    async with running("demo", *SOUND) as hub, hearing(hub, coughing) as reader:
        await reader.page.evaluate(NOTICED)
        await reader.until(f"legatoVoice.playout.heard?.samples >= {(SWEEP_S - 0.5) * 48_000}", 60)
        noticed = [each for each in await reader.page.evaluate("noticed") if each < (SWEEP_S - 2) * 48_000]
        positions = await asyncio.to_thread(positions_of, await played(reader.page))
        hole = largest_hole(positions, SWEEP_S - 1) * 1_000
        print(f"silent at {[round(each / 48_000, 2) for each in noticed]} s; hole {hole:.0f} ms")
        assert noticed, "the page hears it by itself"
        assert hole <= HOLE_MS


@pytest.fixture
def coughing(tmp_path: Path) -> Path:
    """A microphone into which somebody coughs every four seconds."""
    file, random = tmp_path / "cough.wav", Random(4)
    cough = array("h", (round(random.gauss(0, 4_000)) for _ in range(48 * 120))).tobytes()
    file.write_bytes(wav(silence(4_000) + cough, 48_000))
    return file
