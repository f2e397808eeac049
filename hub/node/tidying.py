"""What a node looks after in each of its rooms, every second: keys that are too old, work that waited too long,
sessions at rest, rooms that nobody needs.

A node may have ten thousand rooms, so nobody waits for a look at all of them: a round takes half its second, a few
rooms at a time. Rooms are closed beside that, so many in a round: as fast as they are opened, however long looks take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

from hub.node.conductor import Conductor, Part
from hub.node.dispatch import Dispatch
from hub.node.follower import Stage
from hub.node.room import Room
from hub.node.rooms import Rooms
from hub.node.tools import Tools
from hub.settings import Settings
from hub.store.promise import SessionKey

AT_ONCE: Final = 16
"""Rooms looked at in one pass of the loop: a millisecond."""

PAUSE_S: Final = 0.05
ROUND_S: Final = 0.5
"""The pauses between them: what follows from looks at rooms (a row of the index, a snapshot) comes no thicker."""

CLOSED_AT_ONCE: Final = 32
MOST_CLOSED: Final = 256
"""Rooms closed in one round."""


class Leaving(Protocol):
    """Who does a room's duties."""

    dispatch: Dispatch

    async def resign(self, room: Room) -> None:
        """The room closes: leave its duties in order."""


class Tidying:
    """See the module."""

    def __init__(
        self,
        tools: Tools,
        settings: Settings,
        rooms: Rooms,
        conductors: Mapping[SessionKey, Conductor],
        duties: Leaving,
    ) -> None:
        self._tools = tools
        self._idle_close = settings.idle_close
        self._rooms = rooms
        self._conductors = conductors
        self._duties = duties

    async def round(self) -> None:
        """Look at every room."""
        self._tools.keys.expire()
        rooms = tuple(self._rooms)
        pause = min(PAUSE_S, ROUND_S * AT_ONCE / max(len(rooms), 1))
        for begin in range(0, len(rooms), AT_ONCE):
            if begin:
                await asyncio.sleep(pause)
            for room in rooms[begin : begin + AT_ONCE]:
                self._look(room)

    async def close(self) -> None:
        """Close rooms that nobody needs. One takes many passes of the loop, most of them waiting."""
        gate = asyncio.Semaphore(CLOSED_AT_ONCE)

        async def one(room: Room) -> None:
            async with gate:
                await self._close(room)

        await asyncio.gather(*map(one, self._rooms.idle(self._idle_close, MOST_CLOSED)))

    def _look(self, room: Room) -> None:
        if self._rooms.needed(room) and self._tools.keys.opened(room.key.tenant, room.key.session) is None:
            room.follower.catch_up()  # one that nobody needs waits to be closed: more of these than keys are kept open
        room.expire()
        conductor = self._conductors.get(room.key)
        if conductor is not None and room.follower.stage is Stage.LIVE:
            conductor.rest()
            if conductor.part is Part.CONDUCTS:
                self._duties.dispatch.look(room)
            else:
                self._duties.dispatch.forget(room.key)

    async def _close(self, room: Room) -> None:
        await self._duties.resign(room)
        if self._rooms.is_idle(room, self._idle_close):
            self._rooms.forget(room)
