"""Heard, sent, generated: whatever people and pages do, the log never says that more was heard than was sent, nor
that more was sent than was made."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from legato.session import events as e
from media.opus import FRAME
from media.voice.rest import Report
from tests.hub.node.builders import USER, House, virtual
from tests.media.voice.test_session import TEXT, Phone, Place, place, speak

STEPS = 25


async def one_step(here: Place, phone: Phone, ear: object, random: Random, number: int) -> None:
    """Something that happens in a conversation."""
    match random.choice(("say", "wait", "wait", "interrupt", "cough", "report", "boast")):
        case "say":
            await here.say(TEXT * random.randint(1, 3), message=f"m_{number}")
        case "wait":
            await asyncio.sleep(random.choice((0.02, 0.3, 1.0, 2.5)))
        case "interrupt":
            await speak(phone, ear, here.house, 1_000)
            await speak(phone, ear, here.house, random.choice((300, 700)), level=0.0)
        case "cough":
            await speak(phone, ear, here.house, 120)
        case told:
            known = [entry for entry in here.room.state.entries.values() if getattr(entry, "speech_end", 0)]
            if known:
                most = 10_000_000 if told == "boast" else len(phone.speech) * FRAME
                data = {"message": random.choice(known).id, "samples": random.randint(0, most)}
                here.room.signal(USER.participant, "playout", data)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_heard_that_was_not_sent_and_nothing_sent_that_was_not_made(seed: int) -> None:
    async def talk() -> None:
        await _talked(Random(seed))

    virtual(talk)()


async def _talked(random: Random) -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        _, ear = await here.ring_up(phone, heard=Report("m_0", 0), ready=True)
        for number in range(STEPS):
            await one_step(here, phone, ear, random, number)
        await asyncio.sleep(5)
        events = here.told.events_told
    made: dict[str, int] = {}
    heard: dict[str, int] = {}
    for event in events:
        if isinstance(event, e.SpeechQueued):
            made[event.message] = max(made.get(event.message, 0), event.samples + event.end - event.start)
        elif isinstance(event, e.HeardSettled):
            assert event.samples <= made[event.message], "made, and known to be, before it was heard"
            heard[event.message] = max(heard.get(event.message, 0), event.samples)
    assert heard
    assert sum(heard.values()) <= len(phone.speech) * FRAME
