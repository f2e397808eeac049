"""What every store is held to: sessions that leave it whole and come back."""

from __future__ import annotations

import os

from msgspec.structs import replace

from hub.store.promise import Appended, LostTail, Maker, Refused, SessionKey, Store
from hub.store.resting import Residue
from legato.session.position import Position
from tests.hub.store.writing import Recorder, Writer, created, filled, new_key, sealed, snapshot_at, tail_of
from tests.support.stores import Hall


async def at_rest(hall: Hall, maker: Maker | None = None) -> tuple[Store, SessionKey, Residue]:
    """A session with something of everything, and its residue."""
    store, key = await hall.node(), new_key()
    await created(store, key, maker=maker)
    writer = Writer("p")
    await filled(store, key, writer, 6)
    assert isinstance(await store.append(key, writer.batch(raises={"worker:x": 1})), Appended)
    assert await store.open_producer(key, "p") is not None
    assert await store.set_holder(key, "a_1", b"who", None)
    await store.put_history(key, {1: b"one", 2: b"two"})
    assert await store.residue(key) is None
    tail = await tail_of(store, key)
    assert await store.write_snapshot(key, await snapshot_at(store, key, tail.offset))
    residue = await store.residue(key)
    assert residue is not None
    return store, key, residue


class RestingContract:
    """Archiving and restoring."""

    async def test_a_residue_is_all_but_the_entries(self, hall: Hall) -> None:
        store, key, residue = await at_rest(hall)
        assert residue.tail == await tail_of(store, key)
        assert residue.digest[:8] == residue.tail.check
        assert (residue.rights, residue.lineage) == ({"worker:x": 1}, ())
        assert residue.producers == {"creator": (0, 1), "p": (1, 7)}
        assert residue.holders is not None
        assert [(name, kept[1]) for name, kept in residue.holders.items()] == [("a_1", b"who")]
        assert residue.history == {1: b"one", 2: b"two"}
        joined = await store.join(key)
        assert joined is not None
        assert joined.snapshot == residue.snapshot

    async def test_an_archived_session_exists_and_nothing_of_it_can_be_read(self, hall: Hall) -> None:
        store, key, residue = await at_rest(hall)
        assert await store.archived(key) is None
        assert await store.archive(key, residue.tail, b"name")
        assert not await store.archive(key, residue.tail, b"name")
        assert (await store.exists(key), await store.archived(key)) == ("yes", b"name")
        assert await store.join(key) is None
        assert await store.read(key, 0) is None
        assert await store.holder(key, "a_1") is None
        assert await store.history(key, 100) == {}
        assert await store.append(key, Writer("q").batch()) == Refused("not_found")
        assert await store.create(key, Writer("creator").batch(control=[0]), {}) == Refused("already_exists")
        assert [row.session for row in await store.sessions(key.tenant)] == [key.session]

    async def test_a_restored_session_is_what_it_was(self, hall: Hall) -> None:
        store, key, residue = await at_rest(hall)
        assert await store.archive(key, residue.tail, b"name")
        assert not await store.restore(key, residue, b"other", None)
        assert await store.restore(key, residue, b"name", None)
        assert not await store.restore(key, residue, b"name", None)
        assert await store.archived(key) is None
        assert await store.residue(key) == residue
        assert await store.history(key, 100) == {1: b"one", 2: b"two"}
        assert await store.holder(key, "a_1") == b"who"
        joined = await store.join(key)
        assert joined is not None
        assert (joined.rights, joined.page.entries, joined.page.tail) == ({"worker:x": 1}, (), residue.tail)
        assert joined.page.first == residue.tail.offset + 1

    async def test_a_restored_log_goes_on(self, hall: Hall) -> None:
        store, key, residue = await at_rest(hall)
        older = await store.position(key, residue.tail.offset - 2)
        assert await store.archive(key, residue.tail, b"name")
        assert await store.restore(key, residue, b"name", None)
        writer = Writer("p", epoch=1, sequence=7)
        first = await store.append(key, writer.batch(witness=residue.tail, rights={"worker:x": 1}))
        assert isinstance(first, Appended)
        assert first.first == residue.tail.offset + 1
        assert (await tail_of(store, key)).epoch == residue.tail.epoch
        zombie = Writer("p", epoch=0, sequence=8)
        assert await store.append(key, zombie.batch()) == Refused("stale_token", 1, "producer")
        repeated = Writer("p", epoch=1, sequence=5)
        assert await store.append(key, repeated.batch()) == Refused("too_old", 9)
        behind = await store.append(key, writer.batch(witness=older))
        assert behind == Refused("resume_first", residue.tail.offset + 1)

    async def test_a_session_that_somebody_has_open_is_not_archived(self, hall: Hall) -> None:
        store, key, residue = await at_rest(hall)
        sink = Recorder()
        await store.subscribe(key, sink)
        assert not await store.archive(key, residue.tail, b"name")
        await store.unsubscribe(key, sink)
        assert await store.archive(key, residue.tail, b"name")

    async def test_a_session_that_went_on_is_not_archived(self, hall: Hall) -> None:
        store, key, residue = await at_rest(hall)
        await filled(store, key, Writer("q"), 1)
        assert await store.residue(key) is None
        assert not await store.archive(key, residue.tail, b"name")
        strange = replace(await tail_of(store, key), check=os.urandom(8))
        assert not await store.archive(key, strange, b"name")

    async def test_an_archived_session_is_erased_like_any_other(self, hall: Hall) -> None:
        store, key, residue = await at_rest(hall)
        assert await store.archive(key, residue.tail, b"name")
        await store.erase(key, 60)
        assert (await store.exists(key), await store.archived(key)) == ("erased", None)
        assert not await store.restore(key, residue, b"name", None)
        assert not await store.restore(key, residue, b"", None)
        assert await store.sessions(key.tenant) == []

    async def test_a_lost_session_comes_back_under_a_new_epoch(self, hall: Hall) -> None:
        store, _, residue = await at_rest(hall)
        key = new_key()
        sink = Recorder()
        await store.subscribe(key, sink)
        opening = Writer("reopen").batch(2, control=[0])
        assert await store.restore(key, residue, b"", opening)
        page = await store.read(key, residue.tail.offset)
        assert page is not None
        assert [entry.sealed for entry in page.entries] == [draft.sealed for draft in opening.drafts]
        assert page.tail.epoch != residue.tail.epoch
        # What was said up to there stays true; what came after it is not on this log; tokens are void.
        writer = Writer("p", epoch=1, sequence=7)
        stale = await store.append(key, writer.batch(witness=residue.tail, rights={"worker:x": 1}))
        assert stale == Refused("stale_token", -1, "epoch")
        beyond = Position(residue.tail.epoch, residue.tail.offset + 1, sealed()[:8])
        told = await store.append(key, Writer("q").batch(witness=beyond))
        assert told == LostTail(page.tail)
        assert not await store.restore(key, residue, b"", opening)
        assert await store.exists(key) == "yes"
