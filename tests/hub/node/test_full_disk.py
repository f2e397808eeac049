"""A vault whose disk is full, or that is damaged, costs what it cannot keep, and no duty of anything else."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from hub.node.node import Node
from hub.node.retention import AGAIN_MS
from hub.settings import Settings
from hub.store.promise import SessionKey, Stored
from hub.vault import Folder, Vault
from tests.hub.node.builders import KEY, House, there, until, user_presence, virtual
from tests.hub.node.test_archiving import written

QUICK = Settings(snapshot_every=8, snapshot_quiet=1_000, idle_close=2_000, sweep=500)
OTHER = SessionKey("main", "s_2")


class FullDisk(Folder):
    """There is no room for anything more of one session, until `full` says otherwise."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.full = {KEY}
        self.asked = 0

    def keep_log(
        self, key: SessionKey, entries: Sequence[Stored], after: int, epoch: str, seen: tuple[int, bytes]
    ) -> bool:
        self._room_for(key)
        return super().keep_log(key, entries, after, epoch, seen)

    def keep_audio(self, key: SessionKey, track: str, minute: int, batches: Mapping[int, bytes]) -> None:
        self._room_for(key)
        super().keep_audio(key, track, minute, batches)

    def keep_residue(self, key: SessionKey, raw: bytes) -> str:
        self._room_for(key)
        return super().keep_residue(key, raw)

    def _room_for(self, key: SessionKey) -> None:
        if key in self.full:
            self.asked += 1
            raise OSError(errno.ENOSPC, "no space left on device")


def counted(node: Node, name: str) -> float:
    """What a counter says, over all its labels."""
    lines = node.metrics.expose().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name}_total"))


async def left(node: Node, key: SessionKey, labels: Mapping[str, str] | None = None) -> None:
    """A session in which nobody stays."""
    node.release(await there(await node.create(key, "p_user", labels or {}, "")))


@virtual
async def test_rooms_are_closed_although_one_of_them_has_no_place_in_the_vault(tmp_path: Path) -> None:
    house, disk = House(), FullDisk(tmp_path)
    quick = Settings(snapshot_quiet=10_000_000, idle_close=2_000)
    async with house.node("n1", settings=quick, vault=Vault(disk)) as node:
        await left(node, KEY)
        await until(lambda: disk.asked)
        await left(node, OTHER)
        await until(lambda: not list(node._rooms))
        assert counted(node, "legato_failures") == 0
        assert counted(node, "legato_vault_failures") == disk.asked
        async with house.node("n2", vault=Vault(disk)) as second:
            await there(await second.open(KEY))
            conductor = second._duties._conductors[KEY]
            await until(lambda: conductor.conductor == "n2")


@virtual
async def test_a_node_that_drains_lets_every_room_go_although_the_disk_is_full(tmp_path: Path) -> None:
    house, disk = House(), FullDisk(tmp_path)
    async with house.node("n1", vault=Vault(disk)) as node:
        for key in (KEY, OTHER):
            await there(await node.create(key, "p_user", {}, ""))
        await node.drain()
        assert not list(node._rooms)
        assert disk.asked


@virtual
async def test_a_store_that_was_full_while_the_disk_was_takes_new_sessions_when_it_has_room(
    tmp_path: Path,
) -> None:
    house, disk = House(), FullDisk(tmp_path)
    store, used = house.store(), 95

    async def memory() -> tuple[int, int]:
        return used, 100

    store.memory = memory  # type: ignore[method-assign]
    async with house.node("n1", store, vault=Vault(disk)) as node:
        for key in (KEY, OTHER):
            await there(await node.create(key, "p_user", {}, ""))
            await store.put_audio(key, "mic", {(1, 1): b"one", (2, 1): b"two"})
        await until(lambda: node.full and disk.asked)
        await asyncio.sleep(6)
        assert await store.tracks(KEY) == {"mic": [1, 2]}, "what has no place in the vault stays"
        assert await store.tracks(OTHER) == {"mic": [2]}, "and all else goes there"
        used = 10
        await asyncio.sleep(6)
        await there(await node.create(SessionKey("main", "s_3"), "p_user", {}, ""))


@virtual
async def test_a_duty_that_fails_as_none_should_is_done_again(tmp_path: Path) -> None:
    house = House()
    store, answers = house.store(), [(95, 100), None, None, (10, 100)]

    async def memory() -> tuple[int, int]:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            raise RuntimeError("nobody thought of it")
        return answer

    store.memory = memory  # type: ignore[method-assign]
    async with house.node("n1", store) as node:
        await until(lambda: node.full)
        await until(lambda: not node.full)
        assert counted(node, "legato_failures") == 2


@virtual
async def test_a_session_that_cannot_be_archived_is_looked_at_again_later_and_not_at_once(
    tmp_path: Path,
) -> None:
    house, disk = House(), FullDisk(tmp_path)
    disk.full = set()
    async with house.node("n1", settings=QUICK, vault=Vault(disk)) as node:
        await left(node, KEY, {"archive_after_s": "60"})
        await until(lambda: node._rooms.here(KEY) is None)
        disk.full = {KEY}
        await until(lambda: disk.asked, 90)
        due = house.server.contents.deadlines
        await until(lambda: due[KEY] > house.server.clock() + AGAIN_MS / 2)
        await asyncio.sleep(AGAIN_MS / 2000)
        assert disk.asked == 1
        disk.full = set()
        await until(lambda: house.server.session(KEY) is None, 90)


class Unreadable(Folder):
    """What a session would come back from cannot be read."""

    asked = 0

    def residue(self, key: SessionKey, name: str) -> bytes:
        self.asked += 1
        raise OSError(errno.EIO, "input/output error")


class Swapped(Unreadable):
    """What a session would come back from is something else."""

    def residue(self, key: SessionKey, name: str) -> bytes:
        self.asked += 1
        return b"something else"


@pytest.mark.parametrize("kind", [Unreadable, Swapped])
@virtual
async def test_a_deadline_of_a_session_that_does_not_come_back_takes_no_place_in_every_sweep(
    tmp_path: Path, kind: type[Unreadable]
) -> None:
    house, disk = House(), kind(tmp_path)
    async with house.node("n1", settings=QUICK, vault=Vault(disk)) as node:
        await left(node, KEY, {"archive_after_s": "30", "erase_after_s": "60"})
        await until(lambda: disk.asked, 90)
        asked = disk.asked
        await asyncio.sleep(AGAIN_MS / 2000)
        assert disk.asked == asked
        assert counted(node, "legato_failures") == 0
        assert counted(node, "legato_vault_failures") == asked


@virtual
async def test_a_session_that_has_no_place_in_the_vault_goes_on_and_is_kept_there_when_it_has(
    tmp_path: Path,
) -> None:
    house, disk = House(), FullDisk(tmp_path)
    vault = Vault(disk)
    async with house.node("n1", settings=QUICK, vault=vault) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        await node.arrive(room, user_presence())
        await written(room, 20)
        log = house.server.session(KEY)
        assert log is not None
        await until(lambda: log.snapshots)
        assert disk.asked < 10, "it is not tried with each event"
        assert log.log.first == 1, "what the vault has not got stays in the store"
        await asyncio.sleep(10)
        asked = disk.asked
        await asyncio.sleep(10)
        assert disk.asked == asked, "nor with every look at a session at rest"
        assert counted(node, "legato_failures") == 0
        disk.full = set()
        await asyncio.sleep(AGAIN_MS / 1000)
        assert await vault.end(KEY) == room.position


@virtual
async def test_a_full_disk_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house, disk = House(), FullDisk(tmp_path)
    disk.full = {KEY, OTHER}
    with caplog.at_level(logging.WARNING, "legato"):
        async with house.node("n1", settings=QUICK, vault=Vault(disk)) as node:
            for key in (KEY, OTHER):
                await left(node, key)
            await until(lambda: not list(node._rooms))
    assert disk.asked > 1
    (told,) = caplog.records
    assert (told.levelname, told.__dict__["kind"]) == ("ERROR", "ENOSPC")


def test_what_could_not_be_written_leaves_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        Folder(tmp_path).keep_residue(KEY, b"what it would come back from")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["lock"]


@virtual
async def test_a_damaged_manifest_costs_no_other_session_its_duties(tmp_path: Path) -> None:
    house, vault, place = House(), Vault(Folder(tmp_path)), tmp_path / KEY.tenant / KEY.session / "manifest"
    async with house.node("n1", settings=QUICK, vault=vault) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        await until(lambda: list(tmp_path.rglob("*.seg")))
        place.write_bytes(b"{}\n" + place.read_bytes())
        await node.arrive(room, user_presence())
        await written(room, 20)
        node.release(room)
        await left(node, OTHER)
        await until(lambda: not list(node._rooms))
        assert counted(node, "legato_failures") == 0
        assert b'legato_vault_failures_total{why="damaged"}' in node.metrics.expose()
