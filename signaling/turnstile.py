"""The shell of admission: waits for one's turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from legato.wire.up import Attach, Resume
from signaling.admission import Admission, Rank, Verdict

_WAS = {"voice": Rank.LIVE, "streaming": Rank.STREAMING, "": Rank.IDLE}


class Crowded(Exception):
    """There is no room to wait: come back later."""


class Turnstile:
    """Lets in so many at a time (`signaling.admission`)."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def turn(self, rank: Rank) -> AsyncIterator[None]:
        """Inside it one is let in. Raises `Crowded`."""
        number = next(self._numbers)
        verdict, put_off = self.admission.ask(number, rank)
        if put_off is not None:
            self._waiting[put_off].set_exception(Crowded())
        if verdict is Verdict.FULL:
            raise Crowded
        try:
            if verdict is Verdict.WAIT:
                await self._wait(number)
            yield
        finally:
            following = self.admission.leave(number)
            if following is not None and not self._waiting[following].done():
                self._waiting[following].set_result(None)

    async def _wait(self, number: int) -> None:
        place = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await place
        finally:
            del self._waiting[number]


def rank_of(envelope: Attach | Resume) -> Rank:
    """How soon somebody should come in, by what they say they were in the midst of."""
    if isinstance(envelope, Attach) and "audio" in (*envelope.takes, *envelope.gives):
        return Rank.LIVE
    return _WAS[envelope.was]
