"""Subscribing to Web Push by HTTP: what a browser says becomes what its participant may put into the session."""

from __future__ import annotations

from aiohttp import web

from hub.node.entries import Keys
from hub.node.subscription import name_of, sealed
from signaling.http import bodies
from signaling.http.access import Access, read_json
from signaling.http.errors import Refused, json_response
from signaling.http.routes import Route
from signaling.pushes import Pushes, SubscriptionInvalid


class Pushing:
    """See the module. Who subscribes is known by the connection whose secret the request shows."""

    def __init__(self, access: Access, keys: Keys, pushes: Pushes | None) -> None:
        self._access, self._keys, self._pushes = access, keys, pushes

    def routes(self) -> list[Route]:
        """The verbs."""
        return [
            Route(
                method="POST", path="/v1/sessions/{session}/pushes", name="sealPush",
                says="Get what to subscribe a browser with", handler=self.seal, by="connection",
                takes=bodies.PushAsked, gives=bodies.PushSealed, status=201,
            )
        ]  # fmt: skip

    async def seal(self, request: web.Request) -> web.Response:
        """`POST /v1/sessions/{session}/pushes`"""
        line = self._access.line(request)
        if line.arrival is None or line.arrival.room.key.session != request.match_info["session"]:
            raise Refused("not_found")
        body = await read_json(request, bodies.PushAsked)
        if self._pushes is None:
            raise Refused("unavailable", "this hub pushes nothing")
        try:
            said = self._pushes.subscription(body.endpoint, body.p256dh, body.auth)
        except SubscriptionInvalid as invalid:
            raise Refused("malformed", str(invalid), invalid.field) from None
        key, participant = line.arrival.room.key, line.arrival.actor.participant
        name = name_of(participant, said)
        sealer = await self._keys.sealer(key.tenant, key.session)
        return json_response(bodies.PushSealed(name, sealed(sealer, participant, name, said)), 201)
