"""Verification names the offset of whatever was changed, removed or swapped: first, last and between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from hub.keys.anchors import Anchors
from hub.node.entries import link_of
from hub.store import layout
from hub.store.layout import Head
from hub.store.model.log import LogModel
from hub.store.promise import Page, Store, Stored
from hub.vault import Folder, Vault
from hub.verify import Finding, Report, verify
from legato.session.position import Position
from tests.hub.node.builders import KEY, House
from tests.hub.vault.talking import keys_of, talk
from tests.support.stores import Server, connected

ANCHORS: Final = Anchors(b"a" * 32)
COUNT: Final = 10
LOG: Final = layout.beside(KEY, "log")
HARMS: Final = ("byte", "tag", "time", "removed", "swapped")

Rows = dict[int, Stored]


class HarmedLog(LogModel):
    """A log whose entries somebody changed where they stand (`rows`); its head says what it said before."""

    def __init__(self, log: LogModel) -> None:
        self.__dict__.update(log.__dict__)
        self.said = log.tail
        self.rows: Rows = {entry.offset: entry for entry in log.entries}

    @property
    def tail(self) -> Position:
        return self.said

    def page(self, after: int, limit: int) -> Page:
        held = [self.rows[place] for place in sorted(self.rows) if place > after]
        return Page(tuple(held[:limit]), self.first, self.said)

    def position_at(self, offset: int) -> Position | None:
        row = self.rows.get(offset)
        return Position.at(self.epoch, offset, row.digest) if row is not None else None


def harm(rows: Rows, at: int, how: str) -> None:
    """Do that to the entry at an offset; a swap is with the next one, or, at the end, with the one before."""
    entry = rows[at]
    match how:
        case "byte":
            flipped = bytes((entry.sealed[20] ^ 1,))
            rows[at] = replace(entry, sealed=entry.sealed[:20] + flipped + entry.sealed[21:])
        case "tag":
            rows[at] = replace(entry, sealed=entry.sealed[:-1] + bytes((entry.sealed[-1] ^ 1,)))
        case "time":
            rows[at] = replace(entry, time=entry.time + 1)
        case "removed":
            del rows[at]
        case _:
            other = at + 1 if at + 1 in rows else at - 1
            rows[at], rows[other] = replace(rows[other], offset=at), replace(entry, offset=other)


def first_named(at: int, last: int, how: str) -> int:
    return last - 1 if how == "swapped" and at == last else at


async def report_of(house: House, store: Store, vault: Vault | None = None) -> Report:
    report = await verify(KEY, store, keys_of(house), ANCHORS, vault)
    assert report is not None
    return report


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("how", HARMS)
async def test_verify_names_every_offset_that_was_harmed_whether_the_vault_holds_it_or_not(
    how: str, kept: bool, tmp_path: Path
) -> None:
    house = House()
    vault = Vault(Folder(tmp_path)) if kept else None
    last = (await talk(house, vault, COUNT))[-1].offset
    session = house.server.session(KEY)
    assert session is not None
    whole = session.log
    assert not (await report_of(house, house.store(), vault)).findings
    for at in range(1, last + 1):
        session.log = harmed = HarmedLog(whole)
        harm(harmed.rows, at, how)
        report = await report_of(house, house.store(), vault)
        assert report.findings, (how, at)
        assert report.findings[0].offset == first_named(at, last, how), (how, at, report.findings)


async def test_what_the_vault_holds_beyond_a_log_that_was_cut_short_is_missing(tmp_path: Path) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    last = (await talk(house, vault, COUNT))[-1].offset
    session = house.server.session(KEY)
    assert session is not None
    session.snapshots.clear()
    del session.log.entries[-2:]
    assert not (await report_of(house, house.store())).findings, "nobody else ever saw them"
    report = await report_of(house, house.store(), vault)
    assert report.findings == [Finding(last - 1, "missing"), Finding(last, "missing")]


async def test_what_a_snapshot_folded_and_the_log_lacks_is_missing() -> None:
    house = House()
    last = (await talk(house, None, 45))[-1].offset
    session = house.server.session(KEY)
    assert session is not None
    at = session.snapshots[-1].position.offset
    del session.log.entries[at - 1 :]
    report = await report_of(house, house.store())
    assert report.findings == [Finding(at, "missing")]
    assert last > at


async def test_a_kept_log_that_lost_its_last_segment_is_not_whole(tmp_path: Path) -> None:
    house, folder = House(), Folder(tmp_path)
    await talk(house, Vault(folder), COUNT)
    row = folder.last_row(KEY)
    assert row is not None
    (tmp_path / KEY.tenant / KEY.session / f"{row.sha256}.seg").unlink()
    report = await report_of(house, house.store(), Vault(folder))
    assert report.findings == [Finding(row.first, "segment")]


async def test_an_entry_rewritten_with_its_chain_differs_from_what_the_vault_holds(tmp_path: Path) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    last = (await talk(house, vault, COUNT))[-1].offset
    session = house.server.session(KEY)
    assert session is not None
    session.snapshots.clear()
    entries = session.log.entries
    for index in range(last - 3, last):
        moved = replace(entries[index], time=entries[index].time + 1)
        entries[index] = replace(moved, digest=link_of(entries[index - 1].digest, moved))
    report = await report_of(house, house.store(), vault)
    assert report.findings[0] == Finding(last - 2, "chain")


class Real:
    """A session on a real server, whose values are changed there as they stand."""

    def __init__(self, admin: Any, house: House, store: Store, rows: dict[int, bytes], head: bytes) -> None:
        self.admin, self.house, self.store = admin, house, store
        self.rows, self.head = rows, head

    @classmethod
    async def made(cls, server: Server) -> Real:
        house, store = House(), await connected(server)
        admin: Any = server.admin()
        await talk(house, None, COUNT, store)
        found = await admin.xrange(LOG)
        rows = {int(id.partition(b"-")[0]): fields[b"e"] for id, fields in found}
        head = await admin.hget(layout.meta(KEY), "h")
        return cls(admin, house, store, rows, head)

    async def put(self, rows: dict[int, bytes]) -> None:
        await self.admin.delete(LOG)
        pipe = self.admin.pipeline(transaction=False)
        for place in sorted(rows):
            pipe.xadd(LOG, {b"e": rows[place]}, id=f"{place}-0")
        await pipe.execute()

    async def findings(self) -> list[Finding]:
        return (await report_of(self.house, self.store)).findings


@pytest.fixture
async def real(own_server: Server) -> AsyncIterator[Real]:
    made = await Real.made(own_server)
    yield made
    await made.store.close()
    await made.admin.aclose()


async def test_on_a_real_store_every_byte_of_an_entry_counts_at_both_ends_and_between(real: Real) -> None:
    last = max(real.rows)
    assert await real.findings() == []
    for at in (1, last // 2, last):
        blob = real.rows[at]
        for place in range(len(blob)):
            await real.put({**real.rows, at: blob[:place] + bytes((blob[place] ^ 1,)) + blob[place + 1 :]})
            found = await real.findings()
            assert found, (at, place)
            assert found[0].offset == at, (at, place, found)


def _without(rows: dict[int, bytes], at: int) -> dict[int, bytes]:
    return {place: blob for place, blob in rows.items() if place != at}


def _swapped(rows: dict[int, bytes], at: int) -> dict[int, bytes]:
    other = at + 1 if at + 1 in rows else at - 1
    return {**rows, at: rows[other], other: rows[at]}


def _renumbered(rows: dict[int, bytes], at: int) -> dict[int, bytes]:
    """Swapped, each under the offset of its new place."""
    swapped = _swapped(rows, at)
    return {place: blob[:1] + place.to_bytes(8) + blob[9:] for place, blob in swapped.items()}


@pytest.mark.parametrize("change", [_without, _swapped, _renumbered])
async def test_on_a_real_store_a_removed_and_a_swapped_entry_are_named_wherever_they_stood(
    real: Real, change: Callable[[dict[int, bytes], int], dict[int, bytes]]
) -> None:
    last = max(real.rows)
    how = "removed" if change is _without else "swapped"
    for at in range(1, last + 1):
        await real.put(change(real.rows, at))
        found = await real.findings()
        assert found, at
        assert found[0].offset == first_named(at, last, how), (at, found)


async def test_on_a_real_store_a_head_that_was_changed_is_found(real: Real) -> None:
    head = Head.read(real.head)
    for tail, named in ((head.tail - 1, head.tail - 1), (head.tail + 2, head.tail + 1)):
        await real.admin.hset(layout.meta(KEY), "h", layout.write_head(replaced(head, tail=tail)))
        assert (await real.findings())[0].offset == named
    await real.admin.hset(layout.meta(KEY), "h", b"\x07" + real.head[1:])
    assert await real.findings() == [Finding(0, "head")]
