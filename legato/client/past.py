"""What was said before the state's window, a page at a time. The twin of `earlier` in `web/src/client/session.ts`."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from legato.client.driver import Ears
from legato.session.state import Entry, State
from legato.wire import down as d
from legato.wire import up as u

PATIENCE_S: Final = 10.0
MOST: Final = 200
"""Entries of a page."""

_numbers: Final = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Earlier:
    """Ended messages and tool calls, oldest first. `before` asks for the page before it; 0: there is none."""

    entries: tuple[Entry, ...]
    before: int


class Asks(Protocol):
    """What it needs of a client."""

    @property
    def on(self) -> Ears: ...
    @property
    def attached(self) -> d.Attached | None: ...
    def until(self, condition: Callable[[State], bool], timeout: float | None = None) -> Awaitable[State]: ...
    def tell(self, envelope: u.Up) -> None: ...


async def earlier(session: Asks, before: int, limit: int) -> Earlier:
    """Up to `limit` entries before that ordinal (0: the newest), asked for anew when the connection breaks. Raises
    `TimeoutError`, `SessionClosed`, `ValueError`."""
    if not 1 <= limit <= MOST or before < 0:
        raise ValueError(f"a page has 1 to {MOST} entries, and ordinals begin at 1")
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await session.until(lambda _: session.attached is not None)
            page = await _asked(session, before, limit)
            if page is not None:
                entries = tuple(msgspec.json.decode(raw, type=Entry) for raw in page.entries)
                return Earlier(entries, page.before)


async def _asked(session: Asks, before: int, limit: int) -> d.HistoryPage | None:
    """None: the connection was gone before the answer came."""
    number = next(_numbers)
    answered: asyncio.Future[d.HistoryPage | None] = asyncio.get_running_loop().create_future()

    def told(envelope: d.Down) -> None:
        if isinstance(envelope, d.HistoryPage) and envelope.id == number and not answered.done():
            answered.set_result(envelope)

    def gone() -> None:
        if not answered.done():
            answered.set_result(None)

    session.on.told.append(told)
    session.on.away.append(gone)
    try:
        session.tell(u.History(id=number, before=before, limit=limit))
        return await answered
    finally:
        session.on.told.remove(told)
        session.on.away.remove(gone)
