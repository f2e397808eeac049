"""Who is here is not left `away`, and who went is seen off, though the store did not answer when their node said so."""

from __future__ import annotations

import asyncio
from functools import partial

from hub.node.presence import holder_of
from hub.node.promise import Done
from hub.store.model import ModelStore
from hub.store.model.server import ModelServer
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session.presence_rules import connection_lost
from tests.hub.node.builders import KEY, House, there, until, user_presence, virtual


class Deaf(ModelStore):
    """A store that does not answer the next so many times when it is asked to note something, or to let it go."""

    def __init__(self, server: ModelServer) -> None:
        super().__init__(server, lambda callback: asyncio.get_running_loop().call_soon(callback))
        self.unheard = 0

    async def hold(self, holder: str, key: SessionKey, right: str) -> None:
        if self.unheard:
            self.unheard -= 1
            raise StoreUnavailable
        await super().hold(holder, key, right)

    async def let_go(self, holder: str, key: SessionKey, right: str) -> None:
        if self.unheard:
            self.unheard -= 1
            raise StoreUnavailable
        await super().let_go(holder, key, right)


@virtual
async def test_who_is_here_and_was_called_away_is_back_when_the_store_answers_again() -> None:
    house = House()
    store = Deaf(house.server)
    async with house.node("n1", store) as node, house.node("n2") as second:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        assert isinstance(await node.arrive(room, user_presence()), Done)
        other = await there(await second.open(KEY))
        await until(lambda: "a_user" in other.state.attachments)
        store.unheard = 3
        wrong = connection_lost(other.state, "a_user", "node died")
        assert wrong
        assert isinstance(await other.append_as_hub("test", wrong, conditional=False), Done)
        await until(lambda: store.unheard == 0)
        await until(lambda: not other.state.attachments["a_user"].away_since)


@virtual
async def test_who_is_lost_or_leaves_while_the_store_is_away_is_seen_off_when_it_answers_again() -> None:
    house = House()
    store = Deaf(house.server)
    async with house.node("n1", store) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        for leave in (partial(node.lost, room, "a_user", "lost"), partial(node.departed, room, "a_user")):
            assert isinstance(await node.arrive(room, user_presence()), Done)
            assert await store.held(holder_of("n1"))
            store.unheard = 3
            await leave()
            assert store.unheard == 0
            assert not await store.held(holder_of("n1"))
