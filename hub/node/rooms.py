"""The rooms of a node: opened once however many ask, counted, and closed when nobody needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice

from hub.keys.errors import KeyUnknown, SessionForgotten
from hub.node.entries import SessionDamaged
from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.layout import FormatUnknown
from hub.store.promise import SessionKey


@dataclass(slots=True)
class _Place:
    """`room` once it is open; `needed` by so many; unneeded since `idle_since` (monotonic ms)."""

    opening: asyncio.Future[Room | None]
    room: Room | None = None
    needed: int = 0
    idle_since: int = 0


class Rooms:
    """See the module. `make` makes a room; `opened` and `closed` are told of it, before anybody has it and
    after nobody has."""

    def __init__(
        self,
        tools: Tools,
        make: Callable[[SessionKey], Room],
        opened: Callable[[Room], None],
        closed: Callable[[Room], None],
    ) -> None:
        self._tools = tools
        self._make = make
        self._opened_one = opened
        self._closed_one = closed
        self._places: dict[SessionKey, _Place] = {}

    def __iter__(self) -> Iterator[Room]:
        return iter([place.room for place in self._places.values() if place.room is not None])

    def here(self, key: SessionKey) -> Room | None:
        """The room, if it is open."""
        place = self._places.get(key)
        return None if place is None else place.room

    async def open(self, key: SessionKey) -> Room | None:
        """The room, opened if need be, and needed once more; None if there is no such session."""
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _Place(asyncio.get_running_loop().create_future())
            self._tools.spawn(self._opened(key, place))
        place.needed += 1
        try:
            room = await asyncio.shield(place.opening)
        except BaseException:
            place.needed -= 1
            raise
        if room is None:
            place.needed -= 1
        return room

    def release(self, room: Room) -> None:
        """Needed once less."""
        place = self._places.get(room.key)
        if place is not None and place.room is room:
            place.needed -= 1
            place.idle_since = self._tools.now()

    @asynccontextmanager
    async def at(self, key: SessionKey) -> AsyncIterator[Room | None]:
        """The room for as long as the context; None if there is no such session."""
        room = await self.open(key)
        try:
            yield room
        finally:
            if room is not None:
                self.release(room)

    def idle(self, longer_than: int, most: int) -> list[Room]:
        """Rooms that nobody has needed for so long (ms), at most so many: the first opened ones."""
        since = self._tools.now() - longer_than
        found = (
            place.room
            for place in self._places.values()
            if place.room is not None and _rests(place, since) and place.room.quiet
        )
        return list(islice(found, most))

    def is_idle(self, room: Room, longer_than: int) -> bool:
        """Whether it is one of them."""
        place = self._places.get(room.key)
        since = self._tools.now() - longer_than
        return place is not None and place.room is room and _rests(place, since) and room.quiet

    def needed(self, room: Room) -> int:
        """By how many it is needed."""
        place = self._places.get(room.key)
        return place.needed if place is not None and place.room is room else 0

    def forget(self, room: Room) -> None:
        """It is closed: the next who asks opens it anew."""
        place = self._places.get(room.key)
        if place is not None and place.room is room:
            del self._places[room.key]
            self._closed_one(room)
            self._tools.metrics.rooms.dec()
            self._tools.spawn(room.follower.close())

    async def _opened(self, key: SessionKey, place: _Place) -> None:
        room = self._make(key)
        try:
            there = await room.follower.begin()
        except (KeyUnknown, SessionForgotten):
            there = False
        except asyncio.CancelledError:
            self._places.pop(key, None)
            place.opening.cancel()
            raise
        except Exception as failure:  # noqa: BLE001 — whatever it is: who waits is told, and who comes next tries anew
            self._places.pop(key, None)
            unread = isinstance(failure, FormatUnknown)
            place.opening.set_exception(SessionDamaged(key, 0, "format") if unread else failure)
            await room.follower.close()
            return
        if there:
            place.room, place.idle_since = room, self._tools.now()
            self._tools.metrics.rooms.inc()
            self._opened_one(room)
        else:
            self._places.pop(key, None)
            await room.follower.close()
        place.opening.set_result(room if there else None)


def _rests(place: _Place, since: int) -> bool:
    return place.needed == 0 and place.idle_since <= since
