"""What every store is held to: what a tenant's sessions cost."""

from __future__ import annotations

import asyncio

from hub.store.accounting import Spent, Used
from hub.store.promise import SessionKey
from tests.hub.store.writing import new_key
from tests.support.stores import Hall


class AccountsContract:
    """Totals a tenant and day."""

    async def test_what_is_more_than_before_is_added_to_the_day_once_whoever_says_it(
        self, hall: Hall
    ) -> None:
        left, right = await hall.node(), await hall.node()
        tenant, other = new_key().session, new_key().session
        one, two = SessionKey(tenant, "s_1"), SessionKey(tenant, "s_2")
        assert await left.accounts(tenant, "", "9") == []
        said = [
            (one, "2026-01-01", Used(5, 7, 100, 1)),
            (two, "2026-01-01", Used(1)),
            (one, "2026-01-02", Used(6, 9, 100, 1)),
        ]
        for _ in range(2):
            for key, day, used in said:
                await asyncio.gather(left.account(key, day, used), right.account(key, day, used))
        await right.account(one, "2026-01-03", Used(2, 20))  # an older figure of one kind, a newer of another
        first, second, third = await right.accounts(tenant, "", "9")
        assert first == Spent("2026-01-01", Used(6, 7, 100, 1), 2)
        assert second == Spent("2026-01-02", Used(1, 2), 0)
        assert third == Spent("2026-01-03", Used(0, 11), 0)
        assert await left.accounts(tenant, "2026-01-02", "2026-01-02") == [second]
        assert await left.accounts(other, "", "9") == []

    async def test_great_figures_are_added_exactly(self, hall: Hall) -> None:
        store, key = await hall.node(), SessionKey(new_key().session, "s_1")
        for tokens in (1, 10**15, 10**15 + 1):
            await store.account(key, "2026-01-01", Used(tokens))
        assert await store.accounts(key.tenant, "", "9") == [Spent("2026-01-01", Used(10**15 + 1), 1)]

    async def test_an_erased_session_stays_in_the_totals_and_is_not_counted_anew(self, hall: Hall) -> None:
        store, key = await hall.node(), SessionKey(new_key().session, "s_1")
        await store.close_account(key)
        await store.account(key, "2026-01-01", Used(5))
        await store.close_account(key)
        await store.account(key, "2026-01-01", Used(5))
        assert await store.accounts(key.tenant, "", "9") == [Spent("2026-01-01", Used(5), 1)]
