"""Who was told that they could not come in is not there, whatever of their coming is in the log; and who goes when the
session is closed is not waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from hub.node.node import Node
from hub.node.presence import holder_of
from hub.node.promise import Done, Presence
from hub.node.room import Room
from hub.settings import Settings
from hub.store.model import ModelStore
from hub.store.model.server import ModelServer
from hub.store.promise import Append, Outcome, SessionKey, StoreUnavailable
from legato.session.commands import Refusal
from legato.session.events import AttachmentAway, AttachmentBack, AttachmentClosed, AttachmentOpened
from tests.hub.node.builders import KEY, Heard, House, passes, there, until, user_presence, virtual

COMING_AND_GOING = (AttachmentOpened, AttachmentAway, AttachmentBack, AttachmentClosed)


class Stalled(ModelStore):
    """A store that does not answer the next so many times when it is asked to note something. `late`: appends take
    effect so many seconds later. `unanswered`: they do at once, and nobody is told."""

    def __init__(self, server: ModelServer) -> None:
        super().__init__(server, lambda callback: asyncio.get_running_loop().call_soon(callback))
        self.unheard = 0
        self.late = 0.0
        self.unanswered = False

    async def hold(self, holder: str, key: SessionKey, right: str) -> None:
        if self.unheard:
            self.unheard -= 1
            raise StoreUnavailable
        await super().hold(holder, key, right)

    def append(self, key: SessionKey, batch: Append) -> Awaitable[Outcome]:
        if not (self.late or self.unanswered):
            return super().append(key, batch)
        return self._slowly(key, batch)

    async def _slowly(self, key: SessionKey, batch: Append) -> Outcome:
        await asyncio.sleep(self.late)
        sinks = self._sinks.pop(key, []) if self.unanswered else []
        outcome = await super().append(key, batch)
        if self.unanswered:
            self._sinks[key] = sinks
            raise StoreUnavailable
        return outcome


def coming(attachment: str = "a_user") -> Presence:
    """A person with an attachment that was named just now."""
    return replace(user_presence(attachment), fresh=True)


def told(heard: Heard) -> list[str]:
    """What was told of attachments."""
    return [type(event).__name__ for event in heard.events_told if isinstance(event, COMING_AND_GOING)]


async def fails(node: Node, room: Room, presence: Presence) -> None:
    """It does not come in."""
    with pytest.raises(StoreUnavailable):
        await node.arrive(room, presence)


@virtual
async def test_an_arrival_that_failed_and_is_in_the_log_later_is_taken_back() -> None:
    house = House()
    store = Stalled(house.server)
    async with house.node("n1", store) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        heard = Heard()
        room.listen(heard, room.position)
        store.unheard, store.late = 1, 3
        await fails(node, room, coming())
        assert not room.present
        await until(lambda: len(told(heard)) == 2)
        assert told(heard) == ["AttachmentOpened", "AttachmentClosed"]
        assert not room.state.attachments
        await until(lambda: not house.server.contents.held[holder_of("n1")])


@virtual
async def test_it_is_taken_back_when_the_store_answers_again_though_nobody_needs_the_room_any_more() -> None:
    house = House()
    store = Stalled(house.server)
    async with house.node("n1", store, Settings(idle_close=1_000)) as node, house.node("n2") as second:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        other = await there(await second.open(KEY))
        store.unheard = 100
        await fails(node, room, coming())
        node.release(room)
        await until(lambda: other.state.attachments)
        await until(lambda: not other.state.attachments)
        await until(lambda: not list(node._rooms))


@virtual
async def test_a_node_that_ends_before_it_is_taken_back_leaves_it_to_another() -> None:
    house = House()
    store = Stalled(house.server)
    async with house.node("n2") as second:
        async with house.node("n1", store) as node:
            room = await there(await node.create(KEY, "p_user", {}, ""))
            store.unheard, store.late = 1, 2
            await fails(node, room, coming())
            await asyncio.sleep(1)
        other = await there(await second.open(KEY))
        await until(lambda: other.state.attachments)
        await until(lambda: other.state.attachments["a_user"].away_since)


@virtual
async def test_an_arrival_whose_outcome_nobody_knew_is_taken_back_when_it_is_known() -> None:
    house = House()
    store = Stalled(house.server)
    async with house.node("n1", store) as node, house.node("n2") as second:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        other = await there(await second.open(KEY))
        store.unanswered = True
        arrived = await node.arrive(room, coming())
        assert isinstance(arrived, Refusal)
        assert arrived.reason == "unavailable"
        assert other.state.attachments
        store.unanswered = False
        await until(lambda: not other.state.attachments)
        await until(lambda: not house.server.contents.held[holder_of("n1")])


@virtual
async def test_who_was_away_and_could_not_come_back_is_away() -> None:
    house = House()
    store = Stalled(house.server)
    async with house.node("n1", store) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        assert isinstance(await node.arrive(room, user_presence()), Done)
        await node.lost(room, "a_user", "cut")
        heard = Heard()
        room.listen(heard, room.position)
        store.unheard, store.late = 1, 1
        await fails(node, room, user_presence())
        await until(lambda: len(told(heard)) == 2)
        assert told(heard) == ["AttachmentBack", "AttachmentAway"]


@virtual
async def test_who_comes_by_another_connection_and_fails_is_still_here_by_the_first() -> None:
    house = House()
    store = Stalled(house.server)
    async with house.node("n1", store) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        first = user_presence()
        assert isinstance(await node.arrive(room, first), Done)
        store.unheard = 1
        await fails(node, room, user_presence())
        assert room.present["a_user"] is first
        await asyncio.sleep(60)
        assert not room.state.attachments["a_user"].away_since
        assert house.server.contents.held[holder_of("n1")]


@virtual
async def test_who_comes_again_while_the_first_try_is_taken_back_stays() -> None:
    house = House()
    store = Stalled(house.server)
    async with house.node("n1", store) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        store.unheard, store.late = 1, 1
        await fails(node, room, user_presence())
        assert isinstance(await node.arrive(room, user_presence()), Done)
        await asyncio.sleep(60)
        assert not room.state.attachments["a_user"].away_since
        assert house.server.contents.held[holder_of("n1")]


@virtual
async def test_nobody_waits_to_be_seen_off_from_a_session_that_is_erased() -> None:
    house = House()
    async with house.node("n1") as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        names = ("a_lost", "a_left")
        for name in names:
            assert isinstance(await node.arrive(room, user_presence(name)), Done)
        await node.erase(KEY)
        await passes()
        async with asyncio.timeout(60):
            await asyncio.gather(node.lost(room, names[0], "closed"), node.departed(room, names[1]))
        assert not house.server.contents.held[holder_of("n1")]
