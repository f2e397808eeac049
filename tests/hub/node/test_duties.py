"""What nodes do by themselves: snapshots, history, deadlines, deaths, erasing."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import Any

from hub.node.dispatch import worker_holder
from hub.node.node import Node
from hub.node.promise import Batch, Done
from hub.node.room import Room
from hub.node.tidying import MOST_CLOSED
from hub.settings import Settings
from hub.store.promise import SessionKey
from legato.session import commands as c
from legato.session.commands import Refusal
from legato.session.deadlines import GRACE_MS
from legato.session.events import ActivityChanged, LogReopened
from legato.session.parts import Part
from tests.hub.node.builders import (
    KEY,
    SCRIBE,
    USER,
    Heard,
    House,
    batch,
    passes,
    there,
    until,
    user_presence,
    virtual,
)

QUICK = Settings(snapshot_every=32, idle_close=2_000, snapshot_quiet=10_000_000)


async def say(room: Room, first: int, last: int, epoch: int) -> None:
    answers = [
        room.execute(
            SCRIBE,
            batch("c_1", n, c.PostMessage(message=f"m_{n}", parts=[Part("text", "hello")]), epoch=epoch),
        )
        for n in range(first, last + 1)
    ]
    for answer in answers:
        assert isinstance(await answer, Done)


async def room_with_words(node: Node, count: int) -> Room:
    room = await there(await node.create(KEY, "p_user", {}, ""))
    assert isinstance(await node.arrive(room, user_presence()), Done)
    opened = await room.open_producer("c_1")
    for first in range(1, count + 1, 50):
        await say(room, first, min(first + 49, count), opened.epoch)
        await passes()
    return room


@virtual
async def test_a_cold_open_reads_the_snapshot_and_the_tail_only() -> None:
    house = House()
    async with house.node("n1", settings=QUICK) as node:
        room = await room_with_words(node, 400)
        log = house.server.session(KEY)
        assert log is not None
        await until(lambda: len(log.snapshots) == 2 and log.log.first > 100)
        async with house.node("n2", settings=QUICK) as second:
            other = await there(await second.open(KEY))
            assert other.state == room.state
            assert other.follower.opened_at > 300


@virtual
async def test_history_holds_every_entry_that_left_the_window() -> None:
    house = House()
    async with house.node("n1", settings=QUICK) as node:
        await room_with_words(node, 120)
        async with house.node("n2", settings=QUICK) as second:
            other = await there(await second.open(KEY))
            seen: list[bytes] = []
            before = 0
            while True:
                page, before = await other.history(before, 50)
                seen = [*page, *seen]
                if not before:
                    break
            assert len(seen) == 120
            assert all(f'"id":"m_{n}"'.encode() in entry for n, entry in enumerate(seen, 1))


@virtual
async def test_two_conductors_do_no_harm() -> None:
    house = House()
    async with house.node("n1", settings=QUICK) as first, house.node("n2", settings=QUICK) as second:
        room = await room_with_words(first, 1)
        other = await there(await second.open(KEY))
        for node in (first, second):
            conductor = node._duties._conductors[KEY]
            await conductor.claim(conductor.conductor)
        opened = await room.open_producer("c_1")
        for start in range(2, 200, 50):
            await say(room, start, start + 49, opened.epoch)
        await until(lambda: house.server.session(KEY).log.first > 32)  # type: ignore[union-attr]
        async with house.node("n3") as third:
            assert (await there(await third.open(KEY))).state == other.state == room.state


@virtual
async def test_an_attachment_of_a_dead_node_is_away_and_its_grace_ends_by_itself() -> None:
    house = House()
    dying = house.node("n1", settings=QUICK)
    async with house.node("n2", settings=QUICK) as second:
        async with dying as node:
            await room_with_words(node, 1)
        room = await there(await second.open(KEY))
        await until(lambda: room.state.liveness("p_user") == "away")
        await asyncio.sleep(GRACE_MS / 1000 - 1)
        assert room.state.attachments
        await until(lambda: not room.state.attachments)
        assert room.state.liveness("p_user") == "offline"


@virtual
async def test_an_away_that_is_not_true_is_contradicted_at_once() -> None:
    house = House()
    async with house.node("n1", settings=QUICK) as first, house.node("n2", settings=QUICK) as second:
        room = await room_with_words(first, 1)
        other = await there(await second.open(KEY))
        await second._attendance.died(other, "a_user", "somebody was wrong")
        await until(lambda: room.state.liveness("p_user") == "online")
        assert other.state.attachments["a_user"].away_since == 0


@virtual
async def test_hundreds_of_rooms_that_nobody_needs_are_closed_so_many_a_round_and_needed_ones_are_not() -> (
    None
):
    house = House()
    async with house.node("n1", settings=QUICK) as node:
        kept = await there(await node.create(KEY, "p_user", {}, ""))
        others = [SessionKey("main", f"s_{number}") for number in range(2, MOST_CLOSED + 102)]
        for key in others:
            node.release(await there(await node.create(key, "p_user", {}, "")))
        await until(lambda: len(list(node._rooms)) < len(others) + 1)
        assert len(list(node._rooms)) >= len(others) + 1 - MOST_CLOSED, "one round takes only so many"
        await until(lambda: list(node._rooms) == [kept])


@virtual
async def test_rows_of_sessions_that_began_together_are_written_at_moments_of_their_own() -> None:
    house = House()
    store, written = house.store(), defaultdict[str, list[float]](list)
    index, loop = store.index, asyncio.get_running_loop()

    async def noted(key: SessionKey, *rest: Any) -> None:
        written[key.session].append(loop.time())
        await index(key, *rest)

    store.index = noted  # type: ignore[method-assign, assignment]
    async with house.node("n1", store) as node:
        rooms = [
            await there(await node.create(SessionKey("main", f"s_{n}"), "p_user", {}, "")) for n in range(20)
        ]
        began = loop.time()
        for number in range(30):
            for room in rooms:
                event = ActivityChanged(by="hub", participant="p_user", activity="thinking", text=str(number))
                assert isinstance(await room.append_as_hub("n1", [event], conditional=False), Done)
            await asyncio.sleep(1)
    later = [moment for moments in written.values() for moment in moments if moment > began + 10]
    seconds = Counter(int(moment) for moment in later)
    assert len(later) > len(rooms), "each is listed anew while something happens in it"
    assert max(seconds.values()) < len(rooms) / 2, "but not all in one second"


@virtual
async def test_no_lease_is_lost_while_the_store_stalls() -> None:
    """A thousand leased sessions; the store answers nobody for five seconds."""
    house = House()
    store = house.store()
    for n in range(1000):
        await store.hold(worker_holder("main", "w_1"), SessionKey("main", f"s_{n}"), "worker:helper")
    gate = asyncio.Event()
    gate.set()
    beats, beat = store.beats, store.beat

    async def slow_beats() -> dict[str, int]:
        await gate.wait()
        return await beats()

    async def slow_beat(holders: Any) -> None:
        await gate.wait()
        await beat(holders)

    store.beats, store.beat = slow_beats, slow_beat  # type: ignore[method-assign]
    async with house.node("n1", store) as first, house.node("n2", store) as second:
        first.register_worker("main", "helper", "w_1", 1, lambda key, participant, ms: None)
        await asyncio.sleep(10)
        gate.clear()
        await asyncio.sleep(5)
        gate.set()
        await asyncio.sleep(10)
        assert len(await store.held(worker_holder("main", "w_1"))) == 1000
        for node in (first, second):
            assert b"legato_deaths_total{" not in node.metrics.expose()


@virtual
async def test_who_saw_what_was_lost_is_told_exactly_that() -> None:
    house = House()
    store = house.store()
    async with house.node("n1", store) as node:
        room = await room_with_words(node, 10)
        heard = Heard()
        room.listen(heard, room.position)
        await passes()
        saved, surviving = house.server.saved(), room.position.offset
        opened = await room.open_producer("c_1")
        await say(room, 11, 15, opened.epoch)
        await passes()
        gone = room.position
        house.server.restore(saved)
        store.resync()
        await passes(100)
        assert heard.lost == [(surviving + 1, gone.offset)]
        assert heard.states[-1] == room.state
        reopened = [event for event in heard.events_told if isinstance(event, LogReopened)]
        assert not reopened or reopened[0].lost_to == gone.offset
        assert room.state.reopened[-1].lost_from == surviving + 1
        late = Heard()
        welcome = room.listen(late, gone)
        assert (welcome.snapshot, welcome.events, welcome.position) == (None, (), gone)
        await passes()
        assert late.lost == [(surviving + 1, gone.offset)]


@virtual
async def test_a_client_ahead_of_its_node_is_caught_up_with_and_told_nothing() -> None:
    house = House()
    deaf = house.store()
    async with house.node("n1") as first, house.node("n2", deaf) as second:
        room = await room_with_words(first, 3)
        behind = await there(await second.open(KEY))
        deaf._sinks.clear()
        opened = await room.open_producer("c_1")
        await say(room, 4, 6, opened.epoch)
        await passes()
        assert behind.position.offset < room.position.offset
        await behind.reach(room.position)
        assert behind.position == room.position
        assert not behind.state.reopened


@virtual
async def test_after_erasing_nobody_finds_the_session_again() -> None:
    house = House()
    async with house.node("n1") as first, house.node("n2") as second:
        room = await room_with_words(first, 3)
        other = await there(await second.open(KEY))
        heard = Heard()
        other.listen(heard, None)
        await first.erase(KEY)
        await passes()
        assert heard.ends == ["erased"]
        assert await first.open(KEY) is None
        assert await second.open(KEY) is None
        late = await room.execute(USER, Batch("c_1", 9, 4, b"x", ()))
        assert isinstance(late, Refusal)
        made = await first.create(KEY, "p_user", {}, "")
        assert isinstance(made, Refusal)
        assert made.reason == "session_erased"


@virtual
async def test_a_session_is_erased_when_its_retention_is_over() -> None:
    house = House()
    async with house.node("n1", settings=QUICK) as node:
        room = await there(await node.create(KEY, "p_user", {"erase_after_s": "60"}, ""))
        assert not room.state.attachments
        node.release(room)
        await until(lambda: node._rooms.here(KEY) is None)
        await asyncio.sleep(45)
        assert house.server.session(KEY) is not None
        await until(lambda: house.server.session(KEY) is None)


@virtual
async def test_a_full_store_takes_no_new_sessions() -> None:
    house = House()
    store = house.store()

    async def memory() -> tuple[int, int]:
        return 85, 100

    store.memory = memory  # type: ignore[method-assign]
    async with house.node("n1", store) as node:
        await asyncio.sleep(6)
        refused = await node.create(KEY, "p_user", {}, "")
        assert isinstance(refused, Refusal)
        assert refused.reason == "overloaded"
        assert refused.retry_after_ms > 0


@virtual
async def test_streaming_words_do_not_starve_a_decision() -> None:
    house = House()
    async with house.node("n1") as first, house.node("n2") as second:
        room = await room_with_words(first, 1)
        other = await there(await second.open(KEY))
        one, two = await room.open_producer("c_1"), await other.open_producer("c_2")
        streaming = asyncio.create_task(say(room, 2, 60, one.epoch))
        for n in range(1, 11):
            start = c.StartMessage(message=f"d_{n}")
            end = c.EndMessage(message=f"d_{n}")
            assert isinstance(
                await other.execute(USER, batch("c_2", 2 * n - 1, start, epoch=two.epoch)), Done
            )
            assert isinstance(await other.execute(USER, batch("c_2", 2 * n, end, epoch=two.epoch)), Done)
        await streaming
        await passes()
        assert room.state == other.state
        assert room.state.finished == 70
