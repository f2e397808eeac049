"""What an agent brings goes on: over its connections, over nodes, and for who hears it from another node."""

from __future__ import annotations

import asyncio

from legato.session import events as e
from legato.wire import down
from legato.wire.audio import OPUS, Audio
from legato.wire.up import Speak
from media.opus import FRAME
from media.voice.bringing import Bringing
from media.voice.intake import LEAD
from media.voice.rest import Report
from signaling.bench.pilots import number_of, pilot
from tests.hub.node.builders import USER, House, virtual
from tests.media.voice.test_playing_on import kill
from tests.media.voice.test_session import BOT, Agent, Phone, Place, place

MESSAGE = "m_own"
TEXT = "La la la."
ASKED = Speak(stream=3, message=MESSAGE, format="opus")


async def begins(here: Place) -> None:
    """The agent begins a message whose sound it brings."""
    await here.write(
        e.MessageStarted(by=BOT, message=MESSAGE, brought=True),
        e.MessageGrown(by=BOT, message=MESSAGE, index=0, text=TEXT),
    )


def brought(bringing: Bringing | None, agent: Agent, first: int, end: int) -> Bringing:
    """The agent brings these frames by this connection."""
    assert bringing is not None
    bringing.add(agent, Audio(OPUS, 3, first * FRAME, tuple(pilot(number) for number in range(first, end))))
    return bringing


def heard(*phones: Phone) -> list[int | None]:
    return [number_of(frame) for phone in phones for frame in phone.speech]


def taken(agent: Agent) -> list[int]:
    """Frames that it was told are kept."""
    return [each.until // FRAME for each in agent.told if isinstance(each, down.SoundTaken) and not each.over]


@virtual
async def test_what_a_connection_left_goes_on_by_the_next_and_a_stale_one_never_writes() -> None:
    house, phone, old, new = House(), Phone(), Agent(), Agent()
    async with place(house) as here:
        voice, _ = await here.ring_up(phone)
        await begins(here)
        bringing = brought(voice.bringings.open(old, BOT, ASKED), old, 0, 40)
        await asyncio.sleep(0.4)
        bringing.shut(old)
        assert voice.bringings.open(new, BOT, ASKED) is bringing
        assert taken(old) == sorted(set(taken(old)))
        assert taken(new) == [taken(old)[-1]] == [40 - LEAD // FRAME]
        brought(bringing, new, taken(new)[-1], 60)
        brought(bringing, old, 60, 80)
        bringing.end(old)
        await asyncio.sleep(1)
        brought(bringing, new, 60, 90)
        bringing.end(new)
        await asyncio.sleep(3)
        assert taken(new)[-1] == 90
        assert heard(phone) == list(range(90)), "each frame once"
        await here.write(e.MessageEnded(by=BOT, message=MESSAGE))
        await asyncio.sleep(1)
        last = here.of(e.HeardSettled)[-1]
        assert (last.characters, last.final) == (len(TEXT), True)
        assert not voice.bringings
        assert here.voice.texts == []


@virtual
async def test_the_next_node_says_from_where_to_go_on_and_nothing_is_heard_twice() -> None:
    house, phone, other, agent = House(), Phone(), Phone(9), Agent()
    async with place(house) as here:
        voice, _ = await here.ring_up(phone)
        await begins(here)
        bringing = voice.bringings.open(agent, BOT, ASKED)
        for first in range(0, 60, 5):  # as it is heard
            brought(bringing, agent, first, first + 5)
            await asyncio.sleep(0.1)
        kill(here)
        async with place(house, "n2", first=False) as there:
            again = Agent()
            called, _ = await there.ring_up(other, 9, Report(MESSAGE, len(phone.speech) * FRAME))
            bringing = called.bringings.open(again, BOT, ASKED)
            kept = taken(again)[0]
            assert 40 <= kept <= 60 - LEAD // FRAME
            brought(bringing, again, kept, 100).end(again)
            await asyncio.sleep(6)
            assert taken(again)[-1] == 100
            assert heard(phone, other) == list(range(100)), "each frame once"


@virtual
async def test_who_listens_at_another_node_hears_what_is_brought_to_this_one() -> None:
    house, phone, agent = House(), Phone(), Agent()
    async with place(house) as here, place(house, "n2", first=False) as there:
        await there.ring_up(phone)
        await begins(here)
        async with here.desk.voice(here.room.key) as voice:
            assert voice is not None
        bringing = brought(voice.bringings.open(agent, BOT, ASKED), agent, 0, 30)
        await asyncio.sleep(1)
        brought(bringing, agent, 30, 70).end(agent)
        await asyncio.sleep(0.5)
        await here.write(e.MessageEnded(by=BOT, message=MESSAGE))
        await asyncio.sleep(3)
        assert heard(phone) == list(range(70))
        assert here.voice.texts == there.voice.texts == [], "no hub's voice says its words"
        last = there.of(e.HeardSettled)[-1]
        assert (last.characters, last.final) == (len(TEXT), True)


@virtual
async def test_a_listener_whose_call_breaks_hears_the_rest_of_what_was_brought_meanwhile() -> None:
    house, phone, other, agent = House(), Phone(), Phone(9), Agent()
    async with place(house) as here:
        voice, _ = await here.ring_up(phone)
        await begins(here)
        bringing = brought(voice.bringings.open(agent, BOT, ASKED), agent, 0, 50)
        await asyncio.sleep(0.5)
        voice.hang_up(USER.attachment, reason="lost")
        count = len(phone.speech)
        brought(bringing, agent, 50, 70)
        await asyncio.sleep(0.5)
        await here.ring_up(other, 9, Report(MESSAGE, count * FRAME))
        brought(bringing, agent, 70, 100).end(agent)
        await asyncio.sleep(3)
        assert heard(phone, other) == list(range(100))
        assert here.voice.texts == []


@virtual
async def test_nothing_is_taken_of_a_message_that_is_over_or_anothers() -> None:
    house, phone, agent = House(), Phone(), Agent()
    async with place(house) as here:
        voice, _ = await here.ring_up(phone)
        await begins(here)
        assert voice.bringings.open(agent, "p_other", ASKED) is None
        bringing = brought(voice.bringings.open(agent, BOT, ASKED), agent, 0, 100)
        await asyncio.sleep(0.5)
        await here.write(e.MessageEnded(by="hub", message=MESSAGE, outcome="interrupted"))
        await asyncio.sleep(0.2)
        brought(bringing, agent, 100, 120)
        count = len(phone.speech)
        await asyncio.sleep(1)
        assert len(phone.speech) == count < 100, "it falls silent"
        assert voice.bringings.open(agent, BOT, ASKED) is None
        assert [each.over for each in agent.told if isinstance(each, down.SoundTaken)][-2:] == [True, True]
