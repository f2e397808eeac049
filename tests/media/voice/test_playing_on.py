"""Who was cut off hears on from the very frame, on this node or the next."""

from __future__ import annotations

import asyncio

from legato.session import events as e
from media.opus import FRAME
from media.voice.keeper import Keeper
from media.voice.rest import Report
from tests.hub.node.builders import KEY, USER, House, virtual
from tests.media.voice.test_session import TEXT, Phone, Place, place, speak


async def frames_of(here: Place, store: House) -> list[bytes]:
    """The speech that rests in the store, as the log names it."""
    (queued, *_) = here.of(e.SpeechQueued)
    frames = await Keeper(store.store(), here.node._parts.keys, KEY).read(queued.track, [0])
    return [frame.payload for frame in frames]


def kill(here: Place) -> None:
    """The node's voice does nothing any more, and settles nothing."""
    here.desk._voices.clear()
    for task in tuple(here.desk._errands._tasks):
        task.cancel()


@virtual
async def test_the_next_node_speaks_on_from_the_very_frame_that_the_page_heard_last() -> None:
    house, phone = House(), Phone()
    async with place(house, ears="hello") as here:
        _, ear = await here.ring_up(phone)
        await here.say()
        await speak(phone, ear, house, 100, level=0.0)
        await asyncio.sleep(3.3)
        speaking = asyncio.ensure_future(speak(phone, ear, house, 2_000))
        await asyncio.sleep(0.1)
        speaking.cancel()
        heard = len(phone.speech) - 3  # these were on their way
        kill(here)
        async with place(house, "n2", first=False) as there:
            other = Phone(9)
            _, second = await there.ring_up(other, 9, Report("m_1", heard * FRAME))
            assert second.track == ear.track
            before = here.of(e.VoiceStarted)[0]
            await speak(other, second, house, 200, level=0.0)
            await asyncio.sleep(6)
            assert phone.speech[:heard] + other.speech == await frames_of(here, house)
            assert there.voice.texts == [], "nothing is said anew"
            last = there.of(e.HeardSettled)[-1]
            assert (last.characters, last.final) == (len(TEXT), True)
            assert there.of(e.VoiceStarted)[0].track == before.track
            keeper = Keeper(house.store(), there.node._parts.keys, KEY)
            frames = await keeper.read(ear.track, [0])
            times = [frame.media_time for frame in frames]
            assert times == sorted(set(times))
            assert len(frames) >= 5 + 5 + 10
            ended = there.of(e.TurnEnded)
            assert [event.incomplete for event in ended] == [True] * len(ended)


@virtual
async def test_what_a_page_does_not_report_is_played_on_from_what_was_settled() -> None:
    house, phone, other = House(), Phone(), Phone(9)
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(3.3)
        settled = here.of(e.HeardSettled)[-1].samples // FRAME
        assert 0 < settled < len(phone.speech)
        kill(here)
        async with place(house, "n2", first=False) as there:
            await there.ring_up(other, 9)
            await asyncio.sleep(6)
            assert phone.speech[:settled] + other.speech == await frames_of(here, house)


@virtual
async def test_a_page_that_reports_is_believed_and_hears_what_it_missed() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        _, ear = await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(2.5)
        playing = here.told.signals_told[-1]
        assert playing["name"] == "playing"
        assert playing["data"][USER.attachment]["message"] == "m_1"
        await speak(phone, ear, house, 300)
        sent = len(phone.speech)
        here.room.signal(USER.participant, "playout", {"message": "m_1", "samples": (sent - 4) * FRAME})
        await speak(phone, ear, house, 1_000, level=0.0)
        await asyncio.sleep(5)
        whole = await frames_of(here, house)
        assert phone.speech[:sent] == whole[:sent]
        assert phone.speech[sent:] == whole[sent - 4 :], (
            "what was on its way when the page fell silent is heard"
        )


@virtual
async def test_who_calls_anew_hears_on_from_what_their_page_said_last() -> None:
    house, phone, again = House(), Phone(), Phone(9)
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(3)
        heard = len(phone.speech) - 15  # the way was silent for a third of a second
        here.room.signal(USER.participant, "playout", {"message": "m_1", "samples": heard * FRAME})
        await asyncio.sleep(0.01)
        await here.ring_up(again, 9)
        await asyncio.sleep(6)
        assert phone.speech[:heard] + again.speech == await frames_of(here, house)


@virtual
async def test_who_interrupts_and_calls_anew_at_once_hears_no_more_of_what_they_cut() -> None:
    house, phone, again = House(), Phone(), Phone(9)
    async with place(house) as here:
        voice, ear = await here.ring_up(phone, ready=True)
        await here.say(TEXT * 4)
        await asyncio.sleep(1)
        while voice.speaking:
            await speak(phone, ear, house, 20)
        assert not any(event.final for event in here.of(e.HeardSettled)), "what was heard is not settled yet"
        heard = here.of(e.HeardSettled)[-1].samples
        _, ear = await here.ring_up(again, 9, Report("m_1", heard))
        await speak(again, ear, house, 1_500, level=0.0)
        assert here.of(e.HeardSettled)[-1].final
        assert again.speech == []


@virtual
async def test_who_goes_straight_on_is_told_what_it_missed_and_hears_the_rest() -> None:
    house, phone, again = House(), Phone(), Phone(9)
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(3)
        heard = len(phone.speech) - 40
        assert heard > 20
        await here.ring_up(again, 9, Report("m_1", heard * FRAME, 500, "live"))
        await asyncio.sleep(6)
        (skipped,) = here.of(e.SpeechSkipped)
        whole = await frames_of(here, house)
        at = len(whole) - len(again.speech)
        assert again.speech == whole[at:]
        assert heard < at <= heard + 25
        assert 0 < skipped.start < skipped.end < len(TEXT)
        assert TEXT[skipped.end] == " ", "it goes on with a whole word"
        last = here.of(e.HeardSettled)[-1]
        assert (last.characters, last.final) == (len(TEXT), True)


@virtual
async def test_who_catches_up_hears_all_of_the_rest_in_less_time() -> None:
    house, phone, again = House(), Phone(), Phone(9)
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(3)
        here.told.signals_told.clear()
        await here.ring_up(again, 9, Report("m_1", 0, 1_500, "catch_up"))
        await asyncio.sleep(6)
        whole = await frames_of(here, house)
        assert len(whole) * 0.78 < len(again.speech) < len(whole) * 0.87
        steps = [
            each["data"][USER.attachment].get("step")
            for each in here.told.signals_told
            if each["name"] == "playing"
        ]
        assert 1_200 in steps, "the page is told that its frames stand for more"
        last = here.of(e.HeardSettled)[-1]
        assert (last.characters, last.samples, last.final) == (len(TEXT), len(whole) * FRAME, True)


@virtual
async def test_a_page_that_says_that_it_can_sound_is_told_what_it_plays() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        await here.ring_up(phone, ready=True)
        await here.say()
        await asyncio.sleep(1)
        here.told.signals_told.clear()
        here.room.signal(USER.participant, "output_ready", True)
        await asyncio.sleep(0.1)
        (playing,) = [each for each in here.told.signals_told if each["name"] == "playing"]
        assert playing["data"][USER.attachment]["message"] == "m_1"


@virtual
async def test_a_page_that_may_not_sound_hears_nothing_and_goes_on_from_what_it_heard_when_it_may() -> None:
    house, phone, again = House(), Phone(), Phone(9)
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(3)
        heard = len(phone.speech) - 40
        assert heard > 20
        settled = here.of(e.HeardSettled)
        await here.ring_up(again, 9, Report("m_1", heard * FRAME))
        await asyncio.sleep(0.2)
        here.room.signal(USER.participant, "output_ready", False)
        await asyncio.sleep(0.1)
        in_vain = len(again.speech)
        assert in_vain > 0, "the hub did not know at first"
        await asyncio.sleep(10)
        assert len(again.speech) == in_vain
        assert here.of(e.HeardSettled) == settled, "nothing counts as heard"
        here.room.signal(USER.participant, "output_ready", True)
        await asyncio.sleep(6)
        whole = await frames_of(here, house)
        assert again.speech[in_vain:] == whole[heard:], "not skipped, not repeated"
        assert here.of(e.HeardSettled)[-1].samples == len(whole) * FRAME


@virtual
async def test_who_comes_back_and_says_that_it_may_not_sound_is_sent_nothing() -> None:
    house, phone, again = House(), Phone(), Phone(9)
    async with place(house) as here:
        await here.ring_up(phone)
        await here.say()
        await asyncio.sleep(3)
        await here.ring_up(again, 9, Report("m_1", 20 * FRAME), ready=False)
        here.room.signal(USER.participant, "output_ready", False)
        await asyncio.sleep(5)
        assert again.speech == []
        here.room.signal(USER.participant, "output_ready", True)
        await asyncio.sleep(6)
        assert again.speech == (await frames_of(here, house))[20:]
