"""Several people in one session's voice, and devices that go from voice to text and back, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from legato.session import events as e
from legato.session.actors import Actor
from legato.session.commands import ChangeModality, Refusal
from legato.session.events import Medium
from legato.session.modality_rules import owner
from legato.session.state import Message
from legato.session.tickets import CAPABILITIES
from media.rtc.call import Call
from tests.hub.node.builders import KEY, House, batch, passes, until, user_presence, virtual
from tests.media.voice.test_session import BOT, Phone, Place, place
from tests.support.sound import opus_of, samples_of, strength, tone

TEXT: Final[tuple[Medium, ...]] = ("text",)
VOICE: Final[tuple[Medium, ...]] = ("text", "audio")
PEOPLE: Final = {"ada": 600.0, "bob": 900.0}
SAID: Final = {name: opus_of(tone(hertz, 2.0)) for name, hertz in PEOPLE.items()}


class Guest:
    """Somebody with a phone."""

    def __init__(self, here: Place, name: str, device: str, number: int) -> None:
        self.here, self.name, self.device = here, name, device
        self.phone = Phone(number)
        self.ear: Any = None
        self.sequence = 0

    async def come(self) -> None:
        await self.here.node.arrive(self.here.room, user_presence(self.device, self.name))
        await self.here.room.open_producer(self.device)

    async def call(self) -> None:
        await self.come()
        async with self.here.desk.voice(KEY) as voice:
            assert voice is not None
            self.ear = await voice.ear_for(self.device, self.name)
            carrier = cast("Call", self.phone)
            voice.begin(self.ear, f"call-{self.device}", carrier, await voice.returning(self.name))
        voice.connected(self.device, carrier)
        self.here.room.signal(self.name, "output_ready", True)
        await until(lambda: owner(self.here.room.state, f"microphone:{self.name}") == self.device)

    async def switch(self, takes: tuple[Medium, ...], gives: tuple[Medium, ...]) -> Any:
        self.sequence += 1
        actor = Actor(self.name, "user", frozenset(CAPABILITIES), self.device)
        command = ChangeModality(takes=takes, gives=gives)
        return await self.here.room.execute(actor, batch(self.device, self.sequence, command))

    def say(self, number: int, now: int) -> None:
        self.ear.on_audio(self.phone.packet(SAID[self.name][number]), now)


async def talk(here: Place, frames: int, *guests: Guest) -> None:
    """So many frames of each, 20 ms apart."""
    for number in range(frames):
        for guest in guests:
            guest.say(number, here.house.clock())
        await asyncio.sleep(0.02)


@virtual
async def test_two_people_hear_each_other_and_the_agent_and_never_themselves() -> None:
    house = House()
    async with place(house) as here:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(here, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await talk(here, 20, ada)
        passed = [payload for payload in bob.phone.speech if payload in SAID["ada"]]
        assert passed == SAID["ada"][:20], "one voice is passed on as it came"
        assert not set(ada.phone.sent) & set(SAID["ada"])
        await asyncio.sleep(1)
        before = {guest.name: len(guest.phone.sent) for guest in (ada, bob)}
        await here.say("One two three four five six.")
        await asyncio.sleep(2)
        for guest in (ada, bob):
            heard = samples_of(guest.phone.sent[before[guest.name] :])
            assert strength(heard[24_000:48_000], 300) > 3_000, "the agent speaks to everybody"


@virtual
async def test_a_muted_microphone_is_heard_by_nobody_and_the_agent_by_its_owner() -> None:
    house = House()
    async with place(house) as here:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(here, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await ada.switch(VOICE, TEXT)
        await talk(here, 10, ada)
        assert bob.phone.speech == []
        await here.say("One.")
        await asyncio.sleep(1)
        assert ada.phone.speech != []


@virtual
async def test_who_turns_to_text_in_mid_sentence_is_played_no_more_and_what_was_heard_is_known() -> None:
    house = House()
    async with place(house) as here:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(here, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await here.say("One two three four five six seven eight nine ten eleven twelve.")
        await asyncio.sleep(1)
        await ada.switch(TEXT, TEXT)
        await passes()
        count = len(ada.phone.speech)
        heard = [event for event in here.of(e.HeardSettled) if event.participant == "ada"]
        assert heard
        assert 0 < heard[-1].characters < 60
        message = here.room.state.entries["m_1"]
        assert isinstance(message, Message)
        assert message.read == {"ada": heard[-1].characters}
        went_on = len(bob.phone.speech)
        await asyncio.sleep(1)
        assert len(ada.phone.speech) == count
        assert len(bob.phone.speech) > went_on + 40


@virtual
async def test_who_turns_to_voice_in_mid_answer_hears_it_from_the_next_word_on() -> None:
    house = House()
    async with place(house) as here:
        ada = Guest(here, "ada", "a_ada", 1)
        await ada.call()
        await ada.switch(TEXT, TEXT)
        await here.write(e.MessageStarted(by=BOT, message="m_1"))
        await here.write(e.MessageGrown(by=BOT, message="m_1", index=0, text="One two thr"))
        await ada.switch(VOICE, VOICE)
        await here.write(e.MessageGrown(by=BOT, message="m_1", index=1, text="ee four five."))
        await here.write(e.MessageEnded(by=BOT, message="m_1"))
        await asyncio.sleep(2)
        assert "".join(here.voice.texts) == "four five."
        assert len(ada.phone.speech) > 10


@virtual
async def test_who_hangs_up_in_mid_sentence_reads_the_rest_and_who_loses_the_call_does_not() -> None:
    house = House()
    async with place(house) as here:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(here, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await here.say("One two three four five six seven eight nine ten eleven twelve.")
        await asyncio.sleep(1)
        async with here.desk.voice(KEY) as voice:
            assert voice is not None
            voice.hang_up("a_ada")
            voice.ended("a_bob", cast("Call", bob.phone), "silent")
        await asyncio.sleep(0.2)
        assert [event.participant for event in here.of(e.SpeechShown)] == ["ada"]


@virtual
async def test_the_voice_moves_to_another_device_with_its_call_and_back_with_one_command() -> None:
    house = House()
    async with place(house) as here:
        tab, mobile = Guest(here, "ada", "a_tab", 1), Guest(here, "ada", "a_mobile", 2)
        await tab.call()
        await mobile.call()
        assert here.room.state.attachments["a_tab"].takes == TEXT
        await here.say("One two three four five six seven eight nine ten.")
        await asyncio.sleep(0.5)
        assert tab.phone.speech == []
        assert len(mobile.phone.speech) > 10
        assert not isinstance(await tab.switch(VOICE, VOICE), Refusal)
        await passes()
        count = len(mobile.phone.speech)
        await here.say("And on.", message="m_2")
        await asyncio.sleep(1.5)
        assert len(mobile.phone.speech) == count
        assert len(tab.phone.speech) > 10


@virtual
async def test_who_speaks_into_the_agents_words_is_heard_by_the_others_and_mutes_nobody() -> None:
    house = House()
    async with place(house) as here:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(here, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await here.say("One two three four five six seven eight nine ten eleven twelve.")
        await asyncio.sleep(0.5)
        await talk(here, 60, ada)
        assert "mute" not in {signal["name"] for signal in here.told.signals_told}
        heard = samples_of(bob.phone.sent[-40:])
        assert strength(heard[9_600:], PEOPLE["ada"]) > 3_000
        assert strength(heard[9_600:], 300) < 600, "the agent has paused"


@virtual
async def test_while_two_people_speak_the_agent_waits_for_both() -> None:
    house = House()
    async with place(house, ears="hello") as here:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(here, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await talk(here, 60, ada, bob)
        turns = here.of(e.TurnStarted)
        assert {turn.participant for turn in turns} == {"ada", "bob"}
        await asyncio.sleep(3)
        said = [event for event in here.of(e.MessagePosted) if event.spoken is not None]
        assert {event.by for event in said} == {"ada", "bob"}, "one transcript, with speakers"
