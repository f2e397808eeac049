"""A session's voice over real rooms, rings, pacer and codecs, in virtual time: a call on one node, and on the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Final, cast

from hub.node.node import Node
from hub.node.promise import Node as PromisedNode
from hub.node.promise import Presence
from hub.node.room import Room
from legato.session import events as e
from legato.session.parts import Part
from legato.speech import Heard as Understood
from legato.speech import Pcm, Spoken
from legato.wire import down
from legato.wire.audio import OPUS, Audio, decode_audio
from legato.wire.up import Listen, Speak
from media.codecs import Encoder, loudness
from media.listener import ListenerOptions
from media.opus import FRAME, RATE, SILENCE
from media.rtc.call import Call
from media.rtc.rtp import AudioPacket
from media.speaker import Speaker
from media.timeline import PER_MS
from media.voice.desk import Desk
from media.voice.keeper import Keeper
from media.voice.prompts import Prompts
from media.voice.rest import Report
from media.voice.session import SessionVoice
from media.voice.sound import Sound
from media.voice.wheel import Wheel
from tests.hub.node.builders import KEY, USER, Heard, House, virtual
from tests.media.builders import tone

BOT: Final = "p_bot"
TEXT: Final = "One two three four five six seven eight nine ten."
PER_LETTER: Final = 16_000 // 20
"""Samples of tone that the voice says for a letter: a twentieth of a second."""


class ToneVoice:
    """Says a tone for each letter, and remembers what it was asked to say."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def speak(self, text: AsyncIterator[str]) -> AsyncGenerator[Spoken, None]:
        characters = 0
        async for piece in text:
            self.texts.append(piece)
            characters += len(piece)
            yield Spoken(tone(300, len(piece) * PER_LETTER, 16_000), 16_000, (), characters)


class OneWord:
    """Ears that understand every utterance alike."""

    def __init__(self, word: str) -> None:
        self.word = word

    async def hear(self, audio: AsyncIterator[Pcm]) -> AsyncGenerator[Understood, None]:
        pieces = [piece async for piece in audio]
        yield Understood(self.word, True, pieces[0].media_time, pieces[-1].media_time)


class Loud:
    """Takes whatever is loud for speech."""

    suspects = False

    def speech(self, window: bytes) -> bool:
        return loudness(window) > -40


class Phone:
    """What stands for a call: keeps what it was sent. Microphone packets are made here, too."""

    def __init__(self, ssrc: int = 7) -> None:
        self.sent: list[bytes] = []
        self.closed = False
        self.number = 0
        self.ssrc = ssrc

    def send_audio(self, opus: bytes, samples: int, skipped: int = 0) -> int | None:
        self.sent.append(opus)
        return len(self.sent) * FRAME

    def close(self) -> None:
        self.closed = True

    def stats(self) -> Any:
        class Stats:
            rtt = 20
            peer_jitter = 1.0

        return Stats()

    @property
    def speech(self) -> list[bytes]:
        return [payload for payload in self.sent if payload != SILENCE]

    def packet(self, payload: bytes) -> AudioPacket:
        self.number += 1
        return AudioPacket(self.number, self.number * FRAME, False, payload, self.number, None, self.ssrc)


class Place:
    """A node with a desk."""

    def __init__(self, house: House, node: Node, desk: Desk, room: Room, voice: ToneVoice) -> None:
        self.house, self.node, self.desk, self.room, self.voice = house, node, desk, room, voice
        self.told = Heard()
        room.listen(self.told, None)

    async def ring_up(
        self, phone: Phone, ssrc: int = 7, heard: Report | None = None, *, ready: bool | None = None
    ) -> tuple[SessionVoice, Any]:
        """Call, as the voice door does it."""
        async with self.desk.voice(KEY) as voice:
            assert voice is not None
            ear = await voice.ear_for(USER.attachment, USER.participant)
            carrier = cast("Call", phone)
            returning = await voice.returning(USER.participant, heard)
            voice.begin(ear, f"call{ssrc}", carrier, returning, ready=ready)
        voice.connected(USER.attachment, carrier)
        return voice, ear

    async def write(self, *events: e.Event) -> None:
        await self.room.append_as_hub("test", events, conditional=False)

    async def say(self, text: str = TEXT, message: str = "m_1", response: str = "") -> None:
        """The agent says something whole."""
        parts = [Part("text", text)]
        await self.write(e.MessagePosted(by=BOT, message=message, parts=parts, response=response))

    def of(self, kind: type[e.Event]) -> list[Any]:
        return [event for event in self.told.events_told if isinstance(event, kind)]


@asynccontextmanager
async def place(
    house: House, name: str = "n1", *, ears: str = "", first: bool = True, judge: type[Loud] = Loud
) -> AsyncIterator[Place]:
    numbers, voice, store = count(1), ToneVoice(), house.store()
    async with house.node(name, store) as node:
        made = await node.create(KEY, "hub", {}, "") if first else await node.open(KEY)
        assert isinstance(made, Room)
        await node.arrive(made, Presence(USER, "Ada", "tab", ("text",), ("text",)))
        speaker = Speaker(voice)
        sound = Sound(
            store=store,
            keys=node._parts.keys,
            wheel=Wheel(house.clock),
            ears=OneWord(ears) if ears else None,
            speaker=speaker,
            prompts=Prompts(speaker),
            now=house.clock,
            new_id=lambda prefix: f"{prefix}_{name}_{next(numbers)}",
            listener=ListenerOptions(judge=judge),
        )
        async with Desk(cast("PromisedNode", node), sound) as desk:
            here = Place(house, node, desk, made, voice)
            if first:
                await here.write(e.ParticipantJoined(by=BOT, participant=BOT, role="agent"))
            yield here


async def speak(phone: Phone, ear: Any, house: House, milliseconds: int, level: float = 0.3) -> None:
    """The microphone hears a tone (or silence) for so long, frame after frame in time."""
    encoder = Encoder(RATE)
    for payload in encoder.push(tone(200, milliseconds * RATE // 1000, RATE, level)):
        ear.on_audio(phone.packet(payload), house.clock())
        await asyncio.sleep(0.02)


@virtual
async def test_what_the_agent_says_is_heard_stored_and_settled() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        voice, _ = await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(6)
        (queued, *_) = here.of(e.SpeechQueued)
        frames = await Keeper(here.house.store(), here.node._parts.keys, KEY).read(queued.track, [0])
        assert phone.speech == [frame.payload for frame in frames], "every frame once, in order"
        assert abs(len(phone.speech) * FRAME - len(TEXT) * RATE // 20) <= 2 * FRAME
        settled = here.of(e.HeardSettled)
        heard = [event.characters for event in settled]
        assert heard == sorted(heard)
        assert (settled[-1].characters, settled[-1].final) == (len(TEXT), True)
        assert [event.final for event in settled[:-1]] == [False] * (len(settled) - 1)
        started, changed = here.of(e.VoiceStarted), here.of(e.ModalityChanged)
        assert started[0].attachment == USER.attachment
        assert changed[0].takes == ("text", "audio")
        assert voice.answering.speaking is False


@virtual
async def test_silence_keeps_the_beat() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        await here.ring_up(phone)
        await asyncio.sleep(2)
        # A listener who is new to voice hears nothing for a moment: what is said first may begin the beat.
        assert 93 <= len(phone.sent) <= 97
        assert set(phone.sent) == {SILENCE}


@virtual
async def test_the_first_word_begins_the_beat() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        await here.ring_up(phone, ready=True)
        await here.say()
        await asyncio.sleep(1)
        assert phone.sent[0] != SILENCE


@virtual
async def test_who_calls_again_hears_the_beat_at_once() -> None:
    house, phone, again = House(), Phone(), Phone()
    async with place(house) as here:
        await here.ring_up(phone)
        await asyncio.sleep(0.5)
        await here.ring_up(again, ssrc=8)
        await asyncio.sleep(0.03)
        assert again.sent


@virtual
async def test_no_speech_is_sent_into_a_cold_output_for_a_second_and_a_half() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(1.4)
        assert phone.speech == []
        await asyncio.sleep(0.3)
        assert phone.speech != []


@virtual
async def test_speech_begins_when_the_page_says_that_its_sound_is_warm() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(0.1)
        here.room.signal(USER.participant, "output_ready", True)
        await asyncio.sleep(0.2)
        assert len(phone.speech) >= 8


@virtual
async def test_who_speaks_cuts_the_agent_and_what_was_heard_is_settled() -> None:
    house, phone = House(), Phone()
    async with place(house, ears="stop") as here:
        _, ear = await here.ring_up(phone)
        await here.write(e.ResponseStarted(by=BOT, response="r_1"))
        await here.say(TEXT * 4, response="r_1")
        await asyncio.sleep(3)
        await speak(phone, ear, house, 1_000)
        sent = len(phone.speech)
        await speak(phone, ear, house, 1_200, level=0.0)
        await asyncio.sleep(1)
        assert len(phone.speech) == sent, "nothing after the cut"
        (cancelled,) = here.of(e.CancelRequested)
        assert (cancelled.response, cancelled.by) == ("r_1", "hub")
        last = here.of(e.HeardSettled)[-1]
        assert last.final
        assert 0 < last.characters < len(TEXT * 4)
        late = 10 + 20 + 2  # milliseconds: half the way to and fro, a frame, twice the jitter
        assert last.samples == sent * FRAME - late * PER_MS
        assert here.of(e.HeardSettled)[-2].samples == sent * FRAME, "the bound was told at once"
        names = [signal["name"] for signal in here.told.signals_told if signal["name"] in ("mute", "unmute")]
        assert names[-2:] == ["mute", "unmute"]
        (posted,) = [event for event in here.of(e.MessagePosted) if event.spoken]
        assert posted.parts[0].text == "stop"
        assert [turn.id for turn in here.room.state.waiting_turns()] == [posted.turn]


@virtual
async def test_a_cough_pauses_the_agent_and_nothing_is_missing_after() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        _, ear = await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(2)
        await speak(phone, ear, house, 300)
        await speak(phone, ear, house, 1_000, level=0.0)
        await asyncio.sleep(5)
        (queued, *_) = here.of(e.SpeechQueued)
        frames = await Keeper(here.house.store(), here.node._parts.keys, KEY).read(queued.track, [0])
        assert phone.speech == [frame.payload for frame in frames]
        assert here.of(e.CancelRequested) == []
        assert here.of(e.HeardSettled)[-1].final


@virtual
async def test_a_paused_answer_is_silent_and_goes_on_from_the_same_word() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        await here.ring_up(phone)
        await here.write(e.ResponseStarted(by=BOT, response="r_1"))
        await here.say(response="r_1")
        await asyncio.sleep(2)
        await here.write(e.SteeringRequested(by="p_ada", response="r_1", asked="pause"))
        await asyncio.sleep(0.1)
        sent = len(phone.speech)
        assert sent > 0
        await asyncio.sleep(5)
        assert len(phone.speech) == sent, "nothing while it is paused"
        await here.write(e.SteeringRequested(by="p_ada", response="r_1", asked="continue"))
        await asyncio.sleep(5)
        (queued, *_) = here.of(e.SpeechQueued)
        frames = await Keeper(here.house.store(), here.node._parts.keys, KEY).read(queued.track, [0])
        assert phone.speech == [frame.payload for frame in frames], "nothing is missing, nothing comes twice"
        names = [signal["name"] for signal in here.told.signals_told if signal["name"] in ("mute", "unmute")]
        assert names[-2:] == ["mute", "unmute"]


@virtual
async def test_a_new_call_of_the_attachment_takes_the_place_of_the_old_one() -> None:
    house, phone, other = House(), Phone(), Phone(9)
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(2.5)
        await here.ring_up(other, 9)
        await asyncio.sleep(4)
        assert phone.closed
        (queued, *_) = here.of(e.SpeechQueued)
        frames = await Keeper(here.house.store(), here.node._parts.keys, KEY).read(queued.track, [0])
        assert phone.speech + other.speech == [frame.payload for frame in frames]
        assert [event.call for event in here.of(e.VoiceEnded)] == ["call7"]


class Agent:
    """An agent's connection that listens."""

    def __init__(self) -> None:
        self.told: list[down.Down] = []
        self.audio: list[bytes] = []

    def tell(self, envelope: down.Down) -> None:
        self.told.append(envelope)

    def send_audio(self, envelope: bytes) -> None:
        self.audio.append(envelope)


@virtual
async def test_an_agent_may_listen_itself_at_the_rate_it_asks_for() -> None:
    house, phone, agent = House(), Phone(), Agent()
    async with place(house) as here:
        voice, ear = await here.ring_up(phone)
        assert voice.taps.add(agent, Listen(format="pcm", rate=16_000))
        assert not voice.taps.add(agent, Listen(format="pcm", rate=12_345))
        await speak(phone, ear, house, 500)
        (listening,) = agent.told
        assert isinstance(listening, down.Listening)
        assert (listening.participant, listening.track) == (USER.participant, ear.track)
        heard = b"".join(decode_audio(each).frames[0] for each in agent.audio)
        assert abs(len(heard) // 2 - 8_000) < 400
        assert loudness(heard[8_000:]) > -20


@virtual
async def test_an_agent_may_bring_its_own_sound() -> None:
    house, phone, agent = House(), Phone(), Agent()
    async with place(house) as here:
        voice, _ = await here.ring_up(phone)
        await here.say(TEXT)
        await asyncio.sleep(0)
        brought = voice.bringings.open(agent, BOT, Speak(stream=3, message="m_2", format="opus"))
        await here.say("My own voice.", "m_2")
        frames = tuple(Encoder(RATE).push(tone(500, RATE // 2)))
        assert brought is not None
        brought.add(agent, Audio(OPUS, 3, 0, frames))
        brought.end(agent)
        await asyncio.sleep(7)
        assert tuple(phone.speech[-len(frames) :]) == frames
        assert "My own voice." not in here.voice.texts
        last = here.of(e.HeardSettled)[-1]
        assert (last.message, last.characters, last.final) == ("m_2", len("My own voice."), True)
        assert [each.until for each in agent.told if isinstance(each, down.SoundTaken)][-1] == len(
            frames
        ) * FRAME
