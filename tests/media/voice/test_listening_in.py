"""Who listens in, whispers and holds, on real calls in virtual time: what each hears, and what the log says."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import pytest

from hub.node.promise import Presence
from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.commands import Command, Refusal
from legato.session.events import Stance
from legato.session.state import Message
from legato.session.tickets import CAPABILITIES
from legato.wire import down
from legato.wire.audio import Audio, decode_audio
from legato.wire.up import Listen
from media.opus import FRAME, SILENCE
from media.voice.captured import CapturedEar
from media.voice.comfort import comfort
from media.voice.keeper import Keeper
from tests.hub.node.builders import KEY, House, batch, passes, until, virtual
from tests.media.builders import packet
from tests.media.voice.test_company import SAID, Guest, talk
from tests.media.voice.test_session import BOT, TEXT, Place, place


class Operator(Guest):
    """An operator with a phone: `bob` by name."""

    able: frozenset[str] = frozenset(CAPABILITIES)

    async def come(self) -> None:
        actor = Actor(self.name, "operator", self.able, self.device)
        await self.here.node.arrive(self.here.room, Presence(actor, "Bob", "desk", ("text",), ("text",)))
        await self.here.room.open_producer(self.device)

    async def do(self, command: Command) -> Any:
        self.sequence += 1
        actor = Actor(self.name, "operator", self.able, self.device)
        done = await self.here.room.execute(actor, batch(self.device, self.sequence, command))
        assert not isinstance(done, Refusal), done
        await passes()


async def both(here: Place, stance: Stance) -> tuple[Guest, Operator]:
    """Ada, and Bob who takes the stance."""
    ada, bob = Guest(here, "ada", "a_ada", 1), Operator(here, "bob", "a_bob", 2)
    await ada.call()
    await bob.call()
    assert here.room.state.participants["bob"].role == "operator"
    await bob.do(c.ChangeStance(stance=stance))
    return ada, bob


@virtual
async def test_who_monitors_hears_and_is_heard_by_nobody_and_takes_no_floor() -> None:
    house = House()
    async with place(house) as here:
        ada, bob = await both(here, "monitor")
        await talk(here, 20, ada)
        assert [each for each in bob.phone.speech if each in SAID["ada"]] == SAID["ada"][:20]
        offset = here.room.position.offset
        await talk(here, 80, bob)
        await asyncio.sleep(2)
        assert not set(ada.phone.sent) & set(SAID["bob"])
        said = [entry for entry in here.room.state.entries.values() if isinstance(entry, Message)]
        assert not [entry for entry in said if entry.by == "bob"]
        assert not [turn for turn in here.room.state.turns.values() if turn.participant == "bob"]
        assert here.room.position.offset >= offset


@virtual
async def test_who_barges_in_is_heard_and_who_goes_back_to_monitoring_is_not() -> None:
    house = House()
    async with place(house) as here:
        ada, bob = await both(here, "barge")
        await talk(here, 20, bob)
        assert set(ada.phone.sent) & set(SAID["bob"])
        await bob.do(c.ChangeStance(stance="monitor"))
        before = len(ada.phone.sent)
        for number in range(30, 50):
            bob.say(number, house.clock())
            await asyncio.sleep(0.02)
        assert not set(ada.phone.sent[before:]) & set(SAID["bob"])


@virtual
async def test_who_is_held_hears_the_tone_and_nobody_hears_them() -> None:
    house = House()
    async with place(house) as here:
        ada, bob = await both(here, "monitor")
        await bob.do(c.TakeOver())
        await bob.do(c.HoldUsers())
        await until(lambda: here.room.state.held == "bob")
        before = (len(ada.phone.sent), len(bob.phone.sent))
        await talk(here, 60, ada)
        tone = {each for each in comfort() if each != SILENCE}
        assert tone & set(ada.phone.sent[before[0] :])
        assert not set(bob.phone.sent[before[1] :]) & set(SAID["ada"])
        await bob.do(c.ReleaseUsers())
        before = (len(ada.phone.sent), len(bob.phone.sent))
        await asyncio.sleep(3)
        assert not tone & set(ada.phone.sent[before[0] :])


@virtual
async def test_what_is_whispered_is_kept_as_an_aside_and_what_is_said_to_all_is_not() -> None:
    house = House()
    async with place(house) as here:
        ada, bob = await both(here, "whisper")
        await talk(here, 20, ada, bob)
        await bob.do(c.ChangeStance(stance="barge"))
        for number in range(20, 40):
            bob.say(number, house.clock())
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        kept = Keeper(house.store(), here.node._parts.keys, KEY)
        (log,) = [event for event in here.of(e.VoiceStarted) if event.attachment == bob.device]
        said = await kept.read(log.track, [0])
        assert [frame.aside for frame in said] == [True] * 20 + [False] * 20
        assert not any(frame.aside for frame in await kept.read(ada.ear.track, [0]))


class Bring(Protocol):
    def __call__(self, first: int, last: int, *, resent: bool) -> None: ...


def bringing(ear: CapturedEar, house: House) -> Bring:
    """Brings frames of a capture, from the first to before the last; those that are `resent` say so."""
    said = [packet(number) for number in range(40)]

    def bring(first: int, last: int, *, resent: bool) -> None:
        ear.on_stream(Audio(1, 1, first * FRAME, tuple(said[first:last]), resent), house.clock())

    return bring


@virtual
async def test_a_whisper_that_comes_late_is_an_aside_though_its_speaker_barged_in_meanwhile() -> None:
    house = House()
    async with place(house) as here:
        bob = Operator(here, "bob", "a_bob", 2)
        await bob.come()
        await bob.do(c.ChangeStance(stance="whisper"))
        async with here.desk.voice(KEY) as voice:
            assert voice is not None
            ear = await voice.ear_for(bob.device, bob.name, "k1")
        assert isinstance(ear, CapturedEar)
        bring = bringing(ear, house)
        bring(0, 10, resent=False)
        await bob.do(c.ChangeStance(stance="barge"))
        bring(20, 30, resent=False)
        bring(10, 20, resent=True)
        ear.close()
        await asyncio.sleep(0.5)
        kept = await Keeper(house.store(), here.node._parts.keys, KEY).read(ear.track, [0])
        assert [frame.aside for frame in kept] == [True] * 20 + [False] * 10


class Lesser(Operator):
    """A device of his that only listens."""

    able = frozenset({"read", "publish", "monitor"})


@virtual
async def test_on_a_device_that_only_listens_nobody_is_heard_though_its_owner_answers_by_another() -> None:
    house = House()
    async with place(house, ears="good morning") as here:
        ada, desk = Guest(here, "ada", "a_ada", 1), Operator(here, "bob", "a_bob", 2)
        phone = Lesser(here, "bob", "a_2", 3)
        await ada.call()
        await desk.come()
        await desk.do(c.TakeOver())
        await phone.call()
        await talk(here, 40, phone)
        await asyncio.sleep(2)
        assert here.room.state.responder == "bob"
        assert not set(ada.phone.sent) & set(SAID["bob"])
        said = [each for each in here.room.state.entries.values() if isinstance(each, Message)]
        assert not [each for each in said if each.by == "bob"]
        kept = Keeper(house.store(), here.node._parts.keys, KEY)
        assert all(frame.aside for frame in await kept.read(phone.ear.track, [0]))
        await desk.call()
        await talk(here, 40, desk)
        assert set(ada.phone.sent) & set(SAID["bob"])


async def hush(here: Place, frames: int, *guests: Guest) -> None:
    """So many frames of silence from each, 20 ms apart."""
    for _ in range(frames):
        for guest in guests:
            guest.ear.on_audio(guest.phone.packet(SILENCE), here.house.clock())
        await asyncio.sleep(0.02)


def aloud(here: Place, who: Guest) -> list[e.MessagePosted]:
    """What of their words everybody may read."""
    return [posted for posted in here.of(e.MessagePosted) if posted.by == who.name]


def guessed(here: Place) -> list[str]:
    """What was told to everybody before it was final."""
    told = [each["data"] for each in here.told.signals_told if each["name"] == "interim"]
    return [data["text"] for data in told if data["text"]]


RISES = pytest.mark.parametrize("rise", [c.ChangeStance(stance="barge"), c.TakeOver()])


@RISES
@virtual
async def test_a_whisper_stays_one_though_its_speaker_is_heard_by_all_before_it_is_understood(
    rise: Command,
) -> None:
    house = House()
    async with place(house, ears="good morning") as here:
        _, bob = await both(here, "whisper")
        await here.write(e.ResponderChanged(by="hub", participant=BOT, reason="accepted"))
        await talk(here, 40, bob)
        await bob.do(rise)
        await hush(here, 60, bob)
        assert (aloud(here, bob), guessed(here)) == ([], [])
        assert not [turn for turn in here.of(e.TurnStarted) if turn.participant == bob.name]
        told = {whispered.to for whispered in here.of(e.Whispered)}
        assert told == ({BOT} if isinstance(rise, c.ChangeStance) else set()), "one whispers not to oneself"
        await talk(here, 40, bob)
        await hush(here, 60, bob)
        (said,) = aloud(here, bob)
        assert said.spoken is not None
        assert said.spoken.start >= 40 * FRAME
        assert guessed(here) == ["good morning"]


@RISES
@virtual
async def test_who_goes_on_after_a_whisper_is_heard_by_all_from_there_on(rise: Command) -> None:
    house = House()
    async with place(house, ears="good morning") as here:
        _, bob = await both(here, "whisper")
        await talk(here, 40, bob)
        await bob.do(rise)
        for number in range(40, 80):
            bob.say(number, house.clock())
            await asyncio.sleep(0.02)
        await hush(here, 60, bob)
        (said,) = aloud(here, bob)
        assert said.spoken is not None
        assert said.spoken.start >= 40 * FRAME, "nothing of the whisper leads into it"
        assert all(each.spoken.end <= 40 * FRAME for each in here.of(e.Whispered) if each.spoken)


@virtual
async def test_what_a_user_says_on_hold_is_read_by_nobody_though_the_hold_ends_in_mid_sentence() -> None:
    house = House()
    async with place(house, ears="good morning") as here:
        ada, bob = await both(here, "monitor")
        await bob.do(c.TakeOver())
        await bob.do(c.HoldUsers())
        await talk(here, 40, ada)
        await bob.do(c.ReleaseUsers())
        await hush(here, 60, ada)
        assert (aloud(here, ada), guessed(here)) == ([], [])
        await talk(here, 40, ada)
        await hush(here, 60, ada)
        (said,) = aloud(here, ada)
        assert said.spoken is not None
        assert said.spoken.start >= 40 * FRAME


@virtual
async def test_a_whisper_that_is_broken_off_with_its_microphone_is_posted_nowhere() -> None:
    house = House()
    async with place(house, ears="good morning") as here:
        _, bob = await both(here, "whisper")
        await talk(here, 40, bob)
        await hush(here, 15, bob)
        bob.ear.close()
        await asyncio.sleep(0.5)
        assert (aloud(here, bob), guessed(here)) == ([], [])


@virtual
async def test_a_whisper_cuts_no_agent_though_it_is_understood_when_its_speaker_has_barged_in() -> None:
    house = House()
    async with place(house, ears="good morning") as here:
        _, bob = await both(here, "whisper")
        await here.write(e.ResponseStarted(by=BOT, response="r_1"))
        await here.say(TEXT * 4, response="r_1")
        await asyncio.sleep(1)
        await talk(here, 25, bob)
        await bob.do(c.ChangeStance(stance="barge"))
        await hush(here, 60, bob)
        assert here.of(e.CancelRequested) == []
        await talk(here, 60, bob)
        await hush(here, 60, bob)
        assert len(here.of(e.CancelRequested)) == 1


class Listening:
    """An agent that hears microphones itself."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def tell(self, envelope: down.Down) -> None:
        """Which microphone it is."""

    def send_audio(self, envelope: bytes) -> None:
        self.heard += decode_audio(envelope).frames


@virtual
async def test_an_agent_that_listens_itself_hears_no_whisper_that_comes_late() -> None:
    house = House()
    async with place(house) as here:
        bob, agent = Operator(here, "bob", "a_bob", 2), Listening()
        await bob.come()
        await bob.do(c.ChangeStance(stance="whisper"))
        async with here.desk.voice(KEY) as voice:
            assert voice is not None
            ear = await voice.ear_for(bob.device, bob.name, "k1")
            assert voice.taps.add(agent, Listen(format="opus"))
        assert isinstance(ear, CapturedEar)
        bring = bringing(ear, house)
        bring(0, 10, resent=False)
        await asyncio.sleep(0.1)
        await bob.do(c.ChangeStance(stance="barge"))
        bring(20, 30, resent=False)
        bring(10, 20, resent=True)
        await asyncio.sleep(1)
        assert agent.heard == [packet(number) for number in range(20, 30)]
