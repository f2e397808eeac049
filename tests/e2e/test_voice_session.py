"""Somebody opens the demo, speaks and types with its agent in one session; the hub is killed while it speaks."""

from __future__ import annotations

import asyncio
import contextlib
import re
from difflib import SequenceMatcher
from pathlib import Path

import aiohttp
import pytest

from media.engines.openai import wav
from signaling.demo import brain
from tests.support.demo_hub import demo_hub
from tests.support.demo_page import DemoPage, decoded, demo_page, understood
from tests.support.spoken import silence, speech_wav

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

QUESTION = "Where is my order, number four seven one one?"
MARKS = [
    *("speech_started", "end_of_speech", "end_of_turn", "transcript_final"),
    *("first_word", "first_audio_in", "first_audio_out", "heard"),
]
ASKED = {"where", "number", "four", "seven"}
ANSWERED = {"let", "look", "order", "shipped", "thursday", "refund"}
"""Words of the answer that a small recogniser tells; of “a cello bow” it makes what it likes."""

LOUD = 0.02
"""Root mean square at the page's speaker, of 1: what is louder is no silence."""


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z]+|\d", text.lower())


async def recording(url: str, page: DemoPage, track: str) -> bytes:
    """What the hub kept of the session's sound, as Ogg/Opus."""
    session = await page.tab.page.evaluate("() => location.hash.slice(1)")
    asked = {"track": track} if track else {}
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{url}/demo/join", json={"session": session}) as joined:
            ticket = (await joined.json())["ticket"]
        headers = {"Authorization": f"Bearer {ticket}"}
        path = f"{url}/v1/sessions/{session}/recording"
        async with http.get(path, params=asked, headers=headers) as kept:
            assert (kept.status, kept.content_type) == (200, "audio/ogg")
            return await kept.read()


async def test_speech_typing_and_tools_are_one_continuous_log(tmp_path: Path) -> None:
    microphone = await asyncio.to_thread(lambda: speech_wav(QUESTION, lead_ms=1000, tail_ms=60_000))
    async with demo_hub(tmp_path / "data") as url, demo_page(url, microphone) as page:
        await page.talk()
        await page.until("seen.some((event) => event.type === 'tool_ended')", 40)
        await page.until(
            "Object.values(legato.view.state.entries).some((one) => one.speech_end > 0"
            " && one.parts[0].text.includes('cello')"
            " && Object.values(one.heard)[0] === one.parts[0].text.length)",
            40,
        )
        assert await page.tab.page.evaluate("() => loudest") > LOUD
        heard = await page.heard()
        await page.type("please refund it")
        await page.until("seen.filter((event) => event.type === 'tool_ended').length === 2")
        await page.until("Object.keys(legato.view.state.responses).length === 0")
        events, entries = await page.events(), await page.entries()
        speech = next(event["track"] for event in events if event["type"] == "speech_queued")
        mix, track = await recording(url, page, ""), await recording(url, page, speech)
        assert page.tab.errors == []
    mixed = set(words_of(await understood(decoded(mix))))
    assert mixed & ANSWERED or mixed & ASKED, "the mix is speech"
    assert len(ANSWERED & set(words_of(await understood(decoded(track))))) >= 2
    offsets = [event["offset"] for event in events]
    assert offsets == list(range(offsets[0], offsets[0] + len(offsets))), "one log, no hole, nothing twice"
    spoken = next(one for one in entries if one.get("spoken"))
    assert brain.order_number(spoken["parts"][0]["text"]) == "4711"
    assert [word[0] for word in spoken["spoken"]["words"]] == spoken["parts"][0]["text"].split()
    tools = [one["name"] for one in entries if one.get("entry") == "tool" or "arguments" in one]
    assert tools == ["order", "refund"]
    assert len(ANSWERED & set(words_of(heard))) >= 2, heard
    marks = [event["mark"] for event in events if event["type"] == "turn_marked"]
    assert sorted(marks) == sorted(MARKS)
    ended = [event for event in events if event["type"] == "turn_ended"]
    answered = [event for event in events if event["type"] == "response_started"]
    assert len(ended) == 1, "the spoken turn ended once"
    assert [one.get("turn") for one in answered].count(ended[0]["turn"]) == 1, "and was answered once"


async def test_a_killed_hub_speaks_on_from_the_last_heard_word(tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.wav"
    await asyncio.to_thread(quiet.write_bytes, wav(silence(90_000), 48_000))
    story = brain.STORY
    whole = f"seen.some((event) => event.type === 'heard_settled' && event.final && event.characters === {len(story)})"
    async with demo_hub(tmp_path / "data") as url, demo_page(url, quiet) as page:
        await page.type("thanks")  # who has said something is not greeted aloud: only the story is heard
        await page.until(
            "seen.some((event) => event.type === 'response_ended' && event.outcome === 'finished')"
        )
        await page.until("Object.keys(legato.view.state.turns).length === 0")
        await page.talk()
        await page.type("tell me a story")
        await page.until(
            "Object.values(legato.view.state.entries).some((one) => one.parts?.[0]?.text?.startsWith('Legato means')"
            " && Object.values(one.heard).some((characters) => characters > 60))",
            60,
        )
        node = await page.tab.page.evaluate("() => legato.node")
        async with aiohttp.ClientSession() as http:
            with contextlib.suppress(aiohttp.ClientError):  # it dies while it answers
                await http.post(f"{url}/demo/kill", json={"what": "hub"})
        await page.until(f"legato.view.phase === 'live' && legato.node !== {node!r}")
        await page.until(whole, 70)
        heard, events, entries = await page.heard(), await page.events(), await page.entries()
    offsets = [event["offset"] for event in events]
    assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
    told = next(one for one in entries if one["parts"][0]["text"].startswith("Legato means"))
    assert told["parts"][0]["text"] == story
    assert told["status"] == "finished"
    settled = [
        event["characters"]
        for event in events
        if event["type"] == "heard_settled" and event["message"] == told["id"]
    ]
    assert settled == sorted(settled), "what was heard never goes back"
    # The recogniser is no witness for every word; but a second of it missing, or a sentence twice, would show.
    said, wanted = words_of(heard), words_of(story)
    assert SequenceMatcher(None, said, wanted, autojunk=False).ratio() > 0.85, heard
    assert len(said) < len(wanted) * 1.12, heard
