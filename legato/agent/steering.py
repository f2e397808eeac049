"""What an agent does about what people ask of an answer in progress, and that it says so.

A pause needs nothing of the handler: `say` waits, and the pause is answered when the last word has landed. An answer
names its request: who went on and paused again meanwhile waits for the second pause's. A direction is the author's to
take (`on_steer`); an agent without that hook says that it takes none.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from legato.agent.duties import Duties
from legato.agent.turn import Turn
from legato.client import Client
from legato.errors import LegatoError
from legato.session import commands as c
from legato.session.vocabulary import Steering as Asked

log = logging.getLogger("legato.agent")
OnSteer = Callable[[Turn, str], Awaitable[str | None]]

NO_DIRECTIONS: Final = "this agent takes no directions while it answers"
STEERED: Final = "it goes on that way"
MOST_DETAIL: Final = 200


class Steering:
    """See the module."""

    def __init__(self, session: Client, on_steer: OnSteer | None) -> None:
        self._turns: dict[str, Turn] = {}
        self._session, self._on_steer = session, on_steer
        self._taken: set[tuple[str, int]] = set()  # each request by its offset: once is enough

    def begun(self, response: str, turn: Turn) -> None:
        """The answer is in progress."""
        self._turns[response] = turn

    def stop(self, response: str) -> None:
        """Somebody stops a part of an answer."""
        for turn in self._turns.values():
            if (child := turn.children.get(response)) is not None:
                child.stop()

    def ended(self, response: str) -> None:
        """It is over, and whatever was asked of it."""
        self._turns.pop(response, None)
        self._taken = {each for each in self._taken if each[0] != response}

    def due(self, duty: Duties) -> list[Awaitable[None]]:
        """What is to be done now and is not being done already."""
        work: list[Awaitable[None]] = []
        for response, asked, at in duty.pausing:
            if (turn := self._claimed(response, at)) is not None:
                work.append(self._paced(turn, response, asked, at))
        for response, text, at in duty.steer:
            if (turn := self._claimed(response, at)) is not None:
                work.append(self._steered(turn, response, text, at))
        return work

    def _claimed(self, response: str, at: int) -> Turn | None:
        turn = self._turns.get(response)
        if turn is None or (response, at) in self._taken:
            return None
        self._taken.add((response, at))
        return turn

    async def _paced(self, turn: Turn, response: str, asked: Asked, at: int) -> None:
        if asked == "pause":
            await turn.halted()
            await self._say(response, asked, at, True, "no more words until it goes on")
        else:
            turn.resumed()
            await self._say(response, asked, at, True, "it goes on from the same word")

    async def _steered(self, turn: Turn, response: str, text: str, at: int) -> None:
        if self._on_steer is None:
            await self._say(response, "steer", at, False, NO_DIRECTIONS)
            return
        try:
            detail = await self._on_steer(turn, text)
        except LegatoError:
            raise
        except Exception as problem:  # an author's hook may raise whatever: the answer goes on as it was
            log.exception("steering failed", extra={"problem": type(problem).__name__})
            await self._say(response, "steer", at, False, f"it failed: {type(problem).__name__}")
        else:
            await self._say(response, "steer", at, True, detail or STEERED)

    async def _say(self, response: str, asked: Asked, at: int, done: bool, detail: str) -> None:
        await self._session.do(
            c.AnswerSteering(response=response, asked=asked, done=done, detail=detail[:MOST_DETAIL], at=at)
        )
