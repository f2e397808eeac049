"""What every store is held to: creating, snapshots, trimming, history, the index, erasing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from hub.store.promise import PAGE, Appended, Edge, Listed, Refused, SessionKey
from legato.session.position import ORIGIN
from tests.hub.store.writing import (
    Recorder,
    Writer,
    again,
    created,
    filled,
    new_key,
    repeated,
    sealed,
    snapshot_at,
    tail_of,
)
from tests.support.stores import Hall


class CreateContract:
    """Making a session."""

    async def test_a_session_is_made_once(self, hall: Hall) -> None:
        key, left, right = new_key(), await hall.node(), await hall.node()
        genesis = [Writer(f"creator{at}").batch(control=[0]) for at in range(2)]
        outcomes = await asyncio.gather(left.create(key, genesis[0], {}), right.create(key, genesis[1], {}))
        assert Refused("already_exists") in outcomes
        won = next(at for at, outcome in enumerate(outcomes) if isinstance(outcome, Appended))
        retried = await right.create(key, again(genesis[won]), {"x": "y"})
        assert retried == repeated(outcomes[won])
        assert await left.exists(key) == "yes"
        listed = await left.sessions(key.tenant)
        assert [(row.session, dict(row.labels), row.ended) for row in listed] == [(key.session, {}, False)]

    async def test_a_genesis_that_an_append_would_refuse_makes_nothing(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer(sequence=4)
        assert await store.create(key, writer.batch(), {}) == Refused("sequence_gap", 1)
        assert await store.exists(key) == "no"
        assert await store.sessions(key.tenant) == []


class SnapshotContract:
    """Snapshots, joins, trimming."""

    async def test_a_join_is_the_newest_snapshot_and_everything_after_it(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        await filled(store, key, Writer(), 9)
        bare = await store.join(key)
        assert bare is not None
        assert (bare.snapshot, bare.page.first, len(bare.page.entries), bare.producer) == (None, 1, 10, None)
        for offset in (4, 7):
            assert await store.write_snapshot(key, await snapshot_at(store, key, offset))
        last = await snapshot_at(store, key, 8)
        assert await store.write_snapshot(key, last)
        joined = await store.join(key)
        assert joined is not None
        assert joined.snapshot == last
        assert [entry.offset for entry in joined.page.entries] == [9, 10]
        assert joined.page.tail == await tail_of(store, key)

    async def test_a_join_while_somebody_writes_has_no_hole(self, hall: Hall) -> None:
        key, reader, writer = new_key(), await hall.node(), await hall.node()
        await created(writer, key)

        async def write() -> None:
            producer = Writer()
            for _ in range(40):
                await filled(writer, key, producer, 5)
                offset = producer.sequence
                await writer.write_snapshot(key, await snapshot_at(writer, key, offset))

        writing = asyncio.create_task(write())
        while not writing.done():
            joined = await reader.join(key)
            assert joined is not None
            after = joined.snapshot.position.offset if joined.snapshot else 0
            offsets = [entry.offset for entry in joined.page.entries]
            assert offsets == list(range(after + 1, joined.page.tail.offset + 1))
            await asyncio.sleep(0)
        await writing

    async def test_a_join_brings_a_page_at_most(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        for _ in range(5):
            await store.append(key, writer.batch(250))
        joined = await store.join(key)
        assert joined is not None
        assert (len(joined.page.entries), joined.page.tail.offset) == (PAGE, 1251)
        rest = await store.read(key, PAGE)
        assert rest is not None
        assert [entry.offset for entry in rest.entries] == list(range(1001, 1252))
        few = await store.read(key, 7, 2)
        assert few is not None
        assert [entry.offset for entry in few.entries] == [8, 9]

    async def test_a_snapshot_is_refused_when_stale_or_off_the_log(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        await filled(store, key, Writer(), 9)
        good = await snapshot_at(store, key, 5, version=2)
        assert not await store.write_snapshot(
            key, replace(good, position=structs.replace(good.position, check=b"x" * 8))
        )
        assert not await store.write_snapshot(
            key, replace(good, position=structs.replace(good.position, offset=11))
        )
        assert not await store.write_snapshot(key, replace(good, position=ORIGIN))
        assert await store.write_snapshot(key, good)
        assert not await store.write_snapshot(key, good)
        assert not await store.write_snapshot(key, await snapshot_at(store, key, 4, version=2))
        assert not await store.write_snapshot(key, await snapshot_at(store, key, 6, version=1))
        assert await store.write_snapshot(key, await snapshot_at(store, key, 6, version=3))

    async def test_trimming_stops_at_the_older_snapshot_and_at_durable_cursors(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        await filled(store, key, Writer(), 19)
        assert await store.trim(key, 10) == 0
        assert await store.write_snapshot(key, await snapshot_at(store, key, 8))
        assert await store.trim(key, 10) == 0, "one snapshot is not enough"
        assert await store.write_snapshot(key, await snapshot_at(store, key, 15))
        await store.keep_cursor(key, "recorder", 3)
        await store.keep_cursor(key, "recorder", 2)
        assert await store.trim(key, 20) == 3
        await store.keep_cursor(key, "recorder", 20)
        assert await store.trim(key, 2) == 0
        assert await store.trim(key, 20) == 5
        page = await store.read(key, 0)
        assert page is not None
        assert (page.first, page.entries[0].offset, page.tail.offset) == (9, 9, 20)
        assert await store.position(key, 7) is None
        assert await store.position(key, 21) is None
        base = await store.position(key, 8)
        assert base is not None
        joined = await store.join(key)
        assert joined is not None
        assert joined.page.first == 9

    async def test_everything_may_be_trimmed_and_the_log_goes_on(self, hall: Hall) -> None:
        store, key, writer = await hall.node(), new_key(), Writer()
        await created(store, key)
        await filled(store, key, writer, 4)
        for offset in (4, 5):
            await store.write_snapshot(key, await snapshot_at(store, key, offset))
        assert await store.trim(key, 99) == 4
        assert isinstance(await store.append(key, writer.batch()), Appended)
        page = await store.read(key, 0)
        assert page is not None
        assert [entry.offset for entry in page.entries] == [5, 6]


class ShelfContract:
    """History, the index, erasing."""

    async def test_history_keeps_the_first_and_pages_backwards(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        pages = {ordinal: sealed() for ordinal in (1, 2, 3, 7, 9)}
        await store.put_history(key, pages)
        await store.put_history(key, {2: b"another", 8: b"late"})
        assert await store.history(key, 100) == {**pages, 8: b"late"}
        assert list(await store.history(key, 9, 2)) == [7, 8]
        assert await store.history(key, 1) == {}

    async def test_sessions_are_listed_by_activity_participant_and_label(self, hall: Hall) -> None:
        store, tenant = await hall.node(), new_key().tenant
        keys = [new_key(tenant) for _ in range(4)]
        for at, key in enumerate(keys):
            await created(store, key, {"kind": "fresh"})
            labels = {"kind": "odd" if at % 2 else "even", "π=": "ü"}
            row = Listed(key.session, 10 + at, 100 * (at + 1), at == 3, labels)
            await store.index(key, row, ["u_ann", f"u_{at}"] if at else ["u_bob"])
        names = [key.session for key in keys]

        async def found(**query: object) -> list[str]:
            return [row.session for row in await store.sessions(tenant, **query)]  # type: ignore[arg-type]

        assert await found() == names[::-1]
        assert await found(limit=1) == [names[3]]
        assert await found(before=Edge(300)) == [names[1], names[0]]
        assert await found(participant="u_ann") == [names[3], names[2], names[1]]
        assert await found(participant="u_ann", label=("kind", "odd")) == [names[3], names[1]]
        assert await found(label=("π=", "ü"), before=Edge(200)) == [names[0]]
        assert await found(label=("kind", "fresh")) == []
        row = (await store.sessions(tenant, limit=1))[0]
        assert row == Listed(names[3], 13, 400, True, {"kind": "odd", "π=": "ü"})
        moved = Listed(names[0], 10, 900, False, {})
        await store.index(keys[0], moved, ["u_cid"])
        assert await found(participant="u_bob") == []
        assert await found(limit=1) == await found(participant="u_cid") == [names[0]]

    @pytest.mark.parametrize("limit", [1, 2, 3])
    async def test_pages_list_each_session_once_however_many_share_a_time(
        self, hall: Hall, limit: int
    ) -> None:
        store, other, tenant = await hall.node(), await hall.node(), new_key().tenant
        # Of each pair one is a prefix, or differs in what an alphabet would sort in another way than bytes do.
        names = ["s", "s_", "s_1", "s_10", "s-1", "S_1", "s_a", "s_B", "s+a", "s.a", "1", "z"]
        times = {name: 100 if at < 10 else (99, 101)[at - 10] for at, name in enumerate(names)}

        async def put(name: str, last: int) -> None:
            key = SessionKey(tenant, name)
            await created(other, key)
            labels = {"kind": "new" if name.startswith("n") else "old"}
            await other.index(key, Listed(name, 1, last, False, labels), ["u_ann"])

        for name in names:
            await put(name, times[name])
        ways: list[dict[str, Any]] = [{}, {"participant": "u_ann"}, {"label": ("kind", "old")}]
        for at, query in enumerate([*ways, {"participant": "u_ann", "label": ("kind", "old")}]):
            seen, before = list[str](), None
            while page := await store.sessions(tenant, before=before, limit=limit, **query):
                assert len(page) <= limit
                seen += [row.session for row in page]
                before = Edge.of(page[-1])
                await put(f"n{at}.{len(seen)}", 100 + len(seen) % 2)
            once = [name for name in seen if name in names]
            assert once == sorted(names, key=lambda name: (times[name], name), reverse=True)
            assert len(seen) == len(set(seen))

    async def test_an_erased_session_is_gone_everywhere_and_stays_so(self, hall: Hall) -> None:
        key, store, other = new_key(), await hall.node(), await hall.node()
        genesis = await created(store, key, {"a": "b"})
        writer, sink = Writer(), Recorder()
        await other.subscribe(key, sink)
        await store.append(key, writer.batch(deadline=5))
        await store.put_history(key, {1: b"x"})
        await store.put_audio(key, "track", {(7, 1): b"x"})
        await store.erase(key, 60)
        assert await sink.until("resynced", None) is None
        assert await other.exists(key) == "erased"
        assert await store.append(key, writer.batch()) == Refused("session_erased")
        assert await store.create(key, genesis, {}) == Refused("session_erased")
        assert await store.reopen(key, ORIGIN, writer.batch()) == Refused("session_erased")
        assert (await store.join(key), await store.read(key, 0)) == (None, None)
        assert (await store.history(key, 9), await store.tracks(key), await store.audio(key, "track", 7)) == (
            {},
            {},
            {},
        )
        await store.put_history(key, {1: b"x"})
        await store.put_audio(key, "track", {(7, 1): b"x"})
        await store.keep_cursor(key, "outbox", 4)
        await store.index(key, Listed(key.session, 1, 1, False, {}), ["u"])
        assert (await store.history(key, 9), await store.audio(key, "track", 7)) == ({}, {})
        assert await store.sessions(key.tenant) == []
        assert key not in dict(await store.due(10))
