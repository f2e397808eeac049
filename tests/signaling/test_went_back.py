"""Who comes in while the log goes back learns what it holds of them now, not what it held before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

from hub.keys.keystore import KeyStore
from hub.node.promise import Done
from hub.store.model import ModelStore
from hub.store.model.server import Contents, ModelServer
from hub.store.promise import Append, Opened, Outcome, SessionKey
from hub.vault import Folder, Vault
from legato.wire.up import VERSION, Attach
from signaling.doorkeeper import Arrival
from signaling.hall import Hall
from tests.hub.node.builders import KEY, USER, House, batch, there, virtual
from tests.hub.node.test_room import post
from tests.support.simdoor import TicketDesk, open_doors


class GoesBack(ModelStore):
    """A store that goes back to `kept` when it is set: after a producer is opened, or before an append."""

    def __init__(self, server: ModelServer) -> None:
        super().__init__(server, lambda callback: asyncio.get_running_loop().call_soon(callback))
        self.after_opening: Contents | None = None
        self.before_append: Contents | None = None

    async def open_producer(self, key: SessionKey, producer: str) -> Opened | None:
        opened = await super().open_producer(key, producer)
        kept, self.after_opening = self.after_opening, None
        if kept is not None:
            self.server.restore(kept)
            self.resync()
            await asyncio.sleep(1)
        return opened

    def append(self, key: SessionKey, batch: Append) -> Awaitable[Outcome]:
        kept, self.before_append = self.before_append, None
        if kept is not None:
            self.server.restore(kept)
        return super().append(key, batch)


class Visit:
    """A session with three batches of Ada's, of which the store may lose the last two."""

    def __init__(self, house: House, store: GoesBack, hall: Hall, desk: TicketDesk) -> None:
        self.house, self.store, self.hall, self.desk = house, store, hall, desk

    async def come(self) -> Arrival:
        ticket = self.desk.ticket(USER.participant, "user", KEY.session)
        arrival = await self.hall.doorkeeper.admit(Attach(v=VERSION, ticket=ticket, producer="c_1"))
        assert isinstance(arrival, Arrival)
        return arrival

    async def say(self, arrival: Arrival, *sequences: int) -> None:
        for n in sequences:
            said = batch(arrival.producer, n, post(f"m_{n}"), epoch=arrival.opened.epoch)
            assert isinstance(await arrival.room.execute(arrival.actor, said), Done)


async def after_losing(folder: Path, *, opening: bool) -> int:
    """The last sequence that Ada is told when the log goes back to her first while she comes again."""
    house = House()
    store = GoesBack(house.server)
    desk = TicketDesk(lambda: 1_700_000_000, house.random.randbytes)
    keys = KeyStore(house.rest, house.wrap, house.clock, random_bytes=house.random.randbytes)
    async with house.node("n1", store) as node:
        await there(await node.create(KEY, USER.participant, {}, ""))
        vault = Vault(Folder(folder))
        hall = open_doors(node, store, keys, desk, vault, house.clock, house.random.randbytes)
        visit = Visit(house, store, hall, desk)
        arrival = await visit.come()
        await visit.say(arrival, 1)
        kept = house.server.saved()
        await visit.say(arrival, 2, 3)
        if opening:
            store.after_opening = kept
        else:
            store.before_append = kept
        return (await visit.come()).opened.last


def test_the_log_goes_back_after_the_producer_was_opened(tmp_path: Path) -> None:
    @virtual
    async def test() -> None:
        assert await after_losing(tmp_path, opening=True) == 1

    test()


def test_the_log_goes_back_before_the_arrival_is_in_it(tmp_path: Path) -> None:
    @virtual
    async def test() -> None:
        assert await after_losing(tmp_path, opening=False) == 1

    test()
