"""What a session used, brought to its tenant's totals by the node that conducts it.

The session's fold says how much it used altogether, and the store adds what is more than before
(`hub.store.accounting`): so a node that dies between the two leaves it to the next one that conducts the session, and
nothing is counted twice.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hub.node.insisting import insist
from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.accounting import Used
from legato.session.state import State, Usage


class Account:
    """Of one session, on the node that conducts it."""

    def __init__(self, room: Room, tools: Tools) -> None:
        self._room, self._tools = room, tools
        self._counted: Usage | None = None
        self._busy = False

    def look(self) -> None:
        """Bring what is new."""
        if self._room.state.usage is not self._counted and not self._busy:
            self._busy = True
            self._tools.spawn(self._work())

    def forget(self) -> None:
        """The store may have lost what was brought."""
        self._counted = None

    async def bring(self) -> None:
        """Bring it now. Raises `StoreUnavailable`."""
        while (usage := self._room.state.usage) is not None and usage is not self._counted:
            used = Used(usage.tokens_in, usage.tokens_out, usage.ms, usage.tool_calls)
            await self._tools.store.account(self._room.key, day_of(self._room.state), used)
            self._counted = usage

    async def _work(self) -> None:
        try:
            await insist(self.bring)
        finally:
            self._busy = False


def day_of(state: State) -> str:
    """The day (UTC) of the newest event."""
    return datetime.fromtimestamp(state.time / 1000, UTC).date().isoformat()
