"""A verb of the HTTP door: the router and the OpenAPI description are both made of these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`takes` and `gives` are the types of the bodies (None: none; a text: a media type). `query` names what may
    stand in the URL, with what it means. `by` says what stands in `Authorization`."""

    method: str
    path: str
    name: str
    says: str
    handler: Handler
    by: str = "ticket"
    takes: Any = None
    gives: Any = None
    status: int = 200
    query: tuple[tuple[str, str], ...] = ()


def add_routes(app: web.Application, routes: list[Route]) -> None:
    """Serve them. HEAD is not answered: nothing here is for caches."""
    for route in routes:
        if route.method == "GET":
            app.router.add_get(route.path, route.handler, allow_head=False, name=route.name)
        else:
            app.router.add_route(route.method, route.path, route.handler, name=route.name)
