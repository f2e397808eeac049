"""What every store is held to: live delivery, duties, rings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from hub.store.promise import Appended, Outcome, SessionKey
from tests.hub.store.writing import Recorder, Writer, created, filled, new_key
from tests.support.stores import Hall


class BusContract:
    """Live delivery."""

    async def test_every_node_gets_every_entry_in_the_logs_order(self, hall: Hall) -> None:
        key, nodes = new_key(), [await hall.node() for _ in range(3)]
        await created(nodes[0], key)
        sinks = [Recorder() for _ in nodes]
        for node, sink in zip(nodes, sinks, strict=True):
            await node.subscribe(key, sink)
        await asyncio.gather(*[filled(node, key, Writer(f"p{at}"), 100) for at, node in enumerate(nodes)])
        for sink in sinks:
            await sink.until_offset(301)
            assert sink.offsets() == list(range(2, 302))
        assert sinks[0].told == sinks[1].told == sinks[2].told

    async def test_a_sink_that_left_hears_nothing_and_its_neighbour_goes_on(self, hall: Hall) -> None:
        key, store = new_key(), await hall.node()
        await created(store, key)
        gone, stays = Recorder(), Recorder()
        writer = Writer()
        for sink in (gone, stays):
            await store.subscribe(key, sink)
        await store.append(key, writer.batch())
        await stays.until_offset(2)
        await store.unsubscribe(key, gone)
        await store.unsubscribe(key, gone)
        await store.append(key, writer.batch())
        await stays.until_offset(3)
        assert gone.offsets() == [2]
        await store.unsubscribe(key, stays)
        await store.subscribe(key, stays)
        await store.append(key, writer.batch())
        await stays.until_offset(4)
        assert stays.offsets() == [2, 3, 4]

    async def test_a_signal_reaches_every_node_and_no_log(self, hall: Hall) -> None:
        key, left, right = new_key(), await hall.node(), await hall.node()
        await created(left, key)
        sinks = [Recorder(), Recorder()]
        await left.subscribe(key, sinks[0])
        await right.subscribe(key, sinks[1])
        left.signal(key, b"\x00typing")
        for sink in sinks:
            assert await sink.until("signal") == b"\x00typing"
        page = await left.read(key, 0)
        assert page is not None
        assert page.tail.offset == 1

    async def test_a_sink_may_append_from_within_without_reentrance(self, hall: Hall) -> None:
        key, store = new_key(), await hall.node()
        await created(store, key)
        writer = Writer()
        depth: list[int] = []
        asked: list[Awaitable[Outcome]] = []

        class Echo(Recorder):
            def entries(self, entries):  # type: ignore[no-untyped-def]
                assert not depth
                depth.append(1)
                super().entries(entries)
                if entries[-1].offset < 10:
                    asked.append(store.append(key, writer.batch()))
                depth.pop()

        sink = Echo()
        await store.subscribe(key, sink)
        await store.append(key, writer.batch())
        await sink.until_offset(10)
        assert sink.offsets() == list(range(2, 11))
        assert all([isinstance(await outcome, Appended) for outcome in asked])


class DutiesContract:
    """Beats, notes, deadlines."""

    async def test_beats_are_counters(self, hall: Hall) -> None:
        key, left, right = new_key(), await hall.node(), await hall.node()
        names = [f"n1-{key.session}", f"n2-{key.session}"]
        await left.beat(names)
        await right.beat(names[:1])
        counters = await right.beats()
        first, second = (counters[name] for name in names)
        assert first == second + 1, "they begin above all that were removed"
        assert not await left.forget_holder(names[0], second)
        both = left.forget_holder(names[0], first), right.forget_holder(names[0], first)
        forgotten = await asyncio.gather(*both)
        assert sorted(forgotten) == [False, True]
        assert names[0] not in await left.beats()
        await left.beat(names)
        assert (await left.beats())[names[0]] > first

    async def test_what_a_holder_has_is_found_after_its_death(self, hall: Hall) -> None:
        key, store = new_key(), await hall.node()
        holder = f"n-{key.session}"
        await store.hold(holder, key, "worker:a.b:c@d")
        await store.hold(holder, key, "conductor")
        await store.hold(holder, key, "conductor")
        assert await store.held(holder) == [(key, "conductor"), (key, "worker:a.b:c@d")]
        await store.let_go(holder, key, "conductor")
        assert await store.held(holder) == [(key, "worker:a.b:c@d")]
        assert await store.held("nobody") == []

    async def test_what_a_holder_has_in_many_sessions_is_noted_at_once(self, hall: Hall) -> None:
        keys, store = sorted(new_key() for _ in range(3)), await hall.node()
        holder = f"n-{keys[0].session}"
        await store.hold(holder, keys[1], "worker:a")
        await store.hold_in(holder, keys, "worker:a")
        assert await store.held(holder) == [(key, "worker:a") for key in keys]

    async def test_there_is_one_conductor(self, hall: Hall) -> None:
        key, left, right = new_key(), await hall.node(), await hall.node()
        assert await left.claim_conductor(key, "n1", "") == ""
        await created(left, key)
        names = await asyncio.gather(
            left.claim_conductor(key, "n1", ""), right.claim_conductor(key, "n2", "")
        )
        assert len(set(names)) == 1
        assert await right.claim_conductor(key, "n3", "somebody") == names[0]
        assert await right.claim_conductor(key, "n3", names[0]) == "n3"

    async def test_sessions_wait_for_an_agent_longest_first(self, hall: Hall) -> None:
        store, tenant = await hall.node(), new_key().tenant
        keys = sorted(SessionKey(tenant, f"s_{at}") for at in range(3))
        for key, since in zip(keys, (30, 10, 20), strict=True):
            await store.want(tenant, "concierge", key, since)
        await store.want(tenant, "concierge", keys[0], 5)
        assert await store.wanted(tenant, "concierge") == [keys[1], keys[2], keys[0]]
        assert await store.wanted(tenant, "concierge", 1) == [keys[1]]
        await store.unwant(tenant, "concierge", keys[1])
        assert await store.wanted(tenant, "concierge") == [keys[2], keys[0]]
        assert await store.wanted(tenant, "other") == []

    async def test_a_deadline_is_moved_nearer_by_appends_and_anywhere_by_schedule(self, hall: Hall) -> None:
        key, store, writer = new_key(), await hall.node(), Writer()
        await created(store, key)

        async def deadline() -> int | None:
            return dict(await store.due(10**9, 100_000)).get(key)

        for given, expected in ((700, 700), (900, 700), (500, 500), (None, 500)):
            await store.append(key, writer.batch(deadline=given))
            assert await deadline() == expected
        assert key not in dict(await store.due(499, 100_000))
        assert key in dict(await store.due(500, 100_000))
        await store.schedule(key, 800, seen=499)
        assert await deadline() == 500
        await store.schedule(key, 800, seen=500)
        assert await deadline() == 800
        await store.schedule(key, 900)
        assert await deadline() == 900
        await store.schedule(key, None, seen=800)
        assert await deadline() == 900
        await store.schedule(key, None)
        assert await deadline() is None

    async def test_the_earliest_deadlines_come_first(self, hall: Hall) -> None:
        store, tenant = await hall.node(), new_key().tenant
        keys = [SessionKey(tenant, f"s_{at}") for at in range(40)]
        for at, key in enumerate(keys):
            await store.schedule(key, 1 + (at * 7) % 40)
        mine = [row for row in await store.due(10, 100_000) if row[0].tenant == tenant]
        assert [deadline for _, deadline in mine] == list(range(1, 11))
        assert len(await store.due(10, 3)) == 3
        for key in keys:
            await store.schedule(key, None)

    async def test_memory_is_told(self, hall: Hall) -> None:
        used, limit = await (await hall.node()).memory()
        assert used >= 0
        assert limit >= 0


class RingsContract:
    """Hot audio."""

    async def test_audio_is_set_if_absent_by_track_minute_and_field(self, hall: Hall) -> None:
        key, store = new_key(), await hall.node()
        await store.put_audio(key, "a", {(1, 1): b"x"})
        assert await store.tracks(key) == {}
        await created(store, key)
        await store.put_audio(key, "mic:u_1", {(5, 30): b"c", (4, 29): b"a", (5, 10): b"b"})
        await store.put_audio(key, "mic:u_1", {(5, 10): b"later", (5, 20): b"late"})
        await store.put_audio(key, "playout", {(4, 1): b"d"})
        assert await store.audio(key, "mic:u_1", 5) == {10: b"b", 20: b"late", 30: b"c"}
        assert await store.audio(key, "mic:u_1", 6) == {}
        assert await store.tracks(key) == {"mic:u_1": [4, 5], "playout": [4]}
        await store.drop_audio(key, "mic:u_1", 4)
        assert await store.tracks(key) == {"mic:u_1": [5], "playout": [4]}
        assert await store.audio(key, "mic:u_1", 4) == {}

    async def test_whoever_puts_audio_is_told_whether_the_session_is_there_to_have_it(
        self, hall: Hall
    ) -> None:
        key, store = new_key(), await hall.node()
        assert await store.put_audio(key, "mic", {(5, 1): b"a"}) is False
        await created(store, key)
        assert await store.audio(key, "mic", 5) == {}
        assert await store.put_audio(key, "mic", {(5, 1): b"a", (6, 1): b"b"}) is True
        assert await store.put_audio(key, "mic", {(5, 1): b"a"}) is True, "it is there already"
        await store.erase(key, 60)
        assert await store.put_audio(key, "mic", {(5, 2): b"late"}) is False

    async def test_of_a_minute_only_the_named_fields_are_dropped_and_what_came_meanwhile_stays(
        self, hall: Hall
    ) -> None:
        key, store = new_key(), await hall.node()
        await created(store, key)
        await store.put_audio(key, "mic", {(5, 1): b"a", (5, 2): b"b", (5, 3): b"late"})
        await store.drop_audio(key, "mic", 5, [1, 2])
        assert await store.audio(key, "mic", 5) == {3: b"late"}
        await store.drop_audio(key, "mic", 5, [])
        assert await store.tracks(key) == {"mic": [5]}
        await store.drop_audio(key, "mic", 5, [3])
        assert await store.tracks(key) == {}
