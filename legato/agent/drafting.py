"""What the agent suggests to the person who answers in its place: `on_draft` is asked, and that person is shown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from legato.agent.turn import Said, words_of
from legato.agent.yielded import reading
from legato.client import Client
from legato.errors import LegatoError
from legato.session import commands as c
from legato.session import limits

log = logging.getLogger("legato.agent")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person who answers was asked. `turn`: its id; `text`: its words; `history`: the conversation, this
    included; `session` is the agent's own."""

    session: Any
    turn: str
    text: str
    history: list[Said]


OnDraft = Callable[[Asked], Awaitable[str] | AsyncIterator[str]]


class Drafting:
    """Asks the author's handler for one draft at a time, once a turn, and stops it when the turn needs none any more:
    it was answered, something newer was said, or the agent answers itself again."""

    def __init__(self, session: Client, handler: OnDraft | None) -> None:
        self._session, self._handler = session, handler
        self._turn = self._wanted = ""
        self._at_work: asyncio.Task[None] | None = None

    def due(self, engagement: Any, turn: str) -> list[Awaitable[None]]:
        """The work that `turn`, which wants a draft ("": none does), makes."""
        self._wanted = turn
        if self._handler is None or turn == self._turn:
            return []
        if self._at_work is not None:
            self._at_work.cancel()
            self._at_work = None
        self._turn = turn or self._turn
        return [self._draft(self._handler, engagement, turn)] if turn else []

    async def _draft(self, handler: OnDraft, engagement: Any, turn: str) -> None:
        if turn != self._wanted:
            return  # answered, or overtaken, before it began
        self._at_work = asyncio.current_task()
        asked = Asked(engagement, turn, words_of(self._session.state, turn), engagement.history)
        try:
            words = (await _written(handler(asked))).strip()[: limits.DRAFT_TEXT]
            if words:
                await self._session.do(c.OfferDraft(draft=self._session.new_id("d"), text=words, turn=turn))
        except LegatoError:
            raise
        except Exception as problem:  # an author's handler may raise whatever: the session goes on
            log.exception("a draft failed", extra={"problem": type(problem).__name__})


async def _written(work: Any) -> str:
    """What a coroutine returns, or what an async generator yields in all."""
    if hasattr(work, "__aiter__"):
        async with reading(work) as said:
            return "".join([words async for words in said])
    return str(await work or "")


__all__ = ["Asked", "Drafting", "OnDraft"]
