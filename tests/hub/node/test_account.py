"""What sessions used is in the totals once, whichever nodes die, and stays when they are erased."""

from __future__ import annotations

import asyncio

from hub.node.promise import Done
from hub.settings import Settings
from hub.store.accounting import Used, figures
from hub.store.model import ModelStore
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session import commands as c
from tests.hub.node.builders import AGENT, House, batch, passes, there, user_presence, virtual

QUICK = Settings(idle_close=2_000)


class Dying(ModelStore):
    """The connection of a node that dies when it has counted some."""

    left = 5

    async def account(self, key: SessionKey, day: str, used: Used) -> None:
        if self.left == 0:
            raise StoreUnavailable("it is dead")
        self.left -= 1
        await super().account(key, day, used)


async def totals(house: House) -> tuple[Used, int]:
    found = await house.store().accounts("main", "", "9")
    assert len(found) <= 1, "the clock stands in one day"
    return (found[0].used, found[0].sessions) if found else (Used(), 0)


@virtual
async def test_a_node_that_dies_leaves_what_it_did_not_count_to_the_next_and_nothing_is_counted_twice() -> (
    None
):
    house = House()
    used = [0, 0]
    async with house.node("n2", settings=QUICK) as second:
        dying = Dying(house.server, asyncio.get_running_loop().call_soon)
        async with house.node("n1", dying, settings=QUICK) as first:
            for number in range(4):
                key = SessionKey("main", f"s_{number}")
                room = await there(await first.create(key, "p_user", {"agent": "agent"}, ""))
                await first.arrive(room, user_presence())
                opened = await room.open_producer("c_agent")
                takes = c.AcceptSession(right="worker:agent", worker="w_1")
                assert isinstance(
                    await room.execute(AGENT, batch("c_agent", 1, takes, epoch=opened.epoch)), Done
                )
                for seq in range(2, 12):
                    reports = c.ReportUsage(tokens_in=number, tokens_out=seq, ms=1_000)
                    done = await room.execute(AGENT, batch("c_agent", seq, reports, epoch=opened.epoch))
                    assert isinstance(done, Done)
                    used = [used[0] + number, used[1] + seq]
                if number % 2:
                    await passes(50)
            assert dying.left == 0
            assert sum(figures((await totals(house))[0])) < sum(used) + 40_000
        rooms = [await there(await second.open(SessionKey("main", f"s_{number}"))) for number in range(4)]
        whole = Used(used[0], used[1], 40_000)

        sums = [room.state.usage for room in rooms]
        assert sum(each.tokens_out for each in sums if each is not None) == used[1]
        for _ in range(600):
            if (await totals(house))[0] == whole:
                break
            await passes(5)
        assert await totals(house) == (whole, 4)
        await second.erase(SessionKey("main", "s_1"))
        await passes(100)
        assert await totals(house) == (whole, 4)
