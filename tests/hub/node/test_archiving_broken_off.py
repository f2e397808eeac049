"""What is late, or broken off, while a session goes to rest or comes back, harms no session."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

from hub.store.model import ModelStore
from hub.store.promise import SessionKey, Sink, StoreUnavailable
from hub.vault import Folder, Vault
from legato.session.position import Position
from tests.hub.node.builders import KEY, there, until
from tests.hub.node.test_archiving import QUICK, Home, a_day_later


class Late(Vault):
    """The first who clears up in it takes his time."""

    def __init__(self, folder: Folder) -> None:
        super().__init__(folder)
        self.go_on = asyncio.Event()
        self.waits = self.done = 0

    async def drop_residues(self, key: SessionKey, names: Collection[str]) -> None:
        self.waits += 1
        if self.waits == 1:
            await self.go_on.wait()
        await super().drop_residues(key, names)
        self.done += 1


async def test_who_is_late_with_clearing_up_takes_nothing_from_a_newer_archive(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.vault = vault = Late(Folder(tmp_path))
    async with home.at_work("n1") as left:
        left.release(await there(await left.create(KEY, "p_user", {}, "")))
        await a_day_later(home)
        await until(lambda: vault.waits == 1)
        async with home.at_work("n2") as right:
            right.release(await there(await right.open(KEY)))
            await until(lambda: vault.done == 1 and not home.in_store())
            vault.go_on.set()
            await until(lambda: vault.done == 2)
            await there(await right.open(KEY))


class Faltering(ModelStore):
    """A store that does not answer the first who archives, and tells a new listener of the tail at once, as it does
    after each new connection."""

    asked = 0

    async def archive(self, key: SessionKey, tail: Position, name: bytes) -> bool:
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailable("patience")
        return await super().archive(key, tail, name)

    async def subscribe(self, key: SessionKey, sink: Sink) -> None:
        await super().subscribe(key, sink)
        self.resync()


async def test_a_store_that_falters_while_a_session_goes_and_comes_back_fails_no_task(tmp_path: Path) -> None:
    home = Home(tmp_path)
    store = Faltering(home.server, lambda callback: asyncio.get_running_loop().call_soon(callback))
    async with home.node("n1", store, QUICK, home.vault) as node:
        node.release(await there(await node.create(KEY, "p_user", {}, "")))
        await a_day_later(home)
        assert store.asked == 2
        await there(await node.open(KEY))
        (failures,) = node.metrics.failures.collect()
        assert failures.samples[0].value == 0
