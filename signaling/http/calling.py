"""Calls by HTTP: an SDP offer, answered."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from media.voice.rest import Report
from signaling.connection.line import Line
from signaling.http import bodies
from signaling.http.access import Access, read_json
from signaling.http.errors import Refused, json_response
from signaling.http.routes import Route
from signaling.voice.calls import AskedTicket, Calls, CallsFull, OfferRefused

MOST_SDP: Final = 32_768
FULL_MS: Final = 10_000
"""What a node that is full takes to be itself again, at least."""


class Calling:
    """See the module. Who calls is known by the connection whose secret the request shows."""

    def __init__(self, access: Access, calls: Calls | None) -> None:
        self._access = access
        self._calls = calls

    def routes(self) -> list[Route]:
        """The verbs."""
        return [
            Route(
                method="POST", path="/v1/sessions/{session}/calls", name="offerCall",
                says="Offer a call", handler=self.offer, by="connection",
                takes=bodies.OfferCall, gives=bodies.CallAnswered, status=201,
            ),
            Route(
                method="POST", path="/v1/sessions/{session}/calls/tickets", name="callTicket",
                says="Get a ticket to call by without asking", handler=self.ticket, by="connection",
                takes=bodies.AskCallTicket, gives=bodies.CallTicketGiven, status=201,
            ),
            Route(
                method="DELETE", path="/v1/sessions/{session}/calls/{call}", name="hangUp",
                says="End a call", handler=self.hang_up, by="connection", status=204,
            ),
        ]  # fmt: skip

    async def offer(self, request: web.Request) -> web.Response:
        """`POST /v1/sessions/{session}/calls`"""
        calls, line = self._of(request)
        body = await read_json(request, bodies.OfferCall)
        if len(body.sdp) > MOST_SDP:
            raise Refused("too_large", field="sdp")
        try:
            answered = await calls.offer(line, body.sdp, _report(body.heard), again=body.again)
        except OfferRefused as refused:
            raise Refused("malformed", refused.detail, "sdp") from None
        except CallsFull:
            detail = "this node hears no more calls: try another, or later"
            raise Refused("overloaded", detail, "calls", retry_after_ms=FULL_MS) from None
        return json_response(bodies.CallAnswered(answered.call, answered.sdp, answered.track), 201)

    async def ticket(self, request: web.Request) -> web.Response:
        """`POST /v1/sessions/{session}/calls/tickets`"""
        calls, line = self._of(request)
        body = await read_json(request, bodies.AskCallTicket)
        try:
            asked = AskedTicket(body.fingerprint, body.payload_type, body.level_extension, body.waits)
            given = calls.ticket(line, asked)
        except OfferRefused as refused:
            raise Refused("malformed", refused.detail) from None
        later = None
        if (after := given.next) is not None:
            later = bodies.NextCallTicket(after.ufrag, after.password, after.fingerprint, after.expires)
        shown = bodies.CallTicketGiven(
            given.ufrag, given.password, given.fingerprint, given.ssrc,
            [bodies.CallCandidate(*one) for one in given.candidates], given.expires,
            later,
        )  # fmt: skip
        return json_response(shown, 201)

    async def hang_up(self, request: web.Request) -> web.Response:
        """`DELETE /v1/sessions/{session}/calls/{call}`"""
        calls, line = self._of(request)
        if not await calls.hang_up(line, request.match_info["call"]):
            raise Refused("not_found")
        return web.Response(status=204)

    def _of(self, request: web.Request) -> tuple[Calls, Line]:
        line = self._access.line(request)
        if line.arrival is None or line.arrival.room.key.session != request.match_info["session"]:
            raise Refused("not_found")
        if not line.arrival.ticket.allows("publish"):
            self._access.forbidden(line.arrival.room.key, line.arrival.ticket, "publish", "a call")
            raise Refused("not_allowed")
        if self._calls is None:
            raise Refused("unavailable", "this hub has no sound")
        return self._calls, line


def _report(heard: bodies.Heard | None) -> Report | None:
    if heard is None:
        return None
    if heard.samples < 0 or heard.ago < 0:
        raise Refused("malformed", "samples and milliseconds are counted from 0", "heard")
    return Report(heard.message, heard.samples, heard.ago, heard.then)
