"""A store's clock that jumps fires nothing before its time, and is believed again once it is back or has settled."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from hub.node.clockwatch import SETTLED_MS, ClockWatch
from hub.settings import Settings
from hub.store.model import ModelServer
from legato.session.deadlines import GRACE_MS
from tests.hub.node.builders import KEY, House, there, until, user_presence, virtual

JUMP = 60_000
HOUR = 3_600_000


@given(st.lists(st.tuples(st.integers(1, 5_000), st.integers(-JUMP // 4, JUMP // 4)), max_size=50))
def test_a_clock_that_only_wanders_is_followed(steps: list[tuple[int, int]]) -> None:
    watch, now, skew = ClockWatch(JUMP), 0, 1_000_000
    for passed, wander in steps:
        now, skew = now + passed, skew + wander
        assert watch.read(now + skew, now) == skew
        assert not watch.suspended


@given(st.sampled_from([HOUR, -HOUR, JUMP + 1]), st.integers(0, SETTLED_MS - 1))
def test_a_clock_that_jumped_is_not_believed_until_it_settled(jump: int, waited: int) -> None:
    watch = ClockWatch(JUMP)
    assert watch.read(1_000, 0) == 1_000
    assert watch.read(1_010 + jump, 10) == 1_000
    assert watch.read(1_010 + jump + waited, 10 + waited) == 1_000
    assert watch.suspended
    assert watch.read(1_010 + jump + SETTLED_MS, 10 + SETTLED_MS) == 1_000 + jump
    assert not watch.suspended


def test_a_clock_that_comes_back_is_believed_at_once_and_one_that_jumps_on_begins_to_settle_anew() -> None:
    watch = ClockWatch(JUMP)
    watch.read(1_000, 0)
    watch.read(1_000 + HOUR, 1)
    watch.read(1_000 + 3 * HOUR, 2)
    assert watch.read(1_000 + 3 * HOUR + SETTLED_MS - 1, SETTLED_MS + 1) == 1_000
    assert watch.suspended
    assert watch.read(1_000 + SETTLED_MS + 2, SETTLED_MS + 2) == 1_000
    assert not watch.suspended


@virtual
async def test_nobodys_grace_ends_because_the_stores_clock_jumped() -> None:
    house, ahead = House(), [0]
    house.server = ModelServer(lambda: 1_700_000_000_000 + house.clock() + ahead[0], house.random.randbytes)
    async with house.node("n1", settings=Settings(clock_jump=JUMP)) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        await node.arrive(room, user_presence())
        await node.lost(room, "a_user", "cut")
        await until(lambda: room.state.liveness("p_user") == "away")
        ahead[0] = HOUR
        await asyncio.sleep(GRACE_MS / 1000 - 5)
        assert room.state.attachments
        ahead[0] = 0
        await asyncio.sleep(10)
        assert not room.state.attachments
