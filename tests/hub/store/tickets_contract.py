"""What every store is held to: holders of resume tickets, revocations."""

from __future__ import annotations

import asyncio

from hub.store import promise
from tests.hub.store.writing import created, new_key
from tests.support.stores import Hall


class TicketsContract:
    """What nodes share about tickets."""

    async def test_a_holder_is_replaced_only_by_who_saw_the_one_before(self, hall: Hall) -> None:
        left, right, key = await hall.node(), await hall.node(), new_key()
        await created(left, key)
        assert await right.holder(key, "a_1") is None
        assert not await left.set_holder(key, "a_1", b"one", b"something")
        assert await left.set_holder(key, "a_1", b"one", None)
        assert not await right.set_holder(key, "a_1", b"other", None)
        assert await right.holder(key, "a_1") == b"one"
        assert await right.set_holder(key, "a_1", b"\x00two\xff", b"one")
        assert await left.holder(key, "a_1") == b"\x00two\xff"
        assert await left.holder(key, "a_2") is None

    async def test_of_many_who_replace_a_holder_at_once_one_does(self, hall: Hall) -> None:
        nodes, key = [await hall.node() for _ in range(3)], new_key()
        await created(nodes[0], key)
        tries = [nodes[at % 3].set_holder(key, "a_1", b"%d" % at, None) for at in range(30)]
        won = [at for at, did in enumerate(await asyncio.gather(*tries)) if did]
        assert len(won) == 1
        assert await nodes[0].holder(key, "a_1") == b"%d" % won[0]

    async def test_holders_are_of_their_session_and_go_with_it(self, hall: Hall) -> None:
        store, key, other = await hall.node(), new_key(), new_key()
        assert not await store.set_holder(key, "a_1", b"one", None)
        for each in (key, other):
            await created(store, each)
            assert await store.set_holder(each, "a_1", b"one", None)
        await store.erase(key, 60)
        assert await store.holder(key, "a_1") is None
        assert not await store.set_holder(key, "a_1", b"one", None)
        assert await store.holder(other, "a_1") == b"one"

    async def test_beyond_the_most_holders_those_set_longest_ago_go(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        assert await store.set_holder(key, "a_old", b"one", None)
        assert await store.set_holder(key, "a_early", b"one", None)
        more = [store.set_holder(key, f"b_{at}", b"x", None) for at in range(promise.MOST_HOLDERS - 2)]
        assert all(await asyncio.gather(*more))
        assert await store.holder(key, "a_early") == b"one"
        assert await store.set_holder(key, "a_early", b"two", b"one")
        assert await store.set_holder(key, "b_new", b"x", None)
        assert await store.set_holder(key, "c_new", b"x", None)
        kept = [await store.holder(key, name) for name in ("a_early", "b_new", "c_new")]
        assert kept == [b"two", b"x", b"x"]
        assert await store.holder(key, "a_old") is None

    async def test_what_was_called_back_is_told_to_every_node_and_once(self, hall: Hall) -> None:
        left, right = await hall.node(), await hall.node()
        names = [new_key().session.encode() + at for at in (b"\x001", b"2", b"3")]
        noted = [await left.revoke(name) for name in names]
        again = await right.revoke(names[0])
        assert sorted(noted) == noted
        found = [row for row in await right.revocations(0) if row[0] in names]
        assert sorted(found) == sorted(zip(names, [again, *noted[1:]], strict=True))
        assert await left.revocations(again + 1) == []
        assert names[0] in [what for what, _ in await left.revocations(again)]
