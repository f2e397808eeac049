"""Somebody speaks on while the network is away, in a real browser: the transcript and the recording have every word."""

from __future__ import annotations

import asyncio
import re
from difflib import SequenceMatcher
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from signaling.bench.link import detour, free_port
from tests.support.chromium import Tab, launched, opened
from tests.support.demo_hub import demo_hub
from tests.support.demo_page import LISTEN, DemoPage, decoded, understood
from tests.support.proxy import UdpProxy
from tests.support.spoken import speech_pcm, speech_wav

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SAID = (
    "My name is Ada and I live in the old house by the river, where seven boats and twelve ducks wait for spring, "
    "and tomorrow morning at nine I want to travel to the mountains with my brother and his yellow dog."
)
IN_THE_CUT = {"river", "seven", "boats", "twelve", "ducks", "spring", "7", "12"}
ENOUGH = 3
"""Of these words. A busy machine makes the recogniser give up on an utterance or other; not on all of the cut."""

LEAD_MS = 3_000
CUT_S = 5.0
BEFORE_S = 2.0
ALIKE = 0.82
"""How much of what the recogniser hears in the untouched speech it must hear again. It is no witness for every word
(the bench counts frames); but without what was said in the cut, it would be some 0.7."""

BEGINS = 48_000
LOUD = 0.02
LOUDEST = """() => {
  globalThis.loudest = 0;
  setInterval(() => { loudest = Math.max(loudest, legatoVoice.output.level()); }, 20);
}"""
ACKS = """() => {
  globalThis.acks = [];
  const told = (envelope) => { if (envelope.type === "audio_acked") acks.push(envelope); };
  legato.sounds.listen({ told, heard() {}, back() {}, away() {} });
}"""


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+", text.lower())


def spoken(entries: list[dict[str, Any]]) -> str:
    """What was transcribed."""
    return " ".join(one["parts"][0]["text"] for one in entries if one.get("spoken"))


async def recorded(url: str, page: DemoPage, track: str) -> bytes:
    """The microphone's track, as Ogg/Opus."""
    session = await page.tab.page.evaluate("() => location.hash.slice(1)")
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{url}/demo/join", json={"session": session}) as joined:
            ticket = (await joined.json())["ticket"]
        headers = {"Authorization": f"Bearer {ticket}"}
        path = f"{url}/v1/sessions/{session}/recording"
        async with http.get(path, params={"track": track}, headers=headers) as kept:
            assert kept.status == 200
            return await kept.read()


@pytest.mark.parametrize("what", ["UDP", "everything"])
async def test_every_word_said_in_a_cut_of_five_seconds_is_kept(tmp_path: Path, what: str) -> None:
    microphone = await asyncio.to_thread(lambda: speech_wav(SAID, lead_ms=LEAD_MS, tail_ms=60_000))
    pcm = await asyncio.to_thread(speech_pcm, SAID, 16_000)
    plain = words_of(await understood(pcm))
    over = 48 * (LEAD_MS + len(pcm) // 32 + 2_500)
    port = free_port()
    async with (
        demo_hub(tmp_path / "data", "--media-port", str(port)) as url,
        UdpProxy("127.0.0.1", port, Random(1)) as udp,
        launched(microphone=microphone, once=True) as browser,
        opened(browser, url, script=detour(port, udp.port)) as tab,
    ):
        page = await _talking(tab)
        await page.until("seen.some((event) => event.type === 'turn_started')", 30)
        await asyncio.sleep(BEFORE_S)
        udp.dark = True
        if what == "everything":
            await tab.page.evaluate(f"() => legato.cut({CUT_S * 1000})")
        await asyncio.sleep(CUT_S)
        udp.dark = False
        await page.until("legatoVoice.current.state === 'live'", 30)
        # Until the hub has all of the speech, and what it heard of it is written down.
        await page.until(f"acks.at(-1).until > {over}", 60)
        await page.until(
            "seen.some((one) => one.type === 'turn_ended' && !one.empty)"
            " && Object.values(legato.view.state.turns).every((turn) => turn.status !== 'speaking')",
            60,
        )
        # What was said in the cut comes after what was said since, as a turn of its own: it may be in the making.
        async with asyncio.timeout(60):
            while len(IN_THE_CUT & set(words_of(spoken(await page.entries())))) < ENOUGH:  # noqa: ASYNC110 — asked of a page
                await asyncio.sleep(0.2)
        acked = await tab.page.evaluate("() => acks.at(-1)")
        gaps = await _gaps(page)
        recording = await recorded(url, page, acked["track"])
        assert tab.errors == []
    assert gaps == []
    heard = words_of(await understood(await asyncio.to_thread(decoded, recording)))
    assert _alike(heard, plain) > ALIKE, heard


async def test_where_no_call_gets_through_the_connection_carries_the_voice(tmp_path: Path) -> None:
    microphone = await asyncio.to_thread(
        lambda: speech_wav("Hello, tell me a story.", lead_ms=9_000, tail_ms=90_000)
    )
    port = free_port()
    async with (
        demo_hub(tmp_path / "data", "--media-port", str(port)) as url,
        UdpProxy("127.0.0.1", port, Random(1), dark=True) as udp,
        launched(microphone=microphone, once=True) as browser,
        opened(browser, url, script=detour(port, udp.port)) as tab,
    ):
        page = await _talking(tab)
        assert await tab.page.evaluate("() => legatoVoice.current.way") == "connection"
        await tab.page.evaluate(LOUDEST)
        await page.until("Object.values(legato.view.state.entries).some((one) => one.spoken)", 60)
        await page.until(f"loudest > {LOUD}", 60)
        udp.dark = False
        await page.until("legatoVoice.current.way === 'call' && legatoVoice.current.state === 'live'", 60)
        await tab.page.evaluate("() => { acks.length = 0; }")
        await page.until("acks.length > 3 && acks.at(-1).until > acks[0].until", 30)
        assert await _gaps(page) == []
        assert tab.errors == []


async def _talking(tab: Tab) -> DemoPage:
    page = DemoPage(tab)
    await page.until("globalThis.legato?.view?.phase === 'live' && globalThis.legatoVoice")
    await tab.page.evaluate(LISTEN)
    await tab.page.evaluate(ACKS)
    await tab.page.click("[data-voice]")
    await page.until("legatoVoice.current.state === 'live'")
    return page


async def _gaps(page: DemoPage) -> list[list[object]]:
    """What was named lost, but for the moment in which a microphone begins: some give a piece, then nothing."""
    gaps: list[list[object]] = await page.tab.page.evaluate(
        f"() => legato.view.state.gaps.filter(([, start]) => start > {BEGINS})"
    )
    return gaps


def _alike(words: list[str], wanted: list[str]) -> float:
    return SequenceMatcher(None, words, wanted, autojunk=False).ratio()
