"""A person takes over on a call: the agent falls silent in mid word, what the person writes is said, and what it says
is an answer."""

from __future__ import annotations

import asyncio

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.decisions import decide
from legato.session.parts import Part
from legato.session.tickets import CAPABILITIES
from tests.hub.node.builders import USER, House, virtual
from tests.media.voice.test_session import BOT, TEXT, Phone, Place, place, speak

OLGA = Actor("p_olga", "operator", frozenset(CAPABILITIES))
SETTLING_S = 0.1
"""In which an agent's sound stops after a command."""


async def do(here: Place, command: c.Command) -> None:
    events = decide(here.room.state, OLGA, command)
    assert isinstance(events, list), events
    await here.write(*events)


async def taken_over(here: Place) -> None:
    """The agent tells something long, and the operator takes over in the midst of it."""
    await here.write(
        e.ParticipantJoined(by="p_olga", participant="p_olga", role="operator"),
        e.RightGranted(by="hub", right="worker:bot", holder=BOT, token=1, worker="w1"),
        e.RightGranted(by="hub", right="responder", holder=BOT, token=1, worker="w1"),
        e.ResponderChanged(by="hub", participant=BOT, reason="accepted"),
        e.ResponseStarted(by=BOT, response="r_1"),
    )
    await here.say(TEXT * 4, response="r_1")
    await here.write(e.ResponseEnded(by=BOT, response="r_1", outcome="finished"))
    await asyncio.sleep(3)
    await do(here, c.TakeOver())


@virtual
async def test_the_agent_falls_silent_and_what_the_person_writes_is_said() -> None:
    house, phone = House(), Phone()
    async with place(house) as here:
        await here.ring_up(phone)
        await taken_over(here)
        await asyncio.sleep(SETTLING_S)
        sent = len(phone.speech)
        await asyncio.sleep(2)
        assert len(phone.speech) == sent, "nothing more of the agent"
        assert 0 < here.of(e.HeardSettled)[-1].characters < len(TEXT * 4)
        await do(here, c.PostMessage(message="m_2", parts=[Part("text", "This is Olga.")]))
        await asyncio.sleep(2)
        assert len(phone.speech) > sent
        assert "".join(here.voice.texts).endswith("This is Olga.")
        assert not phone.closed, "the call is the same"


@virtual
async def test_what_the_person_says_aloud_is_no_turn_that_waits() -> None:
    house, phone, headset = House(), Phone(), Phone(9)
    async with place(house, ears="good morning") as here:
        await here.ring_up(phone)
        await taken_over(here)
        async with here.desk.voice(here.room.key) as voice:
            assert voice is not None
            await here.write(e.AttachmentOpened(by="p_olga", participant="p_olga", attachment="a_olga"))
            ear = await voice.ear_for("a_olga", "p_olga")
            await speak(headset, ear, house, 1_000)
            await speak(headset, ear, house, 1_500, level=0.0)
            await asyncio.sleep(1)
        (posted,) = [event for event in here.of(e.MessagePosted) if event.by == "p_olga"]
        assert posted.parts[0].text == "good morning"
        assert not posted.ends_turn
        assert here.room.state.turns == {}
        assert USER.attachment in here.room.state.attachments
