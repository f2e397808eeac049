"""What a tenant's sessions cost, by day: in memory."""

from __future__ import annotations

from hub.store.accounting import CLOSED_MS, Spent, Used, figures
from hub.store.model.server import ModelServer
from hub.store.promise import SessionKey


class AccountsSide:
    """See the promise."""

    server: ModelServer

    async def account(self, key: SessionKey, day: str, used: Used) -> None:
        contents = self.server.contents
        for gone in [each for each, at in contents.closed.items() if at <= self.server.clock() - CLOSED_MS]:
            contents.counted.pop(gone, None)
            del contents.closed[gone]
        known = contents.counted.get(key)
        before = figures(known or Used())
        after = tuple(map(max, before, figures(used)))
        contents.counted[key] = Used(*after)
        days = contents.days.setdefault(key.tenant, {})
        spent = days.get(day, Spent(day, Used(), 0))
        sums = (was + new - old for was, new, old in zip(figures(spent.used), after, before, strict=True))
        days[day] = Spent(day, Used(*sums), spent.sessions + (known is None))

    async def close_account(self, key: SessionKey) -> None:
        if key in self.server.contents.counted:
            self.server.contents.closed.setdefault(key, self.server.clock())

    async def accounts(self, tenant: str, first: str, last: str) -> list[Spent]:
        days = self.server.contents.days.get(tenant, {})
        return [days[day] for day in sorted(days) if first <= day <= last]
