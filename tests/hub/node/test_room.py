"""Rooms: what is asked comes back as events, once, in order, to everybody."""

from __future__ import annotations

from hub.node.promise import Done
from legato.session import commands as c
from legato.session.commands import Refusal
from legato.session.events import MessagePosted
from legato.session.parts import Part
from legato.session.state import decode_state
from tests.hub.node.builders import KEY, USER, Heard, House, batch, passes, there, user_presence


def post(message: str, text: str = "hello") -> c.PostMessage:
    return c.PostMessage(message=message, parts=[Part("text", text)])


async def test_what_is_posted_on_one_node_is_told_on_both_once_and_in_order() -> None:
    house = House()
    async with house.node("n1") as first, house.node("n2") as second:
        room = await there(await first.create(KEY, "p_user", {}, ""))
        other = await there(await second.open(KEY))
        assert isinstance(await first.arrive(room, user_presence()), Done)
        opened = await room.open_producer("c_1")
        here, elsewhere = Heard(), Heard()
        room.listen(here, room.position)
        other.listen(elsewhere, other.position)
        await passes()
        before = len(elsewhere.events_told)
        answers = [
            room.execute(USER, batch("c_1", n, post(f"m_{n}"), epoch=opened.epoch)) for n in range(1, 31)
        ]
        done = [await answer for answer in answers]
        await passes()
        assert all(isinstance(each, Done) for each in done)
        for heard in (here, elsewhere):
            said = [event.message for event in heard.events_told if isinstance(event, MessagePosted)]
            assert said == [f"m_{n}" for n in range(1, 31)]
        assert elsewhere.calls < len(elsewhere.events_told) - before
        assert room.position == other.position
        assert room.state == other.state


async def test_a_batch_sent_again_is_answered_alike_and_done_once() -> None:
    house = House()
    async with house.node("n1") as node, house.node("n2") as second:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        await node.arrive(room, user_presence())
        opened = await room.open_producer("c_1")
        one = batch("c_1", 1, post("m_1"), epoch=opened.epoch)
        assert await room.execute(USER, one) == await room.execute(USER, one)
        other = await there(await second.open(KEY))
        assert await other.execute(USER, one) == await room.execute(USER, one)
        wrong = batch("c_1", 2, c.EndMessage(message="m_none"), epoch=opened.epoch)
        refused = await room.execute(USER, wrong)
        assert isinstance(refused, Refusal)
        assert refused.reason == "not_found"
        again = await other.execute(USER, wrong)
        assert isinstance(again, Refusal)
        assert again.reason == "not_found"
        assert isinstance(await other.execute(USER, batch("c_1", 3, post("m_3"), epoch=opened.epoch)), Done)
        assert isinstance(
            await other.execute(USER, batch("c_1", 5, post("m_5"), epoch=opened.epoch)), Refusal
        )


async def test_a_newcomer_gets_the_state_and_no_seam() -> None:
    house = House()
    async with house.node("n1") as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        await node.arrive(room, user_presence())
        opened = await room.open_producer("c_1")
        start = room.position
        for n in range(1, 5):
            room.execute(USER, batch("c_1", n, post(f"m_{n}"), epoch=opened.epoch))
        late = Heard()
        await passes(1)
        welcome = room.listen(late, start)
        await passes()
        told = len(welcome.events) + len(late.events_told)
        assert told == 4
        fresh = room.listen(Heard(), None)
        assert fresh.snapshot is not None
        assert decode_state(fresh.snapshot) == room.state
