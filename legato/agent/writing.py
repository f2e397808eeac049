"""The words of one answer on their way into the log: in order, a few deltas in flight, none while it is paused."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from legato.client import Client
from legato.errors import Refused
from legato.session import commands as c
from legato.session.parts import Part

IN_FLIGHT: Final = 8
"""Deltas on the way before words wait and travel together."""

HELD_BACK: Final = 8_000
"""Characters that wait before whoever says more waits, too."""

LONGEST: Final = 8_000
"""Characters of one delta: in whatever script, and escaped as JSON, fewer bytes than it, its event and its envelope may
have. Words that are longer leave in several."""


def progressed(response: str, text: str, step: int, steps: int, eta_s: float) -> c.ProgressResponse:
    """How far it is, as it is said."""
    return c.ProgressResponse(
        response=response, text=text, step=step, steps=steps, eta_ms=round(eta_s * 1000)
    )


class Writing:
    """One message after another within a response. Raises `Refused` as soon as something of it was refused."""

    def __init__(self, session: Client, response: str, whole: str = "") -> None:
        """Within `response`, which may be a part of the answer `whole`: that is what is paused."""
        self.message = ""
        self._whole = whole or response
        self._begun = False
        self._session, self._response = session, response
        self._index = 0
        self._part: tuple[int, str] = (-1, "")
        self._waiting: list[str] = []
        self._flight: set[asyncio.Future[str]] = set()
        self._problem: Refused | None = None

    @property
    def paused(self) -> bool:
        """Whether somebody paused the answer."""
        return self._session.state.paused == self._whole

    @property
    def leaving(self) -> bool:
        """Whether all that was said is on its way, or in the log, and not all of it is there yet."""
        return bool(self._flight) and not self._waiting

    async def unpaused(self) -> None:
        """Wait until it goes on."""
        if self.paused:
            await self._session.until(lambda state: state.paused != self._whole)

    async def begin(self, *, brought: bool = False) -> None:
        """A message is open; `brought`: its sound comes from us."""
        self._name()
        if not self._begun:
            self._begun = True
            await self._session.do(
                c.StartMessage(message=self.message, response=self._response, brought=brought)
            )

    async def add(self, words: str, kind: Literal["text", "reasoning"]) -> None:
        """Say more; returns when there is room for the next."""
        if not words:
            return
        await self.unpaused()
        self._name()
        if self._part[1] != kind:
            await self.settle()
            self._part = (self._part[0] + 1, kind)
        self._waiting.append(words)
        self._flush(IN_FLIGHT)
        while len(self._flight) >= 4 * IN_FLIGHT or sum(map(len, self._waiting)) > HELD_BACK:
            await self._moved()
        self._check()

    async def show(self, part: Part) -> None:
        """A whole part behind what was said."""
        await self.settle()
        await self.unpaused()
        await self.begin()
        await self._session.do(c.AddPart(message=self.message, part=part))
        self._part = (self._part[0] + 1, part.kind)

    async def settle(self) -> None:
        """Everything that was said is in the log."""
        while self._flight or self._waiting:
            await self._moved()
        self._check()

    async def end(self) -> None:
        """The message that is open is finished."""
        if self.message:
            await self.settle()
            await self._session.do(c.EndMessage(message=self.message, outcome="finished"))
            self._over()

    async def halted(self) -> None:
        """What is on its way has come. Nothing follows it while the answer is paused."""
        if self._flight:
            await asyncio.wait(self._flight)

    def resumed(self) -> None:
        """What waits leaves now."""
        self._flush(IN_FLIGHT)

    async def drop(self) -> None:
        """No more of it: what waits is forgotten, what is on its way has come."""
        self._waiting.clear()
        await self.halted()
        self._over()

    # --- inside

    def _name(self) -> None:
        """A message is named; its first words begin it, so that they come a round trip sooner."""
        if not self.message:
            self.message = self._session.new_id("m")
            self._index, self._part = 0, (-1, "")

    def _over(self) -> None:
        self.message, self._begun = "", False

    async def _moved(self) -> None:
        """Something came, or the answer goes on."""
        self._flush(IN_FLIGHT)
        if self._flight:
            await asyncio.wait(self._flight, return_when=asyncio.FIRST_COMPLETED)
        else:
            await self.unpaused()

    def _flush(self, limit: int) -> None:
        while self._waiting and len(self._flight) < limit and not self.paused:
            words = "".join(self._waiting)
            self._waiting = [words[LONGEST:]] if len(words) > LONGEST else []
            self._grow(words[:LONGEST])

    def _grow(self, words: str) -> None:
        part, kind = self._part
        grow = c.GrowMessage(
            message=self.message,
            index=self._index,
            text=words,
            part=part,
            kind="reasoning" if kind == "reasoning" else "text",
        )
        self._index += 1
        start = c.StartMessage(message=self.message, response=self._response)
        future = self._session.begin(*(() if self._begun else (start,)), grow)
        self._begun = True
        self._flight.add(future)
        future.add_done_callback(self._landed)

    def _landed(self, future: asyncio.Future[str]) -> None:
        self._flight.discard(future)
        problem = None if future.cancelled() else future.exception()
        if isinstance(problem, Refused):
            self._problem = self._problem or problem
            self._waiting.clear()  # what follows a delta that is missing would be refused as well
        elif problem is None:
            self._flush(IN_FLIGHT)

    def _check(self) -> None:
        if self._problem is not None:
            raise self._problem
