"""A lost tail, for real: a replica behind a proxy, the link goes dark, the primary is killed, the replica promoted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from hub.store import layout
from hub.store.promise import Appended, LostTail, Refused, SessionKey
from hub.store.real import RealStore
from legato.session.position import Position
from tests.hub.store.writing import WAIT_S, Writer, check_chain, created, filled, new_key, tail_of, whole_log
from tests.support.proxy import TcpProxy
from tests.support.stores import SERVERS, Server, connected, running


@dataclass
class Lost:
    """A session whose tail was lost: `before` is the last position that was acknowledged, `surviving` what is left."""

    key: SessionKey
    store: RealStore
    before: Position
    surviving: Position


async def replicated(replica: Server, key: SessionKey, offset: int) -> None:
    """Wait until the replica has the entry."""
    client = replica.admin()
    async with asyncio.timeout(WAIT_S):
        found: object = None
        while not found:
            found = await client.xrange(layout.beside(key, "log"), offset, offset)
    await client.aclose()


@asynccontextmanager
async def failed_over(kind: str) -> AsyncIterator[Lost]:
    with running(kind, "--repl-diskless-sync-delay", "0") as primary:
        async with TcpProxy("127.0.0.1", primary.port) as proxy:
            with running(kind, "--replicaof", f"127.0.0.1 {proxy.port}") as replica:
                store, key, writer = await connected(primary), new_key(), Writer("w")
                await created(store, key)
                await store.append(key, Writer("hub").batch(control=[0], raises={"worker:a": 1}))
                await filled(store, key, writer, 50)
                await replicated(replica, key, 52)
                surviving = await tail_of(store, key)
                proxy.blackhole()
                await filled(store, key, writer, 30)
                await store.append(key, Writer("hub", sequence=1).batch(control=[0], raises={"worker:a": 2}))
                before = await tail_of(store, key)
                await store.close()
                await asyncio.to_thread(primary.kill)
                client = replica.admin()
                await client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
                await client.aclose()
                promoted = await connected(replica)
                yield Lost(key, promoted, before, surviving)
                await promoted.close()


@pytest.fixture(params=SERVERS)
async def lost(request: pytest.FixtureRequest) -> AsyncIterator[Lost]:
    async with failed_over(request.param) as lost:
        yield lost


async def test_a_witness_of_the_lost_tail_is_told_what_survived(lost: Lost) -> None:
    assert lost.before.offset == 83
    told = await lost.store.append(lost.key, Writer("back").batch(witness=lost.before))
    assert told == LostTail(lost.surviving)


async def test_a_log_that_grew_again_past_the_lost_tail_still_tells(lost: Lost) -> None:
    """The promoted replica goes on under the same epoch: only the digest in the position shows the loss."""
    await filled(lost.store, lost.key, Writer("stranger"), 60)
    now = await tail_of(lost.store, lost.key)
    assert now.epoch == lost.before.epoch
    assert now.offset > lost.before.offset
    told = await lost.store.append(lost.key, Writer("back").batch(witness=lost.before))
    assert told == LostTail(now)


async def test_two_that_reopen_at_once_open_one_epoch_and_void_the_old_tokens(lost: Lost) -> None:
    store, key = lost.store, lost.key
    reopening = [Writer(f"reopen:{at}").batch(control=[0]) for at in range(2)]
    outcomes = await asyncio.gather(*[store.reopen(key, lost.before, batch) for batch in reopening])
    winner = next(outcome for outcome in outcomes if isinstance(outcome, Appended))
    assert Refused("lost_race") in outcomes
    assert winner.first == lost.surviving.offset + 1
    now = await tail_of(store, key)
    assert now.epoch != lost.before.epoch
    # Both token 1 (which survived) and token 2 (whose raising was lost) are void, by whatever witness they come.
    for number in (1, 2):
        held = Writer(f"worker{number}").batch(
            rights={"worker:a": number}, witness=now, tokens_of=lost.before.epoch
        )
        assert await store.append(key, held) == Refused("stale_token", -1, "epoch")
    claim = Writer("claim").batch(control=[0], raises={"worker:a": 2}, witness=now)
    assert isinstance(await store.append(key, claim), Appended)
    fresh = Writer("worker").batch(rights={"worker:a": 2}, witness=await tail_of(store, key))
    assert isinstance(await store.append(key, fresh), Appended)
    check_chain(key, lost.before.epoch, await whole_log(store, key))


async def test_the_lost_batches_may_be_sent_again(lost: Lost) -> None:
    opened = await lost.store.open_producer(lost.key, "w")
    assert opened is not None
    assert opened.last == 50, "the producer learns how far it got"
    outcome = await lost.store.append(lost.key, Writer("w", opened.epoch, opened.last).batch())
    assert isinstance(outcome, Appended)
