"""Each frame that somebody says in a real Chromium tells its number (`tests.support.numbered`): whatever happens to the
network, to the page and to who answers, the recording has it once and at its place, or the log names it lost."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
import numpy as np
import pytest
import pytest_asyncio

import legato
from legato.client.microphone import Microphone
from legato.session import commands as c
from media.opus import duration
from signaling.bench.pilots import judged as in_packets
from signaling.bench.pilots import number_of, packets_in, pilot
from signaling.cli.tickets import signer_here
from tests.e2e.minting import ticket_for
from tests.e2e.test_speaking_through_gaps import ACKS
from tests.e2e.test_three_people import AS_IT_IS, NOBODY
from tests.support.linked import House, linked
from tests.support.numbered import Told, blurred, judged, numbers_of, spoken
from tests.support.page import Reader, reading
from tests.support.processes import Tree, invited
from tests.support.sound import FRAME, RATE, samples_of, write_wav
from tests.support.sweep import positions_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

PATIENCE_S: Final = 40.0
LOOKAHEAD: Final = 312
"""Samples by which an Opus encoder's sound is late."""
FRAMES_A_SECOND: Final = RATE // FRAME
OUTAGE_S: Final = 5
ROUGH_S: Final = 5
SPOKEN_S: Final = 1
SWITCHES: Final = 2

SAID: Final = "(JSON.parse(sessionStorage.getItem('legato:said') ?? '[]').at(-1)?.until ?? 0)"
"""Up to which media time the page knows of its microphone: half a second old at most."""

LEFT: Final = f"globalThis.left = {SAID};"
"""What the page before had captured when it went."""


OVER: Final = "status of 404"
"""A call that the hub had ended, by the words that the page said, when it came to be hung up."""

GIVEN: Final = """(() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  globalThis.given = [];
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = await ask(wish);
    const [track] = stream.getAudioTracks();
    const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: 500 });
    const one = { rate: 48000, pieces: [] };
    given.push(one);
    void (async () => {
      for await (const value of readable) {
        const samples = new Float32Array(value.numberOfFrames);
        value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
        one.rate = value.sampleRate;
        one.pieces.push(Int16Array.from(samples, (each) => Math.max(-1, Math.min(1, each)) * 32767));
        value.close();
      }
    })();
    return stream;
  };
})()"""
"""Keeps what the browser gave the page of each microphone: a busy machine spoils some of it before."""

WAS_GIVEN: Final = """(which) => new Promise((resolve) => {
  const { rate, pieces } = given.at(which);
  const reader = new FileReader();
  reader.onload = () => resolve([rate, reader.result.slice(reader.result.indexOf(",") + 1)]);
  reader.readAsDataURL(new Blob(pieces));
})"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """In whose every microphone the numbered frames are said."""
    microphone = write_wav(tmp_path_factory.mktemp("said") / "numbered.wav", spoken())
    async with linked(microphone, "espeak", NOBODY, AS_IT_IS, GIVEN, LEFT) as house:
        yield house


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody at a page of the house, whose microphone is open."""

    house: House
    reader: Reader

    async def says(self, seconds: float) -> None:
        """So many seconds of this microphone are safe."""
        await self.reader.page.evaluate(ACKS)
        await self.reader.until(f"acks.length > 0 && acks.at(-1).until > {seconds * RATE}")

    async def captured(self) -> int:
        """Up to which media time the page knows of it."""
        return int(await self.reader.page.evaluate(f"() => {SAID}"))

    async def track(self) -> str:
        return str(await self.reader.page.evaluate("() => acks.at(-1).track"))

    async def given(self, which: int = -1) -> frozenset[int]:
        """The frames of a microphone of this page that were spoilt when it got them."""
        rate, written = await self.reader.page.evaluate(WAS_GIVEN, which)
        samples = np.frombuffer(base64.b64decode(written), dtype=np.int16)
        places = np.arange(len(samples) * RATE // rate) * (rate / RATE)
        even = np.interp(places, np.arange(len(samples)), samples).astype(np.int16)
        return blurred(await asyncio.to_thread(lambda: numbers_of(positions_of(even))))

    async def told(self, track: str, spoilt: frozenset[int]) -> Told:
        """What the recording and the log say of a track, up to where it was acknowledged if it goes on."""
        acked = await self.reader.page.evaluate("() => acks.at(-1)")
        end = int(acked["until"]) if acked["track"] == track else -1
        gaps = [
            (int(start) // FRAME, -(-int(end) // FRAME))
            for which, start, end in await self.reader.page.evaluate("() => legato.view.state.gaps")
            if which == track
        ]
        packets = await recorded(self.house.hub, self.reader.session, track, end)
        assert {duration(packet) for packet in packets} == {FRAME}
        samples = np.append(samples_of(packets)[LOOKAHEAD:], np.zeros(FRAME, dtype=np.int16))
        numbers = await asyncio.to_thread(lambda: numbers_of(positions_of(samples)))
        told = judged(numbers, gaps, spoilt)
        print(f"{told}, spoilt {len(spoilt)}, gaps {gaps}, {len(packets)} places")
        return told


async def recorded(hub: Tree, session: str, track: str, end: int = -1) -> list[bytes]:
    """The packets of a track from its media time 0 on, to the last or to media time `end`; silence where there is
    none."""
    async with aiohttp.ClientSession() as http:
        way = await invited(http, hub.url, session)
        headers = {"Authorization": f"Bearer {way.ticket}"}
        asked = {"track": track, "start": "0"} | ({"end": str(end)} if end > 0 else {})
        async with http.get(
            f"{hub.url}/v1/sessions/{session}/recording", params=asked, headers=headers
        ) as answer:
            assert answer.status == 200
            return packets_in(await answer.read())[2:]


@asynccontextmanager
async def speaking(house: House) -> AsyncIterator[Speaker]:
    async with reading(house.browser, house.hub.url, script=house.script) as reader:
        reader.patience_s = PATIENCE_S
        await reader.say("thanks")  # who has said something is not greeted aloud
        await reader.quiet()
        await reader.page.click("[data-voice]")
        speaker = Speaker(house, reader)
        await speaker.says(1)
        yield speaker
        assert [each for each in reader.tab.errors if OVER not in each] == []


async def test_a_lossy_and_late_network_costs_no_frame(house: House) -> None:
    async with speaking(house) as speaker:
        with house.rough():
            await speaker.says(ROUGH_S)
        assert await speaker.reader.page.evaluate("() => acks.some(({ missing }) => missing?.length > 0)")
        told = await speaker.told(await speaker.track(), await speaker.given())
    assert told.faults == 0
    assert told.until >= (ROUGH_S - 1) * FRAMES_A_SECOND


async def test_what_is_said_in_an_outage_of_five_seconds_is_there_frame_by_frame(house: House) -> None:
    async with speaking(house) as speaker:
        with house.dark():
            await speaker.reader.page.evaluate(f"() => legato.cut({OUTAGE_S * 1000})")
            cut = await speaker.captured()
            await speaker.reader.until(f"{SAID} > {cut + OUTAGE_S * RATE}")
        await speaker.says(cut / RATE + OUTAGE_S + 1)
        told = await speaker.told(await speaker.track(), await speaker.given())
    assert told.faults == 0
    assert told.until >= cut // FRAME + OUTAGE_S * FRAMES_A_SECOND


async def test_who_turns_to_text_and_back_to_voice_loses_no_frame(house: House) -> None:
    async with speaking(house) as speaker:
        tracks, said = [await speaker.track()], []
        with house.rough():
            for _ in range(SWITCHES):
                await speaker.reader.page.click("[data-voice]")
                await speaker.reader.until("legatoVoice.current.state === 'off'")
                said.append(await speaker.captured())
                await speaker.reader.page.click("[data-voice]")
                other = f"!{json.dumps(tracks)}.includes(acks.at(-1).track)"
                await speaker.reader.until(f"legatoVoice.current.state === 'live' && {other}")
                await speaker.says(1)
                tracks.append(await speaker.track())
        told = [await speaker.told(track, await speaker.given(which)) for which, track in enumerate(tracks)]
    assert [each.faults for each in told] == [0] * (SWITCHES + 1)
    assert all(each.until >= until // FRAME for each, until in zip(told, said, strict=False))


async def test_a_takeover_costs_neither_the_caller_nor_the_operator_a_frame(house: House) -> None:
    async with speaking(house) as speaker:
        signer = await signer_here(house.hub.folder, os.environ)
        ticket = ticket_for(signer, speaker.reader.session, "p_desk", "operator")
        async with legato.Client(house.hub.url, ticket=ticket, device="desk") as desk:
            await desk.do(c.TakeOver())
            await speaker.reader.until("legato.view.state.responder === 'p_desk'")
            async with desk.microphone() as microphone:
                said = range(SPOKEN_S * FRAMES_A_SECOND)
                await speak(microphone, said)
                own = microphone.track
            await desk.do(c.HandBack())
            await speaker.says(await speaker.captured() / RATE + 0.5)
            told = await speaker.told(await speaker.track(), await speaker.given())
        packets = await recorded(house.hub, speaker.reader.session, own)
    desk_told = in_packets([number_of(packet) for packet in packets], said)
    assert told.faults == 0
    assert told.until >= SPOKEN_S * FRAMES_A_SECOND
    assert (desk_told.lost, desk_told.doubled, desk_told.misplaced) == ((), (), ())


async def speak(microphone: Microphone, said: range) -> None:
    """Numbered packets, one each 20 ms, until all are safe."""
    began = asyncio.get_running_loop().time()
    for number in said:
        microphone.send(pilot(number))
        due = began + (number + 1) / FRAMES_A_SECOND
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
    await microphone.settled(PATIENCE_S)


async def test_what_a_reload_loses_is_named_to_the_frame(house: House) -> None:
    async with speaking(house) as speaker:
        first, spoilt = await speaker.track(), await speaker.given()
        await speaker.reader.page.reload()
        await speaker.reader.live()
        await speaker.reader.until("globalThis.legatoVoice?.current.state === 'live'")
        await speaker.says(1)
        left = int(await speaker.reader.page.evaluate("left"))
        before = await speaker.told(first, spoilt)
        after = await speaker.told(await speaker.track(), await speaker.given())
    assert (before.faults, after.faults) == (0, 0)
    assert before.until >= left // FRAME
    assert after.kept > 0
