"""What a tenant's sessions cost, by day; erased ones, too."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Final

from aiohttp import web

from hub.store.promise import Store
from signaling.http import bodies
from signaling.http.access import Access
from signaling.http.errors import Refused, json_response
from signaling.http.routes import Route

FIRST: Final = date.min.isoformat()
LAST: Final = date.max.isoformat()


class Spending:
    """See the module."""

    def __init__(self, access: Access, store: Store) -> None:
        self._access, self._store = access, store

    def routes(self) -> list[Route]:
        """The verbs."""
        return [
            Route(
                method="GET", path="/v1/usage", name="readUsage", says="What the tenant's sessions used, by day",
                handler=self.usage, gives=bodies.UsageAnswer,
                query=(("from", "the first day, as 2026-11-29"), ("to", "the last day")),
            ),
        ]  # fmt: skip

    async def usage(self, request: web.Request) -> web.Response:
        """`GET /v1/usage`"""
        ticket = self._access.whole(request)
        first, last = _day(request, "from", FIRST), _day(request, "to", LAST)
        found = await self._store.accounts(ticket.tenant, first, last)
        days = [bodies.UsedOnDay(each.day, **asdict(each.used), sessions=each.sessions) for each in found]
        return json_response(bodies.UsageAnswer(days))


def _day(request: web.Request, name: str, usual: str) -> str:
    said = request.query.get(name, usual)
    try:
        return date.fromisoformat(said).isoformat()
    except ValueError:
        raise Refused("malformed", "a day, as 2026-11-29", name) from None
