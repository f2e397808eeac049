"""Who comes into a session, for the first time or again. A pure machine over folded states."""

from __future__ import annotations

from typing import Final, NamedTuple

from legato.agent.duties import newcomers
from legato.session.state import State

RETURN_MS: Final = 10_000
"""Who was away for less had a bad network, and did not go."""


class Arrival(NamedTuple):
    """A person came: `returning` after `away` seconds without a device of theirs (0: for the first time)."""

    participant: str
    returning: bool
    away: float


class Arrivals:
    """See the module. Agents, and those who only look on, do not arrive."""

    def __init__(self) -> None:
        self._began = False
        self._known: set[str] = set()
        self._gone: dict[str, int] = {}
        """Since when (session time, ms) nobody of theirs is there."""

    def look(self, state: State) -> list[Arrival]:
        """Who came since the last look. At the first one: whoever waits in a session in which nothing was said."""
        users = {each.id for each in state.participants.values() if each.role == "user" and not each.left}
        here = {each.participant for each in state.attachments.values() if not each.away_since}
        if not self._began:
            self._began, self._known = True, users
            self._gone = {user: _left_at(state, user) for user in users - here}
            return [Arrival(user, False, 0.0) for user in newcomers(state) if user in users]
        came = [Arrival(user, False, 0.0) for user in sorted(users - self._known)]
        self._known |= users
        for user in sorted(users & here & self._gone.keys()):
            away = state.time - self._gone.pop(user)
            if away >= RETURN_MS:
                came.append(Arrival(user, True, away / 1000))
        for user in users - here - self._gone.keys():
            self._gone[user] = _left_at(state, user)
        return came


def _left_at(state: State, participant: str) -> int:
    """When the last of the participant's devices went, as far as the state knows; else now."""
    away = [each.away_since for each in state.attachments.values() if each.participant == participant]
    return max(away, default=state.time)
