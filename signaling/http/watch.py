"""What watches the node: whether it lives, whether it is ready for more, and its counters."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from hub.metrics import CONTENT_TYPE
from hub.node.promise import Node
from signaling.admission import Admission
from signaling.hall import Hall
from signaling.http import bodies
from signaling.http.errors import Refused, json_response
from signaling.http.routes import Route
from signaling.http.this_machine import from_here


class Watch:
    """See the module. `crowded()` says whether the sockets are nearly used up, or callers are not heard; `expose()` is
    the counters."""

    def __init__(
        self,
        node: Node,
        hall: Hall,
        admission: Admission,
        crowded: Callable[[], bool],
        expose: Callable[[], bytes],
    ) -> None:
        self._node = node
        self._hall = hall
        self._admission = admission
        self._crowded = crowded
        self._expose = expose

    def routes(self) -> list[Route]:
        """The verbs."""
        return [
            Route(
                method="GET", path="/healthz", name="healthz", says="Whether the node lives",
                handler=self.healthz, by="", gives=bodies.Health,
            ),
            Route(
                method="GET", path="/readyz", name="readyz",
                says="Whether the node takes newcomers: not before it is full, nor while it drains",
                handler=self.readyz, by="", gives=bodies.Health,
            ),
            Route(
                method="GET", path="/metrics", name="metrics",
                says="Counters for Prometheus; only from this machine itself",
                handler=self.metrics, by="", gives="text/plain",
            ),
        ]  # fmt: skip

    def unready(self) -> str:
        """Why newcomers should go elsewhere ("": they should not)."""
        if self._hall.draining or self._node.draining:
            return "draining"
        if not self._admission.ready or self._crowded():
            return "overloaded"
        return ""

    async def healthz(self, _: web.Request) -> web.Response:
        """`GET /healthz`"""
        return json_response(bodies.Health(True))

    async def readyz(self, _: web.Request) -> web.Response:
        """`GET /readyz`"""
        reason = self.unready()
        return json_response(bodies.Health(not reason, reason), 503 if reason else 200)

    async def metrics(self, request: web.Request) -> web.Response:
        """`GET /metrics`"""
        if not from_here(request):
            raise Refused("not_found")
        return web.Response(body=self._expose(), headers={"Content-Type": CONTENT_TYPE})
