"""Somebody is gone for seconds while a story is told, and goes on as it chose: every frame that it hears is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import pytest
from yarl import URL

import legato
from media.opus import SILENCE
from signaling.demo import brain
from tests.e2e.test_kills_in_speech import greeted, heard_out, said, stretches, told
from tests.support.call_listener import CallListener, listening
from tests.support.processes import Tree, invited, running
from tests.support.proxy import TcpProxy

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

GAP_S: Final = 2.0


@asynccontextmanager
async def returned(then: str) -> AsyncIterator[tuple[CallListener, list[bytes], list[dict[str, Any]]]]:
    """Somebody who came back after the gap and heard the story out; with the story's frames, and what the log says."""
    async with running("demo", "--voice", "espeak") as hub, aiohttp.ClientSession() as http:
        way = await invited(http, hub.url)
        async with legato.Client(hub.url, ticket=way.ticket) as client:
            await client.until(lambda state: state.responder == "p_concierge", timeout=20)
            listener = CallListener(client, http, hub.url)
            async with listening(client, http, hub.url, listener):
                await client.until(greeted, timeout=40)
                listener.frames.clear()
                await client.say("tell me a story")
                await listener.more(50)
            message = told(client.state)
            assert message is not None
            before = len(listener.frames)
            listener.heard, listener.message, listener.frames = before, message.id, []
            listener.goes_on = {"ago": int(GAP_S * 1_000), "then": then}
            await asyncio.sleep(GAP_S)
            async with listening(client, http, hub.url, listener):
                await client.until(heard_out, timeout=90)
            events = await log_of(http, hub, way.session)
            yield listener, await said(http, hub.url, way.session, stretches(events, message.id)), events


async def log_of(http: aiohttp.ClientSession, hub: Tree, session: str) -> list[dict[str, Any]]:
    way, events = await invited(http, hub.url, session), list[dict[str, Any]]()
    while True:
        path = f"{hub.url}/v1/sessions/{session}/events"
        asked = {"after": str(len(events)), "limit": "500"}
        async with http.get(path, params=asked, headers={"Authorization": f"Bearer {way.ticket}"}) as answer:
            page = (await answer.json())["events"]
        if not page:
            return events
        events += page


async def test_who_goes_straight_on_hears_the_end_and_is_told_the_words_between() -> None:
    async with returned("live") as (listener, story, events):
        at = len(story) - len(listener.frames)
        assert listener.frames == story[at:], "from there on every frame, once"
        assert listener.heard < at <= listener.heard + GAP_S * 50
        (skipped,) = [event for event in events if event["type"] == "speech_skipped"]
        assert 0 < skipped["start"] < skipped["end"] < len(brain.STORY)
        assert not brain.STORY[skipped["end"] - 1 : skipped["end"] + 1].isalnum(), "a whole word"


async def test_who_catches_up_hears_all_of_it_and_is_there_sooner() -> None:
    async with returned("catch_up") as (listener, story, _):
        rest = len(story) - listener.heard
        gained = rest - len(listener.frames)
        assert GAP_S * 50 * 0.9 <= gained <= GAP_S * 50 * 1.1, "the gap is made up for"
        assert listener.frames[-50:] == story[-50:], "and then it is played as it was made"


async def test_a_program_that_was_cut_off_goes_straight_on_as_it_chose() -> None:
    async with running("demo", "--voice", "espeak") as hub, aiohttp.ClientSession() as http:
        way, there = await invited(http, hub.url), URL(hub.url)
        assert there.port is not None
        async with TcpProxy("127.0.0.1", there.port) as proxy:
            sounds = Sounds()
            through = f"http://127.0.0.1:{proxy.port}"
            async with legato.Client(through, ticket=way.ticket) as client:
                await client.until(lambda state: state.responder == "p_concierge", timeout=20)
                async with client.microphone(sounds.hear, after_gap="live"):
                    await client.until(greeted, timeout=40)
                    sounds.frames.clear()
                    await client.say("tell me a story")
                    await sounds.more(50)
                    message = told(client.state)
                    assert message is not None
                    proxy.blackhole()
                    await asyncio.sleep(GAP_S)
                    proxy.cut()
                    proxy.heal()
                    heard, sounds.frames = len(sounds.frames), []
                    await client.until(heard_out, timeout=90)
            events = await log_of(http, hub, way.session)
            story = await said(http, hub.url, way.session, stretches(events, message.id))
            at = len(story) - len(sounds.frames)
            assert sounds.frames == story[at:], "from there on every frame, once"
            assert heard < at, "it did not wait for what it missed"
            (skipped,) = [event for event in events if event["type"] == "speech_skipped"]
            assert 0 < skipped["start"] < skipped["end"] < len(brain.STORY)


class Sounds:
    """The frames of speech that a program was given."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self._came = asyncio.Event()

    def hear(self, frame: bytes) -> None:
        if frame != SILENCE:
            self.frames.append(frame)
            self._came.set()

    async def more(self, count: int) -> None:
        """Wait until there are so many."""
        async with asyncio.timeout(60):
            while len(self.frames) < count:
                self._came.clear()
                await self._came.wait()
