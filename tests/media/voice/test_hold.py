"""A device that its own person puts on hold: silent both ways, and the agent goes on from the same word."""

from __future__ import annotations

import asyncio

import pytest

from legato.session import events as e
from media.opus import FRAME
from media.playout import MAX_QUEUED
from media.voice.keeper import Keeper
from tests.hub.node.builders import KEY, USER, House, until, virtual
from tests.media.voice.test_company import SAID, Guest, talk
from tests.media.voice.test_session import BOT, TEXT, Phone, Place, place, speak


async def hold(here: Place, holds: bool, attachment: str = USER.attachment) -> None:
    await here.write(e.HoldChanged(by="p_ada", attachment=attachment, holds=holds))
    await asyncio.sleep(0.1)


@virtual
async def test_speech_waits_for_who_is_on_hold_and_goes_on_from_the_same_word() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(2)
        await hold(here, True)
        sent, beats = len(phone.speech), len(phone.sent)
        assert sent > 0
        await asyncio.sleep(10)
        (queued, *_) = here.of(e.SpeechQueued)
        frames = await Keeper(here.house.store(), here.node._parts.keys, KEY).read(queued.track, [0])
        await asyncio.sleep(190)
        assert len(phone.speech) == sent, "nothing while it is on hold"
        assert len(phone.sent) - beats >= 9_990, "the beat goes on"
        await hold(here, False)
        await asyncio.sleep(5)
        assert phone.speech == [frame.payload for frame in frames], "nothing is missing, nothing comes twice"
        assert here.of(e.HeardSettled)[-1].characters == len(TEXT)


@virtual
async def test_it_goes_on_from_what_the_page_says_that_it_heard() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(2)
        sent = len(phone.speech)
        heard = (sent - 10) * FRAME
        here.room.signal(USER.participant, "playout", {"message": "m_1", "samples": heard})
        await hold(here, True)
        more = len(phone.speech)
        await hold(here, False)
        await asyncio.sleep(0.5)
        assert phone.speech[more] == phone.speech[sent - 10]


@virtual
async def test_a_call_that_is_made_anew_stays_on_hold() -> None:
    house, phone, again = House(), Phone(), Phone(8)
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(2)
        await hold(here, True)
        await here.ring_up(again, ssrc=8, ready=True)
        await asyncio.sleep(2)
        assert (again.speech, len(again.sent) > 50) == ([], True)
        await hold(here, False)
        await asyncio.sleep(5)
        assert len(again.speech) >= 90
        assert here.of(e.HeardSettled)[-1].characters == len(TEXT)


@virtual
async def test_nobody_hears_the_microphone_of_who_is_on_hold_and_it_interrupts_nobody() -> None:
    house, phone = House(), Phone()
    async with place(house, ears="stop") as here:
        _, ear = await here.ring_up(phone)
        await here.write(e.ResponseStarted(by=BOT, response="r_1"))
        await here.say(TEXT * 2, response="r_1")
        await asyncio.sleep(1)
        await hold(here, True)
        await speak(phone, ear, house, 1_500)
        await speak(phone, ear, house, 1_500, level=0.0)
        assert (here.of(e.TurnStarted), here.of(e.CancelRequested)) == ([], [])
        await hold(here, False)
        await speak(phone, ear, house, 1_500)
        await speak(phone, ear, house, 1_500, level=0.0)
        await until(lambda: here.of(e.CancelRequested) != [])


@virtual
async def test_people_do_not_hear_each_other_through_a_hold_and_do_after() -> None:
    house = House()
    async with place(house) as here:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(here, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await hold(here, True, "a_ada")
        await talk(here, 30, ada, bob)
        assert not set(bob.phone.sent) & set(SAID["ada"])
        assert not set(ada.phone.sent) & set(SAID["bob"])
        await hold(here, False, "a_ada")
        await asyncio.sleep(1)
        await talk(here, 10, ada)
        await asyncio.sleep(1)
        await talk(here, 10, bob)
        assert set(bob.phone.sent) & set(SAID["ada"])
        assert set(ada.phone.sent) & set(SAID["bob"])


@virtual
async def test_others_do_not_wait_for_who_is_on_hold() -> None:
    house = House()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("media.playout.Playout.__init__.__defaults__", (MAX_QUEUED // 50,))
        await _others_do_not_wait(house)


async def _others_do_not_wait(house: House) -> None:
    async with place(house) as here:
        ada, bob = Guest(here, "ada", "a_ada", 1), Guest(here, "bob", "a_bob", 2)
        await ada.call()
        await bob.call()
        await hold(here, True, "a_ada")
        await here.say(TEXT * 3)
        await asyncio.sleep(10)
        heard = [event for event in here.of(e.HeardSettled) if event.participant == "bob" and event.final]
        assert [event.characters for event in heard] == [len(TEXT * 3)]
        spilled = [event for event in here.of(e.HeardSettled) if event.participant == "ada" and event.final]
        assert [(event.message, event.characters) for event in spilled] == [("m_1", 0)]
        await hold(here, False, "a_ada")
        await here.say(message="m_2")
        await asyncio.sleep(5)
        assert len(ada.phone.speech) > 100, "what is said next is heard"
