"""Nobody says anything: after how long the agent's author is told. A pure machine, and the task that waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from legato.agent.guarding import called, guarded
from legato.session.state import Message, State

OnSilence = Callable[[Any, float], Awaitable[None]]

_FOREVER: Final = float("inf")


def somebody_is_there(state: State) -> bool:
    """Whether a device of somebody's is there who could break the silence: nobody does who put it on hold."""
    return any(
        not each.away_since
        and not each.holds
        and each.participant in state.participants
        and state.participants[each.participant].role != "agent"
        for each in state.attachments.values()
    )


def something_goes_on(state: State, agent: str) -> bool:
    """Whether somebody speaks, waits for an answer or gets one, or still hears it; or nobody is there, or another one
    answers here."""
    if not somebody_is_there(state) or state.responder != agent or state.ended:
        return True
    return bool(state.turns or state.responses) or _sounds(state)


def _sounds(state: State) -> bool:
    """Whether somebody on a call has not heard the newest speech to its end."""
    callers = {each.participant for each in state.attachments.values() if each.call}
    spoken = [each for each in state.transcript() if isinstance(each, Message) and each.speech_end >= 0]
    if not callers or not spoken:
        return False
    return any(
        spoken[-1].heard.get(caller, 0) < spoken[-1].speech_characters and caller not in spoken[-1].read
        for caller in callers
    )


class Silence:
    """When a silence of `after` seconds is complete. It is told of once: what the agent says into it ends it no more
    than a cough would, what a person says does."""

    def __init__(self, after: float) -> None:
        self.after = after
        self._said = -1
        self._since = _FOREVER
        self._told = False

    def look(self, state: State, agent: str, now: float) -> None:
        """The session is so, at `now` (monotonic s)."""
        if state.turns or not somebody_is_there(state):
            self._told = False
        if something_goes_on(state, agent):
            self._since = _FOREVER
        elif self._since == _FOREVER or state.finished != self._said:
            self._since = now
        self._said = state.finished

    def due(self) -> float:
        """When it is complete (monotonic s), if nothing happens; never: infinity."""
        return _FOREVER if self._told else self._since + self.after

    def complete(self, now: float) -> bool:
        """Whether it is now, and nobody was told yet. They are by this."""
        if now < self.due():
            return False
        self._told = True
        return True


class Silences:
    """Waits for silences, and tells the author."""

    def __init__(self, handler: OnSilence | None, after: float) -> None:
        self._handler = handler
        self._silence = Silence(after)
        self._news = asyncio.Event()

    def seen(self, state: State, agent: str) -> None:
        """The session is so now."""
        self._silence.look(state, agent, asyncio.get_running_loop().time())
        self._news.set()

    async def watch(self, engagement: Any) -> None:
        """Tell the handler of each silence, until cancelled."""
        loop = asyncio.get_running_loop()
        while self._handler is not None:
            self._news.clear()
            if self._silence.complete(loop.time()):
                await guarded(called(self._handler, engagement, self._silence.after))
            wait = self._silence.due() - loop.time()
            try:
                await asyncio.wait_for(self._news.wait(), None if wait == _FOREVER else max(0.0, wait))
            except TimeoutError:
                continue
