"""What a tenant's sessions cost, by day: on a real store."""

from __future__ import annotations

from collections import defaultdict

from hub.store.accounting import CLOSED_MS, NAMES, Spent, Used, figures
from hub.store.asking import Asking
from hub.store.layout import of_tenant
from hub.store.promise import SessionKey


class AccountsSide(Asking):
    """See the promise. A field of the days is `DAY/NAME`."""

    async def account(self, key: SessionKey, day: str, used: Used) -> None:
        keys = [of_tenant(key.tenant, each) for each in ("counted", "days", "closed")]
        await self.call("account", keys, key.session, day, " ".join(NAMES[:-1]), CLOSED_MS, *figures(used))

    async def close_account(self, key: SessionKey) -> None:
        keys = [of_tenant(key.tenant, each) for each in ("counted", "closed")]
        await self.call("close_account", keys, key.session)

    async def accounts(self, tenant: str, first: str, last: str) -> list[Spent]:
        days: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for field, count in (await self._connection.ask("HGETALL", of_tenant(tenant, "days"))).items():
            day, _, name = field.decode().partition("/")
            if first <= day <= last:
                days[day][name] = int(count)
        return [_spent(day, days[day]) for day in sorted(days)]


def _spent(day: str, counts: dict[str, int]) -> Spent:
    *used, sessions = (counts.get(name, 0) for name in NAMES)
    return Spent(day, Used(*used), sessions)
