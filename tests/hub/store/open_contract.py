"""What every store is held to: how many sessions that somebody made may be open, over all nodes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hub.store.promise import Appended, Listed, Maker, Outcome, Refused, SessionKey, Store
from tests.hub.store.resting_contract import at_rest
from tests.hub.store.writing import Writer, again, new_key, repeated
from tests.support.stores import Hall

ADA = Maker("p_ada", 3)
FULL = Refused("too_many", 3)


async def made(store: Store, key: SessionKey, maker: Maker | None = ADA) -> Outcome:
    return await store.create(key, Writer("creator").batch(control=[0]), {}, maker)


def row(key: SessionKey, *, ended: bool = False) -> Listed:
    return Listed(key.session, 1, 2, ended, {})


class OpenContract:
    """Sessions that are in the store and not ended."""

    async def test_nodes_that_make_at_once_make_no_more_than_the_bound(self, hall: Hall) -> None:
        nodes, tenant = [await hall.node() for _ in range(3)], new_key().tenant
        outcomes = await asyncio.gather(*[made(nodes[at % 3], new_key(tenant)) for at in range(12)])
        assert sum(isinstance(outcome, Appended) for outcome in outcomes) == 3
        assert outcomes.count(FULL) == 9
        assert len(await nodes[0].sessions(tenant)) == 3

    async def test_others_and_those_who_are_not_counted_make_theirs(self, hall: Hall) -> None:
        store, tenant = await hall.node(), new_key().tenant
        for _ in range(3):
            assert isinstance(await made(store, new_key(tenant)), Appended)
        assert await made(store, new_key(tenant)) == FULL
        assert isinstance(await made(store, new_key(tenant), Maker("p_bob", 1)), Appended)
        assert isinstance(await made(store, new_key(tenant), None), Appended)
        assert isinstance(await made(store, new_key()), Appended), "another tenant's p_ada"
        assert isinstance(await made(store, new_key(tenant), replace(ADA, most=4)), Appended)

    async def test_one_that_ended_or_was_erased_gives_its_place_back(self, hall: Hall) -> None:
        store, other, tenant = await hall.node(), await hall.node(), new_key().tenant
        keys = [new_key(tenant) for _ in range(3)]
        for key in keys:
            assert isinstance(await made(store, key), Appended)
        await store.index(keys[0], row(keys[0]), ["p_ada"])
        assert await made(other, new_key(tenant)) == FULL
        await store.index(keys[0], row(keys[0], ended=True), ["p_ada"])
        await store.index(keys[0], row(keys[0], ended=True), [])
        assert isinstance(await made(other, new_key(tenant)), Appended)
        assert await made(store, new_key(tenant)) == FULL
        await store.erase(keys[1], 60)
        await store.erase(keys[0], 60)
        assert isinstance(await made(other, new_key(tenant)), Appended)
        assert await made(store, new_key(tenant)) == FULL

    async def test_what_is_not_made_takes_no_place(self, hall: Hall) -> None:
        store, tenant = await hall.node(), new_key().tenant
        there, genesis = new_key(tenant), Writer("creator").batch(control=[0])
        first = await store.create(there, genesis, {}, ADA)
        for _ in range(3):
            assert await made(store, there) == Refused("already_exists")
            assert await store.create(new_key(tenant), Writer(sequence=4).batch(), {}, ADA) == Refused(
                "sequence_gap", 1
            )
        assert await store.create(there, again(genesis), {}, ADA) == repeated(first)
        for _ in range(2):
            assert isinstance(await made(store, new_key(tenant)), Appended)
        assert await made(store, new_key(tenant)) == FULL

    async def test_one_at_rest_in_the_vault_takes_no_place_until_it_comes_back(self, hall: Hall) -> None:
        store, key, residue = await at_rest(hall, Maker("p_ada", 1))
        lone = Maker("p_ada", 1)
        assert await made(store, new_key(key.tenant), lone) == Refused("too_many", 1)
        assert await store.archive(key, residue.tail, b"name")
        second = new_key(key.tenant)
        assert isinstance(await made(store, second, lone), Appended)
        await store.erase(second, 60)
        assert await store.restore(key, residue, b"name", None)
        assert await made(store, new_key(key.tenant), lone) == Refused("too_many", 1)
        await store.index(key, row(key, ended=True), [])
        assert isinstance(await made(store, new_key(key.tenant), lone), Appended)
