"""An acknowledged microphone over real rooms and rings, in virtual time: cuts, kills, and what the log says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

from legato.client.unacked import Run, Unacked
from legato.session import events as e
from legato.wire import down
from legato.wire.audio import Audio, decode_audio
from legato.wire.stamp import stamped
from legato.wire.up import Listen, PlayedUntil
from legato.wire.up import Microphone as OpenMicrophone
from media.codecs import Encoder
from media.opus import FRAME, RATE, SILENCE
from media.rtc.rtp import AudioPacket
from media.voice.captured import CapturedEar
from media.voice.carrier import Carrier
from media.voice.keeper import Keeper
from media.voice.session import SessionVoice
from tests.hub.node.builders import KEY, USER, House, virtual
from tests.media.builders import packet, tone
from tests.media.voice.test_session import TEXT, Agent, Phone, Place, place

CAPTURE = "k1"


class Page:
    """A browser's end of it: a capture clock that goes on whatever happens, and what is not safe yet."""

    def __init__(self, here: Place, house: House) -> None:
        self.here, self.house = here, house
        self.unacked = Unacked()
        self.acks: list[down.AudioAcked] = []
        self.sounds: list[bytes] = []
        self.ear: CapturedEar | None = None
        self.voice: SessionVoice | None = None
        self.number = 0
        self.called = True
        self.played: PlayedUntil | None = None

    # --- what the hub says

    def tell(self, envelope: down.Down) -> None:
        if isinstance(envelope, down.AudioAcked):
            self.acks.append(envelope)
            answer = self.unacked.acked(envelope.until, envelope.missing, self.house.clock())
            asyncio.get_running_loop().call_soon(self._answer, answer.runs, answer.lacking)

    def send_audio(self, envelope: bytes) -> None:
        self.sounds += decode_audio(envelope).frames

    # --- what it does

    async def connect(self, here: Place | None = None, *, carries: bool = False) -> None:
        self.here = here or self.here
        asked = OpenMicrophone(
            stream=1,
            capture=CAPTURE,
            since=self.unacked.since,
            clock=self.number * FRAME,
            carries=carries,
            heard=self.played,
        )
        async with self.here.desk.voice(KEY) as voice:
            assert voice is not None
            self.voice = voice
            self.ear = await voice.open_stream(self, USER.attachment, USER.participant, asked)
        self._send(self.unacked.opened(self.house.clock()))

    def cut(self) -> None:
        """The connection is lost."""
        assert self.voice is not None
        assert self.ear is not None
        self.voice.shut_stream(self.ear, self, 1)
        self.ear = None
        self.unacked.closed()

    def say(self, payload: bytes, *, live: bool = True) -> None:
        """20 ms pass at the microphone. `live`: the call brings the frame to the hub."""
        now = self.house.clock()
        media_time = self.number * FRAME
        self.unacked.capture(media_time, FRAME, payload, now)
        self.number += 1
        if live and self.ear is not None:
            if self.called:
                self.ear.on_audio(AudioPacket(0, 0, False, stamped(payload, media_time), 0, None, 1), now)
            else:
                self.ear.on_stream(Audio(1, 1, media_time, (payload,)), now)
        if self.ear is not None:
            self._send(self.unacked.late(now))

    async def pilots(self, count: int, *, live: bool = True) -> None:
        for _ in range(count):
            self.say(packet(self.number), live=live)
            await asyncio.sleep(0.02)

    def _send(self, runs: Iterable[Run]) -> None:
        self._answer(runs, [])

    def _answer(self, runs: Iterable[Run], lacking: list[tuple[int, int]]) -> None:
        if self.ear is None:
            return
        for run in runs:
            self.ear.on_stream(Audio(1, 1, run.media_time, run.frames, True), self.house.clock())
        if lacking:
            self.ear.lacking(lacking)


async def kept(here: Place, house: House) -> list[int]:
    """The pilots that the rings hold, in order."""
    track = f"t_{USER.attachment.removeprefix('a_')}.{CAPTURE}"
    keeper = Keeper(house.store(), here.node._parts.keys, KEY)
    frames = await keeper.read(track, await keeper.minutes(track))
    for frame in frames:
        assert frame.payload == packet(frame.media_time // FRAME), "misplaced"
    return [frame.media_time // FRAME for frame in frames]


async def called(page: Page, here: Place, phone: Phone) -> None:
    async with here.desk.voice(KEY) as voice:
        assert voice is not None
        ear = await voice.ear_for(USER.attachment, USER.participant, CAPTURE)
        carrier = cast("Carrier", phone)
        voice.begin(ear, "call7", carrier, await voice.returning(USER.participant), page.number * FRAME)
    voice.connected(USER.attachment, carrier)


@virtual
async def test_what_is_said_is_acknowledged_with_its_level() -> None:
    house = House()
    async with place(house) as here:
        page = Page(here, house)
        await page.connect()
        await called(page, here, Phone())
        await page.pilots(100)
        await asyncio.sleep(1)
        assert page.acks[0].until == 0
        assert {ack.level for ack in page.acks} == {here.house.store().level}
        assert page.acks[-1].until == 100 * FRAME
        assert len(page.unacked) == 0
        assert await kept(here, house) == list(range(100))
        assert len(page.acks) < 20, "batched"
        (started,) = here.of(e.VoiceStarted)
        assert started.track == page.acks[0].track


@virtual
async def test_lost_packets_are_asked_for_and_come() -> None:
    house = House()
    async with place(house) as here:
        page = Page(here, house)
        await page.connect()
        await called(page, here, Phone())
        for number in range(198):
            page.say(packet(number), live=number % 7 != 3)
            await asyncio.sleep(0.02)
        await asyncio.sleep(2)
        assert await kept(here, house) == list(range(198))
        assert page.acks[-1].until == 198 * FRAME
        assert here.of(e.GapMarked) == []


@virtual
async def test_what_is_said_while_the_call_is_dead_comes_by_the_stream() -> None:
    house = House()
    async with place(house) as here:
        page = Page(here, house)
        await page.connect()
        await called(page, here, Phone())
        await page.pilots(50)
        await page.pilots(250, live=False)
        await page.pilots(50)
        await asyncio.sleep(2)
        assert await kept(here, house) == list(range(350))
        assert here.of(e.GapMarked) == []


@virtual
async def test_what_is_said_while_everything_is_cut_comes_after() -> None:
    house = House()
    async with place(house) as here:
        page = Page(here, house)
        await page.connect()
        await called(page, here, Phone())
        await page.pilots(50)
        page.cut()
        await page.pilots(250)
        await page.connect()
        await page.pilots(50)
        await asyncio.sleep(2)
        assert await kept(here, house) == list(range(350))
        assert page.acks[-1].until == 350 * FRAME


@virtual
async def test_a_node_killed_in_mid_gap_loses_nothing() -> None:
    house = House()
    async with place(house) as here:
        page = Page(here, house)
        await page.connect()
        await called(page, here, Phone())
        await page.pilots(60)
        await page.pilots(20, live=False)
        await page.pilots(7)
        page.cut()
        acked = page.acks[-1].until
        here.desk._voices.clear()  # the node is killed: what it had not stored is gone
        async with place(house, "n2", first=False) as there:
            await page.pilots(40)
            await page.connect(there)
            await called(page, there, Phone(9))
            await page.pilots(40)
            await asyncio.sleep(2)
            assert page.acks[-1].until == page.number * FRAME
            assert acked < page.acks[-1].until
            assert await kept(there, house) == list(range(page.number))
            assert here.of(e.GapMarked) == there.of(e.GapMarked) == []


@virtual
async def test_what_nobody_holds_any_more_is_named_with_its_bounds() -> None:
    house = House()
    async with place(house) as here:
        page = Page(here, house)
        await page.connect()
        await called(page, here, Phone())
        await page.pilots(50)
        page.number += 10  # the microphone itself had a hole
        await page.pilots(50)
        await asyncio.sleep(2)
        (gap,) = here.of(e.GapMarked)
        assert (gap.start, gap.end) == (50 * FRAME, 60 * FRAME)
        assert page.acks[-1].until == 110 * FRAME
        assert here.room.state.gaps == [(gap.track, gap.start, gap.end)]


@virtual
async def test_a_stream_can_carry_the_voice_both_ways() -> None:
    house = House()
    async with place(house) as here:
        page = Page(here, house)
        page.called = False
        await page.connect(carries=True)
        here.room.signal(USER.participant, "output_ready", True)
        await here.say()
        await page.pilots(300)
        assert len(set(page.sounds)) > 50, "speech, and not silence alone"
        assert here.of(e.HeardSettled)[-1].final
        assert len(here.of(e.VoiceStarted)) == 1
        await page.connect(carries=False)
        await asyncio.sleep(0.5)
        assert [ended.reason for ended in here.of(e.VoiceEnded)] == ["moved"]
        assert await kept(here, house) == list(range(300))


def spoken(milliseconds: int, level: float = 0.3) -> list[bytes]:
    return Encoder(RATE).push(tone(200, milliseconds * RATE // 1000, RATE, level))


async def utter(page: Page, payloads: list[bytes], *, live: bool = True) -> None:
    for payload in payloads:
        page.say(payload, live=live)
        await asyncio.sleep(0.02)


@virtual
async def test_a_turn_waits_for_what_is_sent_again_and_ends_whole() -> None:
    house = House()
    async with place(house, ears="hello") as here:
        page = Page(here, house)
        await page.connect()
        await called(page, here, Phone())
        await utter(page, spoken(600))
        await utter(page, spoken(900), live=False)
        await utter(page, spoken(300))
        await utter(page, spoken(1_500, level=0.0))
        await asyncio.sleep(2)
        assert [turn.incomplete for turn in here.of(e.TurnEnded)] == [False]
        (posted,) = [event for event in here.of(e.MessagePosted) if event.spoken]
        assert posted.spoken.end - posted.spoken.start > 1_500 * RATE // 1000, "one utterance through the gap"


@virtual
async def test_a_turn_that_waits_in_vain_is_incomplete_and_the_rest_begins_another() -> None:
    house = House()
    async with place(house, ears="hello") as here:
        page = Page(here, house)
        await page.connect()
        await called(page, here, Phone())
        await utter(page, spoken(800))
        page.cut()
        await utter(page, spoken(4_000))
        assert [turn.incomplete for turn in here.of(e.TurnEnded)] == [True]
        await page.connect()
        await utter(page, spoken(1_500, level=0.0))
        await asyncio.sleep(2)
        assert [turn.incomplete for turn in here.of(e.TurnEnded)] == [True, False]
        said = [event.spoken for event in here.of(e.MessagePosted) if event.spoken]
        assert len(said) == 2
        assert said[1].start - said[0].end < RATE // 2, "nothing between them is missing"
        assert said[1].end > 4_500 * RATE // 1000


@virtual
async def test_an_agent_that_listens_is_told_which_frames_were_sent_again() -> None:
    house, agent = House(), Agent()
    async with place(house) as here:
        page = Page(here, house)
        await page.connect()
        await called(page, here, Phone())
        assert page.voice is not None
        page.voice.taps.add(agent, Listen(format="opus"))
        await page.pilots(20)
        await page.pilots(30, live=False)
        await page.pilots(20)
        await asyncio.sleep(2)
        heard = [decode_audio(raw) for raw in agent.audio]
        times = [audio.media_time // FRAME for audio in heard]
        assert times == list(range(70)), "in order, each once"
        assert {audio.media_time // FRAME for audio in heard if audio.resent} == set(range(20, 50))


@virtual
async def test_a_microphone_opened_anew_is_another_track() -> None:
    house = House()
    async with place(house) as here:
        page = Page(here, house)
        await page.connect()
        await called(page, here, Phone())
        await page.pilots(10)
        async with here.desk.voice(KEY) as voice:
            assert voice is not None
            other = await voice.ear_for(USER.attachment, USER.participant, "k2")
            again = await voice.ear_for(USER.attachment, USER.participant, "k2")
            plain = await voice.ear_for(USER.attachment, USER.participant, "")
            assert await voice.ear_for(USER.attachment, USER.participant) is plain
        assert other is again
        assert page.ear is not None
        assert len({page.ear.track, other.track, plain.track}) == 3
        assert not isinstance(plain, CapturedEar)


@virtual
async def test_a_stream_that_comes_back_goes_on_from_what_it_says_that_it_heard() -> None:
    house = House()
    async with place(house) as here:
        page = Page(here, house)
        await page.connect(carries=True)
        await here.say()
        await asyncio.sleep(3)
        speech = [sound for sound in page.sounds if sound != SILENCE]
        heard = len(speech) - 40
        assert heard > 20
        page.cut()
        page.sounds.clear()
        page.played = PlayedUntil(message="m_1", samples=heard * FRAME, ago=500, then="live")
        await page.connect(carries=True)
        await asyncio.sleep(6)
        (skipped,) = here.of(e.SpeechSkipped)
        assert 0 < skipped.start < skipped.end < len(TEXT)
        (queued, *_) = here.of(e.SpeechQueued)
        frames = await Keeper(house.store(), here.node._parts.keys, KEY).read(queued.track, [0])
        whole = [frame.payload for frame in frames]
        again = [sound for sound in page.sounds if sound != SILENCE]
        assert again == whole[-len(again) :]
        assert heard < len(whole) - len(again) <= heard + 25
