"""A connection that is held by the node while requests come and go: SSE and long-poll.

What goes down is numbered. A stream sends it as it comes; a poll asks for what follows a number. What was sent is
kept for a while, because a stream that a proxy buffers, or a poll whose answer was lost, is asked for again: the
last `KEPT_BYTES`. Who asks for less than that is told to resume. A connection that nobody listens to
for `ORPHANED_S` is over.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from signaling.connection.line import Line
from signaling.hall import Hall

KEPT_BYTES: Final = 512 * 1024
KEPT_ENVELOPES: Final = 1_024
ORPHANED_S: Final = 10.0


class TooLate(Exception):
    """The envelopes after that number are not kept any more."""


class Held:
    """The `Wire` of such a connection. `line` is its line."""

    carries = False
    beat_ms = 0

    def __init__(self, hall: Hall, peer: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._kept: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._last = 0
        self._wanted = 0
        self._listeners = 0
        self._orphaned: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()
        self.ended = False
        """The connection is closed; what it was sent last may still be fetched."""
        self.over = False
        """Nobody fetches anything any more."""
        self.line = Line(hall, self, peer)
        self._abandon_later()

    # --- the wire

    @property
    def writable(self) -> bool:
        """While somebody listens, and not more than is kept for them."""
        return self._listeners > 0 and self._size < KEPT_BYTES

    def send(self, envelopes: Sequence[bytes]) -> None:
        for envelope in envelopes:
            self._last += 1
            self._kept.append((self._last, envelope))
            self._size += len(envelope)
        self._news.set()

    def send_audio(self, envelope: bytes) -> None:
        """Nothing: no sound goes this way."""

    def close(self, code: int, reason: str) -> None:
        self.ended = True
        self._news.set()

    # --- requests

    def listen(self) -> None:
        """A request listens from now on."""
        self._listeners += 1
        if self._orphaned is not None:
            self._orphaned.cancel()
            self._orphaned = None
        self.line.heard()
        self.line.flush()

    def stop_listening(self) -> None:
        """It does no more."""
        self._listeners -= 1
        if self._listeners == 0 and not self.over:
            self._abandon_later()

    def after(self, number: int) -> list[tuple[int, bytes]]:
        """What follows that number. Raises `TooLate`."""
        if number < self._last - len(self._kept) or number > self._last:
            raise TooLate
        return [(each, envelope) for each, envelope in self._kept if each > number]

    def received_up_to(self, number: int) -> None:
        """The client has everything up to there: it need not be kept."""
        while self._kept and self._kept[0][0] <= number:
            self._drop()
        self.line.flush()

    def sent_up_to(self, number: int) -> None:
        """It was written to a stream: kept as long as there is room."""
        while self._kept and self._kept[0][0] <= number and self._over():
            self._drop()
        self.line.flush()

    async def news(self, after: int, timeout_s: float) -> bool:
        """Wait until something follows that number, or the connection has ended; False if nothing came."""
        self._news.clear()
        if self._last > after or self.ended:
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _over(self) -> bool:
        return self._size > KEPT_BYTES // 2 or len(self._kept) > KEPT_ENVELOPES

    def _drop(self) -> None:
        _, envelope = self._kept.popleft()
        self._size -= len(envelope)

    def _abandon_later(self) -> None:
        self._orphaned = self._loop.call_later(ORPHANED_S, self._abandon)

    def _abandon(self) -> None:
        self.ended = self.over = True
        self._news.set()
        self.line.ended("nobody listens")
