"""What every store is held to: what was refused in a session and of a tenant, for the audit."""

from __future__ import annotations

from hub.store.promise import SessionKey, Store
from hub.store.refusing import MOST_OF_TENANT, MOST_REFUSALS, KeptRefusals
from tests.hub.store.writing import created, new_key
from tests.support.stores import Hall

NOTHING = KeptRefusals()


async def kept(store: Store, key: SessionKey, *records: bytes) -> None:
    """These, one after the other, each behind the head there is."""
    for record in records:
        head = (await store.refusals(key)).head + b"h"
        assert await store.keep_refusal(key, record, head[:-1], head) == head


class RefusalsContract:
    """A short list a session, and one a tenant."""

    async def test_refusals_are_kept_in_order_for_every_node_and_of_their_session(self, hall: Hall) -> None:
        left, right, key, other = await hall.node(), await hall.node(), new_key(), new_key()
        for each in (key, other):
            await created(left, each)
        assert await right.refusals(key) == NOTHING
        for node, record in ((left, b"one"), (right, b"\x00two\xff"), (left, b"one")):
            await kept(node, key, record)
        assert await right.refusals(key) == KeptRefusals(b"hhh", (b"one", b"\x00two\xff", b"one"))
        assert await left.refusals(other) == NOTHING

    async def test_a_refusal_behind_another_head_is_not_kept_and_told_which_one_there_is(
        self, hall: Hall
    ) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        assert await store.keep_refusal(key, b"early", b"none yet", b"head") == b""
        assert await store.keep_refusal(key, b"one", b"", b"\x00first") == b"\x00first"
        assert await store.keep_refusal(key, b"two", b"", b"second") == b"\x00first"
        assert await store.refusals(key) == KeptRefusals(b"\x00first", (b"one",))

    async def test_beyond_the_most_the_oldest_refusals_go(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        before = b""
        for at in range(MOST_REFUSALS + 2):
            head = b"%d" % at
            assert await store.keep_refusal(key, head, before, head) == head
            before = head
        records = (await store.refusals(key)).records
        assert (len(records), records[0], records[-1]) == (MOST_REFUSALS, b"2", b"%d" % (MOST_REFUSALS + 1))

    async def test_where_no_session_is_and_where_one_was_erased_no_refusal_is_kept(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        assert await store.keep_refusal(key, b"one", b"", b"h") is None
        await created(store, key)
        await kept(store, key, b"one")
        await store.erase(key, 60)
        assert await store.refusals(key) == NOTHING
        assert await store.keep_refusal(key, b"two", b"", b"h") is None
        assert await store.refusals(key) == NOTHING

    async def test_refusals_lie_beside_the_log_and_change_nothing_in_it(self, hall: Hall) -> None:
        store, key = await hall.node(), new_key()
        await created(store, key)
        before = await store.join(key)
        await kept(store, key, b"one")
        assert await store.join(key) == before

    async def test_a_tenants_refusals_are_kept_in_order_for_every_node_and_of_their_tenant(
        self, hall: Hall
    ) -> None:
        left, right = await hall.node(), await hall.node()
        tenant, other = new_key().session, new_key().session
        assert await right.tenants_refusals(tenant) == NOTHING
        assert await left.keep_tenants_refusal(tenant, b"one", b"", b"1") == b"1"
        assert await right.keep_tenants_refusal(tenant, b"\x00two\xff", b"", b"2") == b"1"
        assert await right.keep_tenants_refusal(tenant, b"\x00two\xff", b"1", b"2") == b"2"
        assert await left.tenants_refusals(tenant) == KeptRefusals(b"2", (b"one", b"\x00two\xff"))
        assert await left.tenants_refusals(other) == NOTHING

    async def test_beyond_the_most_the_oldest_of_a_tenants_refusals_go(self, hall: Hall) -> None:
        store, tenant, before = await hall.node(), new_key().session, b""
        for at in range(MOST_OF_TENANT + 2):
            head = b"%d" % at
            assert await store.keep_tenants_refusal(tenant, head, before, head) == head
            before = head
        records = (await store.tenants_refusals(tenant)).records
        assert (len(records), records[0], records[-1]) == (MOST_OF_TENANT, b"2", before)
