"""A part of an answer that is worked at beside others: a specialist, as it were, with words and progress of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from legato.agent.calling import Calls
from legato.agent.tools import Tool
from legato.agent.writing import Writing, progressed
from legato.client import Client
from legato.errors import Refused
from legato.session import commands as c
from legato.session.vocabulary import Outcome


class Child:
    """Opened as a context, within an answer or another child. What is said in it is shown under its title, not spoken.

    Somebody may stop it alone: then its block is left at the next `await`, and what follows the block goes on.
    """

    def __init__(
        self,
        session: Client,
        turn: str,
        path: tuple[str, ...],
        title: str,
        tools: Mapping[str, Tool],
        family: dict[str, Child],
    ) -> None:
        """`path`: the responses that it is a part of, the whole answer first. `family`: all that are open."""
        self.stopped = False
        self._session, self._turn, self._title = session, turn, title
        self._parent, self._tools, self._family = path[-1], tools, family
        self._response = session.new_id("r")
        self._path = (*path, self._response)
        self._writing = Writing(session, self._response, path[0])
        self._calls = Calls(session, turn, self._response, tools, f"\0{title}")
        self._task: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Self:
        """Begin it. Raises `Refused` if the answer is over or being cancelled."""
        await self._session.do(
            c.StartResponse(response=self._response, parent=self._parent, title=self._title)
        )
        self._task = asyncio.current_task()
        self._family[self._response] = self
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """End it, as its block ended."""
        del self._family[self._response]
        outcome: Outcome = "finished"
        if kind is not None:
            outcome = "cancelled" if issubclass(kind, asyncio.CancelledError) else "failed"
        late = self.stopped and outcome != "cancelled"  # it was stopped as its block ended
        if late:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
        mine = self.stopped and self._task is not None and self._task.uncancel() == 0
        await self._end(outcome, kind.__name__ if kind is not None and outcome == "failed" else "")
        if late and not mine:
            raise asyncio.CancelledError
        return mine and outcome == "cancelled"

    async def _end(self, outcome: Outcome, reason: str) -> None:
        with suppress(Refused):  # the answer ended, and this with it
            if outcome == "finished":
                await self._writing.settle()
            await self._writing.drop()
            await self._session.do(c.EndResponse(response=self._response, outcome=outcome, reason=reason))

    def child(self, title: str) -> Child:
        """A part of this part."""
        return Child(self._session, self._turn, self._path, title, self._tools, self._family)

    async def say(self, words: str) -> None:
        """Add words, to be read."""
        await self._writing.add(words, "text")

    async def think(self, words: str) -> None:
        """Add reasoning: shown folded."""
        await self._writing.add(words, "reasoning")

    async def progress(self, text: str = "", *, step: int = 0, steps: int = 0, eta_s: float = 0.0) -> None:
        """Say how far it is: `step` of `steps`, and in how many seconds it may be done."""
        await self._session.do(progressed(self._response, text, step, steps, eta_s))

    async def call(self, name: str, /, **arguments: Any) -> Any:
        """Call a tool of the agent, as `Turn.call` does. Parts of one answer have titles of their own, by which their
        calls are told apart after a crash."""
        await self._writing.end()
        await self._writing.unpaused()
        return await self._calls.call(name, arguments)

    async def halted(self) -> None:
        """What was said before a pause is in the log."""
        await self._writing.halted()

    def resumed(self) -> None:
        """What waited for the end of a pause leaves."""
        self._writing.resumed()

    def stop(self) -> None:
        """Somebody wants no more of it."""
        if not self.stopped and self._task is not None:
            self.stopped = True
            self._task.cancel()
