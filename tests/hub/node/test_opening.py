"""A session that could not be opened just now can be opened later, and who waited for it is told."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from hub.node.entries import SessionDamaged
from hub.store.layout import FormatUnknown
from hub.store.model import ModelStore
from hub.store.promise import Joined, Page, SessionKey, StoreUnavailable
from hub.vault import Folder, Vault
from tests.hub.node.builders import KEY, Heard, House, there, until, virtual
from tests.hub.node.test_archiving import Home, a_day_later


class OutOfFiles(Folder):
    """The first who wants a session back finds no file left to open."""

    asked = 0

    def residue(self, key: SessionKey, name: str) -> bytes:
        self.asked += 1
        if self.asked == 1:
            raise OSError(errno.EMFILE, "too many open files")
        return super().residue(key, name)


async def test_a_session_whose_vault_does_not_open_is_opened_by_the_next_who_comes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.vault = Vault(OutOfFiles(tmp_path))
    async with home.at_work() as node:
        node.release(await there(await node.create(KEY, "p_user", {}, "")))
        await a_day_later(home)
        async with asyncio.timeout(30):
            with pytest.raises(StoreUnavailable):
                await node.open(KEY)
            await there(await node.open(KEY))


class Raising(ModelStore):
    """A store in which something lies that this hub cannot read, or that fails as none should, for as long as `raises`
    says so."""

    raises: Exception | None = None

    async def join(self, key: SessionKey, producer: str | None = None) -> Joined | None:
        if self.raises is not None:
            raise self.raises
        return await super().join(key, producer)

    async def read(self, key: SessionKey, after: int, limit: int = 1000) -> Page | None:
        if self.raises is not None:
            raise self.raises
        return await super().read(key, after, limit)


def raising(house: House) -> Raising:
    return Raising(house.server, lambda callback: asyncio.get_running_loop().call_soon(callback))


FAULTS = pytest.mark.parametrize(
    ("fault", "told"),
    [(FormatUnknown("head"), SessionDamaged), (RuntimeError("nobody thought of it"), RuntimeError)],
    ids=["format", "unknown"],
)


@FAULTS
@virtual
async def test_whatever_keeps_a_session_from_being_opened_is_told_to_each_who_waits(
    fault: Exception, told: type[Exception]
) -> None:
    house = House()
    async with house.node("n1") as other:
        await there(await other.create(KEY, "p_user", {}, ""))
    store = raising(house)
    async with house.node("n1", store) as node, asyncio.timeout(30):
        store.raises = fault
        both = await asyncio.gather(node.open(KEY), node.open(KEY), return_exceptions=True)
        assert [type(each) for each in both] == [told, told]
        store.raises = None
        await there(await node.open(KEY))


@FAULTS
@virtual
async def test_a_room_that_cannot_follow_its_log_lets_everybody_go_and_is_opened_anew(
    fault: Exception, told: type[Exception]
) -> None:
    house = House()
    store, heard = raising(house), Heard()
    async with house.node("n1", store) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        room.listen(heard, None)
        store.raises = fault
        room.follower.catch_up()
        await until(lambda: heard.ends)
        assert heard.ends == ["damaged"]
        with pytest.raises(told):
            await node.open(KEY)
        store.raises = None
        assert await there(await node.open(KEY)) is not room
