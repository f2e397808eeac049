"""An answer is stopped, be it that it is being said, that it waits behind another, or that all of it is made."""

from __future__ import annotations

import asyncio

import pytest

from legato.session import events as e
from media.voice.rest import Report
from tests.hub.node.builders import House, virtual
from tests.media.voice.test_session import BOT, TEXT, Phone, Place, place


async def two_answers(here: Place) -> None:
    """One is being said, all of the other is made and waits behind it."""
    for response, message, text in (("r_1", "m_1", TEXT * 2), ("r_2", "m_2", TEXT)):
        await here.write(e.ResponseStarted(by=BOT, response=response))
        await here.say(text, message, response)
        await here.write(e.ResponseEnded(by=BOT, response=response, outcome="finished"))
    await asyncio.sleep(1.5)


def heard_whole(here: Place, message: str) -> bool:
    settled = [event for event in here.of(e.HeardSettled) if event.message == message and event.final]
    made = [event for event in here.of(e.SpeechQueued) if event.message == message]
    return bool(settled) and settled[-1].samples == made[-1].end - made[0].start


@virtual
async def test_an_answer_that_waits_behind_another_is_stopped_and_the_other_is_heard_to_its_end() -> None:
    phone = Phone()
    async with place(House()) as here:
        await here.ring_up(phone)
        await two_answers(here)
        before = len(phone.speech)
        assert {event.message for event in here.of(e.SpeechQueued)} == {"m_1", "m_2"}
        await here.write(e.CancelRequested(by="p_user", response="r_2"))
        await asyncio.sleep(20)
        assert len(phone.speech) > before
        assert heard_whole(here, "m_1")
        assert not heard_whole(here, "m_2")
        first = [event for event in here.of(e.SpeechQueued) if event.message == "m_1"]
        assert len(phone.speech) * 960 == first[-1].end - first[0].start


@virtual
async def test_of_an_answer_that_is_being_said_nothing_follows_but_the_one_behind_it() -> None:
    phone = Phone()
    async with place(House()) as here:
        await here.ring_up(phone)
        await two_answers(here)
        before = len(phone.speech)
        await here.write(e.CancelRequested(by="p_user", response="r_1"))
        await asyncio.sleep(20)
        assert heard_whole(here, "m_2")
        assert not heard_whole(here, "m_1")
        second = [event for event in here.of(e.SpeechQueued) if event.message == "m_2"]
        assert 0 <= len(phone.speech) - before - (second[-1].end - second[0].start) // 960 <= 2


@pytest.mark.parametrize("response", ["r_1", "r_2"])
def test_whichever_is_stopped_the_agent_speaks_again(response: str) -> None:
    @virtual
    async def speaks() -> None:
        phone = Phone()
        async with place(House()) as here:
            await here.ring_up(phone)
            await two_answers(here)
            await here.write(e.CancelRequested(by="p_user", response=response))
            await asyncio.sleep(20)
            before = len(phone.speech)
            await here.say("Once more.", "m_3")
            await asyncio.sleep(5)
            assert len(phone.speech) > before + 10

    speaks()


@pytest.mark.parametrize("report", [None, Report("m_1", 50 * 960, 300)])
def test_what_was_stopped_is_not_heard_by_who_calls_anew(report: Report | None) -> None:
    @virtual
    async def stays_silent() -> None:
        phone, again = Phone(), Phone(9)
        async with place(House()) as here:
            await here.ring_up(phone)
            await two_answers(here)
            for response in ("r_1", "r_2"):
                await here.write(e.CancelRequested(by="p_user", response=response))
            await asyncio.sleep(3)
            await here.ring_up(again, 9, report)
            await asyncio.sleep(20)
            assert again.speech == []
            await here.say("Once more.", "m_3")
            await asyncio.sleep(5)
            assert len(again.speech) > 10

    stays_silent()
