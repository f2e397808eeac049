"""A handler that is an async generator is closed at once when its answer is stopped: before anybody is told so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from types import SimpleNamespace
from typing import Any

from legato.agent.engagement import Engagement, Handlers
from legato.agent.turn import Turn
from legato.session import commands as c
from legato.session.state import State
from tests.agent.rehearsal import Rehearsal
from tests.session.talk import ADA, WORDS, Talk


class Attached(Rehearsal):
    """One that the whole of an agent's work in a session can be rehearsed in."""

    attached: Any = SimpleNamespace(participant="p_bot", accepted=0)

    def __init__(self, talk: Talk) -> None:
        super().__init__(talk)
        self.on = SimpleNamespace(events=[])

    async def changes(self) -> AsyncIterator[State]:
        while True:
            changed = self._changed
            yield self.state
            await changed.wait()


async def test_a_generator_is_closed_before_the_end_of_its_answer_is_even_asked_for() -> None:
    happened: list[str] = []

    async def answer(turn: Turn) -> AsyncIterator[str]:
        try:
            for number in count():
                yield f"{number} "
        finally:
            await asyncio.sleep(0)  # as one closes a connection to a model
            happened.append("closed")

    talk = Talk()
    talk.do(ADA, c.PostMessage(message="t", parts=WORDS))
    session = Attached(talk)
    engagement: Any = Engagement(session, "bot", "w1", Handlers(on_turn=answer))  # type: ignore[arg-type]
    working = asyncio.create_task(engagement.run())
    await session.breathe()
    session.land(1)  # the turn is claimed
    await session.breathe()
    before = len(session.asked)  # as many words as may be on their way: whoever says more waits
    session.land(before)
    await session.breathe()
    (response,) = session.talk.state.responses
    assert session.store(c.CancelResponse(response=response), by=ADA)
    session.see(99)
    await session.breathe()
    while not any(isinstance(each, c.EndResponse) for asked, _ in session.asked for each in asked):
        session.land()
        await session.breathe()
    assert happened == ["closed"]
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
