"""SSE and long-poll: for those whose network lets no WebSocket through.

    POST /v1/attach   the first envelope; answered by a stream of `id:` and `data:` lines, with a beat each second
                      (`Accept: application/json`: answered like a poll, for those behind a proxy that buffers)
    POST /v1/poll     what follows a number, or nothing after a while
    POST /v1/up       an array of envelopes

A stream's beat is a comment line: a client that sees none for 2 s has a proxy in between that keeps what should
pass, and polls.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from aiohttp import web

from legato.wire.strict import MAX_BYTES, BadJson, check
from signaling.connection.held import Held, TooLate
from signaling.hall import Hall
from signaling.http import bodies
from signaling.http.access import bearer, read_bytes, read_json
from signaling.http.errors import Refused, json_response
from signaling.http.guard import PEER, stream_headers
from signaling.http.routes import Route

BEAT_S: Final = 1.0
MOST_POLL_MS: Final = 25_000
FIRST_ANSWER_S: Final = 6.0
WRITE_S: Final = 30.0

_array: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Streams:
    """See the module."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._held: dict[str, Held] = {}

    def routes(self) -> list[Route]:
        """The verbs."""
        return [
            Route(
                method="POST",
                path="/v1/attach",
                name="attachStream",
                says="Attach or resume over a stream of events",
                handler=self.attach,
                by="",
                takes="application/json",
                gives="text/event-stream",
            ),
            Route(
                method="POST",
                path="/v1/up",
                name="sendUp",
                says="Send envelopes up",
                handler=self.up,
                by="connection",
                takes="application/json",
                gives=bodies.Taken,
            ),
            Route(
                method="POST",
                path="/v1/poll",
                name="poll",
                says="Wait for envelopes",
                handler=self.poll,
                by="connection",
                takes=bodies.Poll,
                gives=bodies.Polled,
            ),
        ]

    async def attach(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/attach`"""
        if request.content_type != "application/json":
            raise Refused("unsupported", "application/json")
        first = await read_bytes(request, MAX_BYTES)
        held = Held(self._hall, request[PEER])
        self._forget_ended()
        self._held[held.line.connection] = held
        held.line.received(first)
        if request.headers.get("Accept", "").partition(";")[0].strip() == "application/json":
            return await self._answer(held, 0, FIRST_ANSWER_S)
        return await self._stream(request, held)

    async def up(self, request: web.Request) -> web.Response:
        """`POST /v1/up`"""
        held = self._of(bearer(request))
        raw = await read_bytes(request, MAX_BYTES)
        try:
            check(raw)
            envelopes = _array.decode(raw)
        except BadJson as bad:
            raise Refused("malformed", bad.problem) from None
        except msgspec.DecodeError:
            raise Refused("malformed", "an array of envelopes") from None
        for envelope in envelopes:
            held.line.received(bytes(envelope))
        held.line.heard()
        return json_response(bodies.Taken(len(envelopes)))

    async def poll(self, request: web.Request) -> web.Response:
        """`POST /v1/poll`"""
        body = await read_json(request, bodies.Poll)
        if bearer(request) != body.connection:
            raise Refused("connection_unknown")
        held = self._of(body.connection)
        return await self._answer(held, body.after, min(max(body.wait_ms, 0), MOST_POLL_MS) / 1000)

    def _of(self, connection: str) -> Held:
        held = self._held.get(connection)
        if held is None or held.over:
            raise Refused("connection_unknown")
        return held

    async def _answer(self, held: Held, after: int, wait_s: float) -> web.Response:
        held.listen()
        try:
            held.received_up_to(after)
            await held.news(after, wait_s)
            envelopes = held.after(after)
        except TooLate:
            raise Refused("connection_gone", "resume") from None
        finally:
            held.stop_listening()
        last = envelopes[-1][0] if envelopes else after
        return json_response({"envelopes": [msgspec.Raw(each) for _, each in envelopes], "after": last})

    async def _stream(self, request: web.Request, held: Held) -> web.StreamResponse:
        headers = stream_headers(request) | {
            "Content-Type": "text/event-stream; charset=utf-8",
            "X-Accel-Buffering": "no",
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        held.listen()
        number = 0
        try:
            while True:
                if not await held.news(number, BEAT_S):
                    await write_block(response, b": beat\n\n")
                    continue
                envelopes = held.after(number)
                if envelopes:
                    await write_block(response, b"".join(b"id:%d\ndata:%b\n\n" % each for each in envelopes))
                    number = envelopes[-1][0]
                    held.sent_up_to(number)
                elif held.ended:
                    break
        except (ConnectionError, TimeoutError, TooLate):
            pass
        finally:
            held.stop_listening()
        return response

    def _forget_ended(self) -> None:
        for connection, held in tuple(self._held.items()):
            if held.over:
                del self._held[connection]


async def write_block(response: web.StreamResponse, block: bytes) -> None:
    async with asyncio.timeout(WRITE_S):
        await response.write(block)
