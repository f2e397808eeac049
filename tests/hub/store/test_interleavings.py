"""What went wrong in trials, as cases: scripts forgotten, links cut, servers stalled, in mid stream."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest
from msgspec import structs

from hub.store.connection import Manners
from hub.store.endpoint import Endpoint
from hub.store.promise import Appended, Refused, SessionKey, Store, StoreUnavailable
from hub.store.real import RealStore
from tests.hub.store.writing import (
    WAIT_S,
    Recorder,
    Writer,
    again,
    check_chain,
    created,
    eventually,
    filled,
    new_key,
    snapshot_at,
    tail_of,
    whole_log,
)
from tests.support.proxy import TcpProxy
from tests.support.stores import IMPATIENT, Server, connected

Told = TypeVar("Told")


async def streamed(store: Store, key: SessionKey, writer: Writer, count: int) -> None:
    """A pipelined stream, at most 32 in flight, every batch accepted at its first or a later try."""
    flights = asyncio.Semaphore(32)

    async def one(asked: "asyncio.Future[object]") -> None:
        try:
            outcome = await asked
            assert isinstance(outcome, Appended), outcome
        finally:
            flights.release()

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            await flights.acquire()
            group.create_task(one(asyncio.ensure_future(store.append(key, writer.batch()))))


async def somehow(asked: Callable[[], Awaitable[Told]]) -> Told:
    """Ask a store of little patience until it answers."""
    async with asyncio.timeout(WAIT_S):
        while True:
            with suppress(StoreUnavailable):
                return await asked()


async def caught_up(store: RealStore, key: SessionKey, sink: Recorder, tail: int) -> list[int]:
    """Reads what the sink missed, as a node does: by the tails that resyncs name."""

    def told_of_tail() -> bool:
        tails = [told.offset for what, told in sink.told if what == "resynced" and told is not None]
        return tail in (*sink.offsets(), *tails)

    await eventually(told_of_tail)
    return sorted({*sink.offsets(), *[entry.offset for entry in await whole_log(store, key)]})


@pytest.mark.parametrize("reloaded", [False, True])
async def test_scripts_forgotten_in_mid_stream_cost_nothing_and_no_order(
    own_server: Server, reloaded: bool
) -> None:
    """`reloaded`: another node has loaded them by the time the batches behind come: they meet the gap."""
    store, other, client = await connected(own_server), await connected(own_server), own_server.admin()
    key, words, more = new_key(), Writer("w"), Writer("m")
    await created(store, key)

    async def forget() -> None:
        for _ in range(20):
            await client.script_flush()
            if reloaded:
                await other.read(key, 0, 1)

    async with asyncio.TaskGroup() as group:
        group.create_task(streamed(store, key, words, 600))
        group.create_task(streamed(store, key, more, 600))
        group.create_task(forget())
    entries = await whole_log(store, key)
    for name in ("w", "m"):
        assert [entry.sequence for entry in entries if entry.producer == name] == list(range(1, 601))
    check_chain(key, (await tail_of(store, key)).epoch, entries)
    for node in (store, other):
        await node.close()
    await client.aclose()


async def test_connections_killed_in_mid_stream_lose_double_and_reorder_nothing(own_server: Server) -> None:
    store, client = await connected(own_server), own_server.admin()
    key, writer, sink = new_key(), Writer(), Recorder()
    await created(store, key)
    await store.subscribe(key, sink)

    async def kill() -> None:
        for _ in range(29):
            await client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")  # type: ignore[no-untyped-call]
            await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
            await store.time()

    async with asyncio.TaskGroup() as group:
        group.create_task(streamed(store, key, writer, 2000))
        group.create_task(kill())
    entries = await whole_log(store, key)
    assert [entry.sequence for entry in entries[1:]] == list(range(1, 2001))
    assert await caught_up(store, key, sink, 2001) == list(range(1, 2002))
    heard = sink.offsets()
    assert heard == sorted(set(heard)), "the push never goes back"
    await store.close()
    await client.aclose()


async def test_the_loss_of_the_very_last_push_shows_in_the_quiet_check(own_server: Server) -> None:
    store, client = await connected(own_server), own_server.admin()
    key, sink = new_key(), Recorder()
    await created(store, key)
    await store.subscribe(key, sink)
    await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
    tail = await sink.until("resynced", await tail_of(store, key))
    assert tail.offset == 1
    before = len(sink.told)
    await eventually(lambda: len(sink.told) > before)
    assert sink.told[-1] == ("resynced", tail), "and again, while nothing comes"
    await store.close()
    await client.aclose()


async def test_after_a_break_tails_are_told_at_once_and_pushes_go_on(own_server: Server) -> None:
    """With the quiet check out of the way: what is done here is done by the new connection itself."""
    store = await connected(own_server, replace(IMPATIENT, quiet_check_ms=600_000))
    other, client = await connected(own_server), own_server.admin()
    keys, sinks, writer = [new_key() for _ in range(30)], [Recorder() for _ in range(30)], Writer()
    for key, sink in zip(keys, sinks, strict=True):
        await created(other, key)
        await store.subscribe(key, sink)
    await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
    for key, sink in zip(keys, sinks, strict=True):
        await sink.until("resynced", await tail_of(other, key))
    for key, sink in zip(keys, sinks, strict=True):
        await other.append(key, structs.replace(writer.batch(), sequence=1))
        await sink.until_offset(2)
    for node in (store, other):
        await node.close()
    await client.aclose()


async def test_own_push_and_own_reply_may_come_in_either_order_but_pushes_are_in_log_order(
    own_server: Server,
) -> None:
    """After its reply on Valkey, before it on Redis 7.0: nothing may hang on that."""
    store, key, sink = await connected(own_server), new_key(), Recorder()
    await created(store, key)
    await store.subscribe(key, sink)
    writer = Writer()
    outcomes = await asyncio.gather(*[store.append(key, writer.batch(2)) for _ in range(60)])
    await sink.until_offset(121)
    assert sink.offsets() == list(range(2, 122))
    assert [outcome.first for outcome in outcomes if isinstance(outcome, Appended)] == list(range(2, 122, 2))
    await store.close()


async def test_a_trimmed_log_answers_from_what_is_left_and_says_where_that_begins(own_server: Server) -> None:
    store, key = await connected(own_server), new_key()
    await created(store, key)
    await filled(store, key, Writer(), 19)
    for offset in (10, 15):
        await store.write_snapshot(key, await snapshot_at(store, key, offset))
    await store.trim(key, 11)
    page = await store.read(key, 2)
    assert page is not None
    assert (page.first, page.entries[0].offset) == (11, 11)
    await store.close()


async def test_a_store_that_stalls_makes_callers_wait_no_longer_than_their_patience(
    own_server: Server,
) -> None:
    manners = Manners(patience_ms=400, silence_ms=60_000)
    other, key, writer = await connected(own_server), new_key(), Writer()
    await created(other, key)
    await other.beat(["n1"])
    store = await somehow(lambda: connected(own_server, manners))
    with own_server.stalled():
        unknown = [writer.batch() for _ in range(3)]
        asked = [store.append(key, batch) for batch in unknown]
        results = await asyncio.gather(*asked, store.beat(["n1"]), store.beats(), return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailable] * 5
    outcomes = [await somehow(partial(store.append, key, again(batch))) for batch in unknown]
    assert [outcome.first for outcome in outcomes if isinstance(outcome, Appended)] == [2, 3, 4]
    assert (await other.beats())["n1"] >= 1
    for node in (store, other):
        await node.close()


async def test_a_half_open_connection_is_given_up_and_nothing_is_lost(own_server: Server) -> None:
    async with TcpProxy("127.0.0.1", own_server.port) as proxy:
        impatient = replace(IMPATIENT, silence_ms=300)
        store = await connected(own_server, impatient, Endpoint(port=proxy.port))
        key, writer, sink = new_key(), Writer(), Recorder()
        await created(store, key)
        await store.subscribe(key, sink)
        proxy.blackhole()
        asked = [store.append(key, writer.batch()) for _ in range(10)]
        links = proxy.accepted
        await eventually(lambda: proxy.accepted > links)
        proxy.heal()
        outcomes = [await one for one in asked]
        assert [outcome.first for outcome in outcomes if isinstance(outcome, Appended)] == list(range(2, 12))
        assert len(await whole_log(store, key)) == 11
        assert await caught_up(store, key, sink, 11) == list(range(1, 12))
        await store.close()


async def test_cuts_at_any_moment_lose_and_double_nothing(own_server: Server) -> None:
    async with TcpProxy("127.0.0.1", own_server.port) as proxy:
        store = await connected(own_server, IMPATIENT, Endpoint(port=proxy.port))
        key, writer = new_key(), Writer()
        await created(store, key)

        async def cut() -> None:
            for _ in range(15):
                proxy.cut()
                await store.time()

        async with asyncio.TaskGroup() as group:
            group.create_task(streamed(store, key, writer, 500))
            group.create_task(cut())
        entries = await whole_log(store, key)
        assert [entry.sequence for entry in entries[1:]] == list(range(1, 501))
        await store.close()


async def test_a_server_that_was_killed_and_restarted_keeps_what_was_acknowledged(own_server: Server) -> None:
    store, key, writer = await connected(own_server), new_key(), Writer()
    await created(store, key)
    await streamed(store, key, writer, 100)
    position = await tail_of(store, key)
    await asyncio.to_thread(own_server.kill)
    waiting = store.append(key, writer.batch(witness=position))
    await asyncio.to_thread(own_server.start)
    outcome = await waiting
    assert isinstance(outcome, Appended), "the tail is intact: no new epoch"
    assert (await tail_of(store, key)).epoch == position.epoch
    await store.close()


async def test_a_store_that_forgot_everything_says_so(own_server: Server) -> None:
    store, client, key, sink = await connected(own_server), own_server.admin(), new_key(), Recorder()
    await created(store, key)
    await store.subscribe(key, sink)
    await client.flushall()
    assert await sink.until("resynced", None) is None
    assert await store.exists(key) == "no"
    assert await store.join(key) is None
    assert await store.append(key, Writer().batch()) == Refused("not_found"), "never: offset 0 looks new"
    await store.close()
    await client.aclose()


async def test_closing_tells_those_who_wait(own_server: Server) -> None:
    store, key = await connected(own_server), new_key()
    await created(store, key)
    with own_server.stalled():
        asked = store.append(key, Writer().batch())
        await asyncio.sleep(0)
        await store.close()
        with pytest.raises(StoreUnavailable):
            await asked
        with pytest.raises(StoreUnavailable):
            await store.append(key, Writer().batch())
