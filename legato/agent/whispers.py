"""What operators whisper to the agent: directions that nobody else is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from legato.agent.guarding import called
from legato.client import Client
from legato.session.state import State

OnWhisper = Callable[[Any, str], Awaitable[None]]


def whispers_of(state: State, participant: str) -> list[str]:
    """The newest words that were whispered to the participant, oldest first."""
    return [each.text for each in state.whispers if each.to == participant]


class Whispers:
    """Tells the author's handler of each whisper once. What was whispered before the agent had the session, a worker
    before this one was told; it stands in `turn.whispers` all the same."""

    def __init__(self, session: Client, handler: OnWhisper | None) -> None:
        self._session, self._handler = session, handler
        self._told = -1

    def due(self, engagement: Any) -> list[Awaitable[None]]:
        """The work that whispers make."""
        state, attached = self._session.state, self._session.attached
        if self._told < 0 or attached is None:
            self._told = state.offset
            return []
        new = [each for each in state.whispers if each.at > self._told and each.to == attached.participant]
        self._told = state.offset
        if self._handler is None:
            return []
        return [called(self._handler, engagement, each.text) for each in new]
