"""Tickets that are shown by somebody without their holder's key: the audit is told, and the holder, wherever it is.

Whoever shows one gets nothing by it, so all that is left to do is to say so: beside the log (decision 0011), under the
name of the participant whose ticket it was, and by a signal between nodes, for the holder's connection may be at
another one than the thief's. Both are bounded as refusals are: who tries a million times is told of once a minute. They
have bounds of their own, so that a thief cannot use up those of whom he robbed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.keys.errors import KeysError
from hub.node.promise import Misused, Shown
from hub.node.refusals import Refusals
from hub.node.room import Room
from hub.node.rooms import Rooms
from hub.node.tools import Tools
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session.commands import Refusal
from legato.session.ids import HUB

MISUSED: Final = "_misused/"
REFUSED: Final = Refusal("not_allowed", "another_key")


class Misuse:
    """See the module. `told` is called for attachments of any node's; who has none of that name says nothing."""

    def __init__(self, tools: Tools, refusals: Refusals, rooms: Callable[[], Rooms]) -> None:
        self._tools = tools
        self._refusals = refusals
        self._rooms = rooms
        self.told: Misused | None = None

    def note(self, key: SessionKey, attachment: str, by: str, shown: Shown) -> None:
        """Somebody without its key showed a ticket of this attachment of the participant `by`."""
        room = self._rooms().here(key)
        known = None if room is None else room.state.participants.get(by)
        role = "" if known is None else known.role
        if self._refusals.note(key, by, role, shown, REFUSED, apart="ticket"):
            self._tools.spawn(self._tell(key, attachment, shown))

    def overheard(self, room: Room, signal: Mapping[str, Any]) -> None:
        """A node says so: this one, too."""
        name, shown = str(signal["name"]), signal.get("data")
        if self.told is not None and name.startswith(MISUSED) and shown in ("call", "resume"):
            self.told(room.key, name.removeprefix(MISUSED), shown)

    async def _tell(self, key: SessionKey, attachment: str, shown: Shown) -> None:
        try:
            async with self._rooms().at(key) as room:
                if room is not None:
                    room.signal(HUB, MISUSED + attachment, shown)
        except (StoreUnavailable, KeysError):
            return  # a signal may be lost; the audit has it
