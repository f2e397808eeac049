"""Who attends, for the agent's author: told when it changes, one change after the other, the newest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from legato.agent.guarding import called, guarded
from legato.session.audience import Attendee, audience
from legato.session.state import State

OnAudience = Callable[[Any, tuple[Attendee, ...]], Awaitable[None]]


class Attending:
    """See the module. What was so when the agent came is no change."""

    def __init__(self, handler: OnAudience | None) -> None:
        self._handler = handler
        self._now: tuple[Attendee, ...] | None = None
        self._news = asyncio.Event()

    def look(self, state: State) -> None:
        """The session is so now."""
        found = audience(state) if self._handler is not None else ()
        if self._now is not None and found != self._now:
            self._news.set()
        self._now = found

    async def watch(self, engagement: Any) -> None:
        """Tell the handler, until cancelled."""
        told = self._now
        while self._handler is not None:
            await self._news.wait()
            self._news.clear()
            if self._now is not None and self._now != told:
                told = self._now
                await guarded(called(self._handler, engagement, told))
