"""kill -9 of the hub, at random moments of an answer that is being spoken: the listener hears every frame once.

What was said rests in the store, so the truth to compare with is there: the tracks that the log names, as the hub
exports them. The listener is no browser (`test_voice_session` has one), so each frame can be counted.
"""

from __future__ import annotations

import asyncio
import io
from random import Random
from typing import Any, Final

import aiohttp
import av
import pytest

import legato
from legato.session.parts import Stretch
from legato.session.state import Message, State
from media.opus import FRAME, duration
from signaling.demo import brain
from tests.checker.chronicle import at_socket
from tests.e2e.recorded import recorded
from tests.support.call_listener import CallListener, listening
from tests.support.processes import Tree, folder, invited, running

pytestmark = pytest.mark.e2e

KILLS: Final = 20


def told(state: State) -> Message | None:
    """The story, once it has begun."""
    entries = (entry for entry in state.entries.values() if isinstance(entry, Message))
    return next(
        (entry for entry in entries if entry.parts and entry.parts[0].text[:6] == brain.STORY[:6]), None
    )


def greeted(state: State) -> bool:
    """Both greetings are there, and what is spoken of them was heard to its end."""
    entries = [
        entry for entry in state.entries.values() if isinstance(entry, Message) and entry.status == "finished"
    ]
    spoken = [entry for entry in entries if entry.speech_end >= 0 or entry.parts[0].text == brain.HELLO]
    heard = [len(entry.parts[0].text) in entry.heard.values() for entry in spoken]
    return len(entries) == brain.GREETINGS and all(heard)


def heard_out(state: State) -> bool:
    message = told(state)
    return message is not None and message.status == "finished" and len(brain.STORY) in message.heard.values()


async def kept(
    http: aiohttp.ClientSession, url: str, session: str, track: str, ticket: str = ""
) -> dict[int, bytes]:
    """The frames of a track in the store, by media time; `ticket`: of who may have them, if it is no demo's session."""
    ticket = ticket or (await invited(http, url, session)).ticket
    path, asked = f"{url}/v1/sessions/{session}/recording", {"track": track}
    async with http.get(path, params=asked, headers={"Authorization": f"Bearer {ticket}"}) as answer:
        answer.raise_for_status()
        data = await answer.read()
    frames, at = dict[int, bytes](), 0
    with av.open(io.BytesIO(data), mode="r") as container:
        for packet in container.demux(audio=0):
            if packet.size:
                frames[at] = bytes(packet)
                at += duration(frames[at])
    return frames


def heard(event: dict[str, Any], message: str) -> bool:
    return event["type"] == "heard_settled" and bool(event["message"] == message)


def stretches(events: list[dict[str, Any]], message: str) -> list[Stretch]:
    """Where the message's speech rests, by the log; each ends where the next begins."""
    found: list[Stretch] = []
    for event in events:
        if event["type"] == "speech_queued" and event["message"] == message:
            one = Stretch(event["track"], event["start"], event["end"], event.get("samples", 0))
            if found and (found[-1].track, found[-1].start) == (one.track, one.start):
                found.pop()
            # What a kill left in the log and not in the ring is said anew, in its place.
            found = [each for each in found if each.samples < one.samples]
            found.append(one)
    for number, following in enumerate(found[1:]):
        before = found[number]
        end = before.start + following.samples - before.samples
        assert end <= before.end, "no speech is missing between two stretches"
        found[number] = Stretch(before.track, before.start, end, before.samples)
    return found


@pytest.mark.timeout(400)
async def test_twenty_kills_of_the_hub_while_it_speaks_lose_and_double_no_frame(run_seed: int) -> None:
    print(f"seed {run_seed}")
    async with (
        folder() as records,
        running("demo", "--voice", "espeak") as hub,
        aiohttp.ClientSession() as http,
    ):
        store = await hub.pid("store")
        way = await invited(http, hub.url)
        socket = hub.folder / "store" / "store.sock"
        async with recorded(records, [hub.url], way.session, hub.folder, lambda: at_socket(socket)) as run:
            client = await run.client("ada", way.ticket)
            await client.until(lambda state: state.responder == "p_concierge", timeout=20)
            async with listening(client, http, hub.url) as listener:
                await client.until(greeted, timeout=40)
                listener.frames.clear()
                await client.say("tell me a story")
                await killed(hub, client, listener, Random(run_seed))
                await client.until(heard_out, timeout=90)
                message = told(client.state)
                assert message is not None
            assert listener.calls > KILLS
            entries = await run.judge(await run.at_rest())
            run.agree_on_texts()
            assert run.outcomes() == ["finished"], "the answer was not cut"
            assert await hub.pid("store") == store, "the store was adopted"
        events = [entry.event for entry in entries]
        spoken = await said(http, hub.url, way.session, stretches(events, message.id))
        assert listener.frames == spoken, "every frame once, in order"
        settled = [event["characters"] for event in events if heard(event, message.id)]
        assert settled == sorted(settled), "what was heard never goes back"
        words = [characters for characters, _ in message.speech_words]
        assert words == sorted(set(words)), "no word was said twice"
        assert words[-1] == len(brain.STORY)


async def said(
    http: aiohttp.ClientSession, url: str, session: str, stretches: list[Stretch], ticket: str = ""
) -> list[bytes]:
    """The frames of the stretches, one after the other."""
    frames: list[bytes] = []
    for each in stretches:
        there = await kept(http, url, session, each.track, ticket)
        frames += [there[at] for at in range(each.start, each.end, FRAME)]
    return frames


async def killed(hub: Tree, client: legato.Client, listener: CallListener, random: Random) -> None:
    """Kill the node again and again, at a random moment after it began to speak (on)."""
    for _ in range(KILLS):
        async with asyncio.timeout(30):
            await listener.more()
        message = told(client.state)
        listener.message = message.id if message is not None else ""
        await asyncio.sleep(random.uniform(0.0, 0.8))
        old = await hub.kill("node")
        await hub.replaced("node", old)
