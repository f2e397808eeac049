"""What every store is held to: what was refused in a session and of a tenant, for the audit."""

from __future__ import annotations

from hub.store.refusing import MOST_OF_TENANT, MOST_REFUSALS
from tests.hub.store.writing import created, new_key
from tests.support.stores import Hall


class RefusalsContract:
    """A short list a session, and one a tenant."""

    async def test_refusals_are_kept_in_order_for_every_node_and_of_their_session(self, hall: Hall) -> None:
        left, right, key, other = await hall.node(), await hall.node(), new_key(), new_key()
        for each in (key, other):
            await created(left, each)
        assert await right.refusals(key) == []
        for node, sealed in ((left, b"one"), (right, b"\x00two\xff"), (left, b"one")):
            assert await node.keep_refusal(key, sealed)
        assert await right.refusals(key) == [b"one", b"\x00two\xff", b"one"]
        assert await left.refusals(other) == []

    async def test_beyond_the_most_the_oldest_refusals_go(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        for at in range(MOST_REFUSALS + 2):
            assert await store.keep_refusal(key, b"%d" % at)
        kept = await store.refusals(key)
        assert (len(kept), kept[0], kept[-1]) == (MOST_REFUSALS, b"2", b"%d" % (MOST_REFUSALS + 1))

    async def test_where_no_session_is_and_where_one_was_erased_no_refusal_is_kept(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        assert not await store.keep_refusal(key, b"one")
        await created(store, key)
        assert await store.keep_refusal(key, b"one")
        await store.erase(key, 60)
        assert await store.refusals(key) == []
        assert not await store.keep_refusal(key, b"two")
        assert await store.refusals(key) == []

    async def test_refusals_lie_beside_the_log_and_change_nothing_in_it(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        before = await store.join(key)
        assert await store.keep_refusal(key, b"one")
        assert await store.join(key) == before

    async def test_a_tenants_refusals_are_kept_in_order_for_every_node_and_of_their_tenant(
        self, hall: Hall
    ) -> None:
        left, right, tenant, other = (
            await hall.node(),
            await hall.node(),
            new_key().session,
            new_key().session,
        )
        assert await right.tenants_refusals(tenant) == []
        for node, sealed in ((left, b"one"), (right, b"\x00two\xff"), (left, b"one")):
            await node.keep_tenants_refusal(tenant, sealed)
        assert await right.tenants_refusals(tenant) == [b"one", b"\x00two\xff", b"one"]
        assert await left.tenants_refusals(other) == []

    async def test_beyond_the_most_the_oldest_of_a_tenants_refusals_go(self, hall: Hall) -> None:
        store, tenant = await hall.node(), new_key().session
        for at in range(MOST_OF_TENANT + 2):
            await store.keep_tenants_refusal(tenant, b"%d" % at)
        kept = await store.tenants_refusals(tenant)
        assert (len(kept), kept[0], kept[-1]) == (MOST_OF_TENANT, b"2", b"%d" % (MOST_OF_TENANT + 1))
