"""Who waits for a person is told where they stand: by one read of the index, when it changes, and now and again."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.node.node import Node
from hub.node.promise import Done
from hub.node.queueing import NAME, WAITS, Turn, places
from hub.node.room import Room
from hub.settings import Settings
from hub.store.promise import SessionKey
from legato.session import commands as c
from legato.session.state import Asking
from tests.hub.node.builders import Heard, House, batch, there, until, user_presence, virtual

QUICK = Settings(snapshot_quiet=10_000_000, index_every=1_000)
SKILLS = st.sampled_from(["", "billing", "a.b c"])


async def waits(node: Node, session: str, heard: Heard, skill: str = "") -> Room:
    """Somebody comes, listens, and asks for a person."""
    room = await there(await node.create(SessionKey("main", session), "p_user", {}, ""))
    room.listen(heard, None)
    assert isinstance(await node.arrive(room, user_presence()), Done)
    opened = await room.open_producer("c_user")
    asks = c.RequestHuman(request=f"q_{session}", skill=skill)
    actor = user_presence().actor
    assert isinstance(await room.execute(actor, batch("c_user", 1, asks, epoch=opened.epoch)), Done)
    return room


async def no_more(room: Room) -> None:
    opened = await room.open_producer("c_user")
    drops = c.WithdrawRequest(request=f"q_{room.key.session}")
    actor = user_presence().actor
    done = await room.execute(actor, batch("c_user", opened.last + 1, drops, epoch=opened.epoch))
    assert isinstance(done, Done)


def told(heard: Heard) -> list[Any]:
    return [each["data"] for each in heard.signals_told if each["name"] == NAME]


@virtual
async def test_each_is_told_its_place_on_whatever_node_and_again_when_it_moves_up() -> None:
    house, ears = House(), [Heard(), Heard()]
    async with house.node("n1", settings=QUICK) as first, house.node("n2", settings=QUICK) as second:
        ahead = await waits(first, "s_1", ears[0])
        await until(lambda: told(ears[0]) == [{"request": "q_s_1", "place": 1}])
        await waits(second, "s_2", ears[1])
        await until(lambda: {"request": "q_s_2", "place": 2} in told(ears[1]))
        await no_more(ahead)
        await until(lambda: told(ears[1])[-1]["place"] == 1)
        many = len(told(ears[0]))
        await asyncio.sleep(60)
        assert len(told(ears[0])) == many, "who waits no more is told nothing"


@virtual
async def test_it_is_said_again_now_and_then_and_costs_one_read_for_all_who_wait_here() -> None:
    house, ears = House(), [Heard() for _ in range(5)]
    store = house.store()
    read: list[Any] = []
    listing = store.sessions

    async def sessions(tenant: str, **what: Any) -> Any:
        read.append(what.get("label"))
        return await listing(tenant, **what)

    store.sessions = sessions  # type: ignore[method-assign]
    async with house.node("n1", store=store, settings=QUICK) as node:
        for number, heard in enumerate(ears):
            await waits(node, f"s_{number}", heard)
        await until(lambda: all(told(heard) for heard in ears))
        assert [told(heard)[-1]["place"] for heard in ears] == [1, 2, 3, 4, 5]
        read.clear()
        before = len(told(ears[0]))
        await asyncio.sleep(60)
        assert 28 <= read.count(WAITS) <= 31, "each two seconds"
        assert 5 <= len(told(ears[0])) - before <= 7, "each ten, while it does not change"


@virtual
async def test_where_nobody_waits_nothing_is_read() -> None:
    house = House()
    store = house.store()

    async def sessions(tenant: str, **what: Any) -> Any:
        raise AssertionError("nobody waits")

    store.sessions = sessions  # type: ignore[method-assign]
    async with house.node("n1", store=store, settings=QUICK) as node:
        await there(await node.create(SessionKey("main", "s_1"), "p_user", {}, ""))
        await asyncio.sleep(60)


@st.composite
def turns(draw: st.DrawFn) -> list[Turn]:
    return [
        Turn(draw(st.integers(0, 2)), draw(st.integers(0, 5)), f"s_{number}", draw(SKILLS))
        for number in range(draw(st.integers(0, 12)))
    ]


@given(turns())
def test_before_a_session_are_those_that_the_same_people_may_help_first(waiting: list[Turn]) -> None:
    found = places(waiting)
    for turn in waiting:
        ahead = [
            each
            for each in waiting
            if (each.below, each.since, each.session) < (turn.below, turn.since, turn.session)
            and (not turn.skill or each.skill in ("", turn.skill))
        ]
        assert found[turn.session] == 1 + len(ahead)


@given(st.integers(0, 9), st.integers(0, 1 << 53), st.text(max_size=8))
def test_a_turn_is_read_as_it_was_written(priority: int, since: int, skill: str) -> None:
    turn = Turn.of("s_1", Asking("q", "ada", since, skill=skill, priority=priority))
    read = Turn.read("s_1", turn.text)
    assert read is not None
    assert (read, read.skill) == (turn, skill)
    assert [Turn.read("s_1", text) for text in ("", "1", "x.1.", "1.x.")] == [None] * 4
