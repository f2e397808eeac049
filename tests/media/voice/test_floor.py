"""Who speaks while an agent does: paused for at once, for a moment if it was nothing, listened to till the end."""

from __future__ import annotations

import asyncio

from legato.session import events as e
from media.opus import FRAME
from tests.hub.node.builders import USER, House, virtual
from tests.media.voice.test_session import TEXT, Loud, Phone, Place, place, speak


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
async def test_a_page_that_hears_speech_pauses_the_agent_which_goes_on_from_what_was_heard() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        _, ear = await here.ring_up(phone, ready=True)
        await here.say(TEXT * 4)
        await speak(phone, ear, house, 1_000, level=0.0)
        sent = len(phone.speech)
        heard = {"message": "m_1", "samples": (sent - 5) * FRAME}
        here.room.signal(USER.participant, "playout", heard)
        here.room.signal(USER.participant, "suspected", True)
        await speak(phone, ear, house, 200, level=0.0)
        assert len(phone.speech) <= sent + 1, "it waits"
        assert _muted(here) == "mute"
        paused = len(phone.speech)
        await speak(phone, ear, house, 300, level=0.0)
        assert _muted(here) == "unmute", "it was nothing"
        assert phone.speech[paused] == phone.speech[sent - 5], "the frame after the last that was heard"
        assert here.of(e.TurnStarted) == []


@virtual
async def test_a_page_whose_microphone_falls_silent_holds_nobody_up() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        _, ear = await here.ring_up(phone, ready=True)
        await here.say(TEXT * 4)
        await speak(phone, ear, house, 500, level=0.0)
        here.room.signal(USER.participant, "suspected", True)
        await asyncio.sleep(0.3)
        assert _muted(here) == "mute"
        await asyncio.sleep(0.5)
        assert _muted(here) == "unmute"


def _muted(here: Place) -> object:
    """What the page was told last."""
    names = [signal["name"] for signal in here.told.signals_told]
    return [name for name in names if name in ("mute", "unmute")][-1]


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
