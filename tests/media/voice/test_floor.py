"""Who speaks while an agent does: paused for at once, for a moment if it was nothing, listened to till the end."""

from __future__ import annotations

import asyncio

from legato.session import events as e
from tests.hub.node.builders import House, virtual
from tests.media.voice.test_session import TEXT, Loud, Phone, place, speak


class Doubtful(Loud):
    """Believes nothing, and suspects whatever is loud."""

    def speech(self, window: bytes) -> bool:
        self.suspects = super().speech(window)
        return False


@virtual
async def test_what_may_be_speech_pauses_the_agent_for_a_moment() -> None:
    house, phone = House(), Phone()
    async with place(house, judge=Doubtful) as here:
        voice, ear = await here.ring_up(phone, ready=True)
        await here.say(TEXT * 4)
        await asyncio.sleep(1)
        await speak(phone, ear, house, 80)
        paused = len(phone.speech)
        await speak(phone, ear, house, 120)
        assert len(phone.speech) == paused
        await speak(phone, ear, house, 400)
        assert len(phone.speech) > paused, "it was none, for all that it goes on"
        assert here.of(e.TurnStarted) == []
        assert voice.speaking


@virtual
async def test_a_turn_that_nobody_understands_is_heard_to_its_end() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        voice, ear = await here.ring_up(phone, ready=True)
        await here.say(TEXT * 4)
        await asyncio.sleep(1)
        await speak(phone, ear, house, 2_000)
        assert not voice.speaking, "the agent was cut long ago"
        assert here.of(e.TurnEnded) == []
        await speak(phone, ear, house, 700, level=0.0)
        (ended,) = here.of(e.TurnEnded)
        assert ended.turn == here.of(e.TurnStarted)[0].turn
        marks = {event.mark: event.at_ms for event in here.of(e.TurnMarked)}
        assert marks["end_of_turn"] <= 640, "by the sound, not by the clock"
