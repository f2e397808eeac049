"""What a console shows, told when it changes: the queue, the board, and to supervisors who helps.

    GET /v1/feed      a stream of `data:` lines, each what changed (`FeedAnswer`), with a beat each second

Who asks has the rights that the three verbs ask for, looked at anew each second: a stream ends with its ticket. All
streams of a node look in the same moment and share what they see, so ten consoles cost it what one does. A stream's
beat is a comment line: a client that sees none for 3 s asks the verbs instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
from aiohttp import web

from hub.keys.errors import KeysError
from hub.store.promise import StoreUnavailable
from signaling.hall import Hall
from signaling.http import bodies
from signaling.http.access import number
from signaling.http.board import Board
from signaling.http.errors import Refused
from signaling.http.guard import stream_headers
from signaling.http.routes import Route
from signaling.http.streams import write_block

EACH_MS: Final = 1_000
MOST_PAGES: Final = 10
BEAT: Final = b": beat\n\n"


class FeedAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What changed of what a console shows: as `queue`, `board` and (for supervisors) `operators` answer; what is left
    out is as it was."""

    queue: bodies.BoardAnswer | None = None
    board: bodies.BoardAnswer | None = None
    operators: bodies.OperatorsAnswer | None = None


class Feed:
    """See the module. `now`: monotonic ms."""

    def __init__(self, board: Board, hall: Hall, now: Callable[[], int]) -> None:
        self._board, self._hall, self._now = board, hall, now

    def routes(self) -> list[Route]:
        """The verb."""
        return [
            Route(
                method="GET", path="/v1/feed", name="readFeed",
                says="The queue, what goes on and (for supervisors) who helps, as they change", handler=self.feed,
                gives="text/event-stream", query=(("pages", f"of the board, 1 to {MOST_PAGES}"),),
            ),
        ]  # fmt: skip

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/feed`"""
        pages = number(request, "pages", 1, 1, MOST_PAGES)
        told = FeedAnswer()
        seen = await self._seen(request, pages)
        headers = stream_headers(request) | {
            "Content-Type": "text/event-stream; charset=utf-8",
            "X-Accel-Buffering": "no",
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        try:
            while not self._hall.draining:  # then another node is to be asked
                news = _changed(told, seen)
                told = seen
                await write_block(response, BEAT if news is None else b"data:%b\n\n" % news)
                # All of them in the same moment: they share a look.
                await asyncio.sleep((EACH_MS - self._now() % EACH_MS) / 1000)
                seen = await self._seen(request, pages)
        except (ConnectionError, TimeoutError, Refused, KeysError, StoreUnavailable):
            pass  # who asks again is told why
        return response

    async def _seen(self, request: web.Request, pages: int) -> FeedAnswer:
        ticket, _ = await self._board.asked(request)
        return FeedAnswer(
            await self._board.waiting(ticket),
            await self._board.goes_on(ticket, pages),
            await self._board.helpers(ticket) if ticket.role == "supervisor" else None,
        )


def _changed(told: FeedAnswer, seen: FeedAnswer) -> bytes | None:
    """What is not as it was told; None: all is. (That the clock of who helps went on is no change.)"""
    helps = seen.operators
    if helps is not None and told.operators is not None and told.operators.operators == helps.operators:
        helps = None
    news = FeedAnswer(
        seen.queue if seen.queue != told.queue else None,
        seen.board if seen.board != told.board else None,
        helps,
    )
    return None if news == FeedAnswer() else msgspec.json.encode(news)
