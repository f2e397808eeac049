"""Events for an agent's `on_event`: each once, in the order of the log, one after another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from legato.agent.guarding import called, guarded
from legato.session.events import Event, Unknown

log = logging.getLogger("legato.agent")
OnEvent = Callable[[Any, Event], Awaitable[None]]

MOST_WAITING: Final = 10_000
"""Events that wait for a handler that is slower than the session; what comes beyond is not given to it."""


class Listening:
    """See the module. A handler that fails is told of the next event all the same."""

    def __init__(self, handler: OnEvent | None) -> None:
        self._handler = handler
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(MOST_WAITING)

    def heard(self, events: Sequence[Event | Unknown]) -> None:
        """These came. What this version does not know is not told."""
        if self._handler is None:
            return
        for event in events:
            if isinstance(event, Unknown):
                continue
            if self._waiting.full():
                log.error("an event was not told: the handler is too slow", extra={"offset": event.offset})
            else:
                self._waiting.put_nowait(event)

    async def tell(self, engagement: Any) -> None:
        """Tell the handler, until cancelled."""
        while self._handler is not None:
            event = await self._waiting.get()
            await guarded(called(self._handler, engagement, event))
