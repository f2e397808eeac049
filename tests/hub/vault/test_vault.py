"""The vault keeps what the store forgets, and verify finds what somebody changed."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace

from hub.keys.anchors import Anchors
from hub.node.entries import link_of
from hub.store.promise import Store, Stored
from hub.vault import Folder, Vault, VaultDamaged
from hub.vault.segments import SegmentBroken, pack_audio, pack_log, unpack_audio, unpack_log
from hub.verify import Finding, verify
from legato.session import commands as c
from legato.session.parts import Part
from tests.hub.node.builders import KEY, SCRIBE, House, batch, passes, there
from tests.hub.vault.talking import keys_of, talk

ANCHORS = Anchors(b"a" * 32)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


async def test_what_was_trimmed_is_read_from_the_vault_and_the_rest_from_the_log(tmp_path: Path) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    entries = await talk(house, vault, 30)
    store = house.store()
    session = house.server.session(KEY)
    assert session is not None
    session.log.trim(20)
    assert session.log.first == 20
    read = [entry async for entry in vault.entries(store, KEY)]
    assert read == entries
    assert [entry async for entry in vault.entries(store, KEY, after=25)] == entries[25:]
    report = await verify(KEY, store, keys_of(house), ANCHORS, vault)
    assert report is not None
    assert (report.first, report.last, report.findings) == (1, len(entries), [])


async def test_recording_twice_keeps_once_and_a_cursor_holds_back_trimming(tmp_path: Path) -> None:
    house, folder = House(), Folder(tmp_path)
    vault = Vault(folder)
    entries = await talk(house, vault, 10)
    rows = folder.rows(KEY)
    assert await vault.record(house.store(), KEY) == entries[-1].offset
    assert folder.rows(KEY) == rows
    session = house.server.session(KEY)
    assert session is not None
    assert session.cursors["recorder"] == entries[-1].offset


async def test_recording_ends_although_somebody_goes_on_writing(tmp_path: Path) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    await talk(house, None, 5)
    store = house.store()
    session = house.server.session(KEY)
    assert session is not None
    log = session.log

    class Written:
        """The store, where another entry is appended behind every read."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        async def read(self, key: object, after: int, limit: int = 1000) -> object:
            page = await store.read(KEY, after, limit)
            newest = log.entries[-1]
            log.entries.append(replace(newest, offset=newest.offset + 1))
            return page

    tail = log.tail.offset
    assert await vault.record(cast("Store", Written()), KEY) == tail


async def test_what_was_kept_and_then_lost_from_the_log_is_replaced(tmp_path: Path) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    await talk(house, None, 10)
    saved = house.server.saved()
    session = house.server.session(KEY)
    assert session is not None
    store = house.store()
    async with house.node("n2", store) as node:
        room = await there(await node.open(KEY))
        opened = await room.open_producer("c_2")
        for n in range(1, 4):
            command = c.PostMessage(message=f"x_{n}", parts=[Part("text", "gone")])
            await room.execute(SCRIBE, batch("c_2", n, command, epoch=opened.epoch))
        await vault.record(store, KEY)
        house.server.restore(saved)
        store.resync()
        await passes(100)
        await vault.record(store, KEY)
    page = await store.read(KEY, 0)
    assert page is not None
    assert list(Folder(tmp_path).log(KEY)) == list(page.entries)
    report = await verify(KEY, store, keys_of(house), ANCHORS, vault)
    assert report is not None
    assert not report.findings


async def test_verify_finds_a_chain_that_was_rewritten_by_the_snapshots_anchor() -> None:
    house = House()
    await talk(house, None, 45)
    session = house.server.session(KEY)
    assert session is not None
    assert session.snapshots
    at = session.snapshots[-1].position.offset
    log = session.log
    for index in range(2, len(log.entries)):
        entry = log.entries[index]
        moved = replace(entry, time=entry.time + 1)
        log.entries[index] = replace(moved, digest=link_of(log.entries[index - 1].digest, moved))
    report = await verify(KEY, house.store(), keys_of(house), ANCHORS)
    assert report is not None
    assert report.findings == [Finding(at, "anchor")]


async def test_an_untouched_session_has_no_findings() -> None:
    house = House()
    await talk(house, None, 45)
    report = await verify(KEY, house.store(), keys_of(house), ANCHORS)
    assert report is not None
    assert (report.entries, report.findings) == (report.last, [])


async def test_a_manifest_that_was_changed_is_refused(tmp_path: Path) -> None:
    house, folder = House(), Folder(tmp_path)
    await talk(house, Vault(folder), 5)
    manifest = next(path for path in files(tmp_path) if path.name == "manifest")
    text = manifest.read_text()
    manifest.write_text(text.replace('"first": 1', '"first": 2'))
    with pytest.raises(VaultDamaged):
        folder.rows(KEY)
    manifest.write_text(text + '{"first": 9')
    assert len(folder.rows(KEY)) == text.count("\n")


async def test_removing_leaves_no_file(tmp_path: Path) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    await talk(house, vault, 5)
    await vault.remove(KEY)
    assert not files(tmp_path)


def test_segments_carry_entries_and_audio_unchanged_and_refuse_what_is_cut() -> None:
    entries = [
        Stored(n, n * 7, n % 2 == 0, "c_1", n, 0, bytes([n]) * 40, bytes([n]) * 20) for n in range(1, 4)
    ]
    assert unpack_log(pack_log(entries)) == entries
    batches = {5: b"five", 1: b"one"}
    assert unpack_audio(pack_audio(batches)) == batches
    for cut in (3, 10, 60):
        with pytest.raises(SegmentBroken):
            unpack_log(pack_log(entries)[:-cut])
    with pytest.raises(SegmentBroken):
        unpack_audio(pack_audio(batches)[:-2])


def test_a_slow_recorder_does_not_put_its_few_entries_in_the_place_of_anothers_many(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    entries = [Stored(n, n, False, "c_1", n, 0, bytes([n]) * 40, bytes([n]) * 20) for n in range(1, 11)]
    assert folder.keep_log(KEY, entries[:6], 0, "e", (0, b""))
    assert folder.keep_log(KEY, entries[6:], 6, "e", (6, entries[5].digest))
    assert not folder.keep_log(KEY, entries[:3], 0, "e", (0, b"")), "it began before the others"
    assert list(folder.log(KEY)) == entries


def test_minutes_of_audio_are_joined_not_doubled(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.keep_audio(KEY, "t_1", 3, {0: b"a", 1: b"b"})
    folder.keep_audio(KEY, "t_1", 3, {1: b"b", 2: b"c"})
    assert folder.audio(KEY, "t_1", 3) == {0: b"a", 1: b"b", 2: b"c"}
    assert folder.audio(KEY, "t_1", 4) == {}
