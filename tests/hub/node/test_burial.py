"""What a dead node leaves is seen to: all of it, though the store falls silent meanwhile and one of its sessions does
not open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from hub.node.dispatch import worker_holder
from hub.node.leases import NOWHERE, UNDERTAKER
from hub.node.node import Node
from hub.node.presence import NOTE, PRODUCER, holder_of
from hub.node.promise import Done
from hub.node.room import Room
from hub.store.model import ModelStore
from hub.store.model.log import LogModel
from hub.store.model.server import ModelServer
from hub.store.promise import Opened, SessionKey, Stored, StoreUnavailable
from legato.session.decisions import Decided
from legato.session.events import ActivityChanged
from legato.session.state import State
from tests.hub.node.builders import KEY, House, passes, there, until, user_presence, virtual

OTHER = SessionKey("main", "s_2")


class Silent(ModelStore):
    """A store that does not answer, for a second and the next so many times, when a presence producer is opened."""

    def __init__(self, server: ModelServer) -> None:
        super().__init__(server, lambda callback: asyncio.get_running_loop().call_soon(callback))
        self.unheard = 0
        self.meanwhile: Callable[[], object] = lambda: None

    async def open_producer(self, key: SessionKey, producer: str) -> Opened | None:
        if self.unheard and producer.endswith(PRODUCER):
            self.unheard -= 1
            await asyncio.sleep(0.5)
            self.meanwhile()
            await asyncio.sleep(0.5)
            raise StoreUnavailable
        return await super().open_producer(key, producer)


def nothing(_: State) -> Decided:
    return Decided((), False, {}, {})


@virtual
async def test_all_attachments_of_a_dead_node_are_away_though_the_store_was_silent_to_the_first() -> None:
    house = House()
    store = Silent(house.server)
    dying = house.node("n1")
    async with house.node("n2", store) as second:
        async with dying as node:
            room = await there(await node.create(KEY, "p_user", {}, ""))
            for name in ("a_one", "a_two"):
                assert isinstance(await node.arrive(room, user_presence(name)), Done)
        store.unheard = 1
        other = await there(await second.open(KEY))
        await until(lambda: all(each.away_since for each in other.state.attachments.values()))
        assert set(other.state.attachments) == {"a_one", "a_two"}
        await until(lambda: not house.server.contents.held[holder_of("n1")])


async def told_of_silence(room: Room, store: Silent) -> list[str]:
    """What two are told who settle something at once, while the store is silent to the first."""
    store.unheard = 1
    async with asyncio.timeout(60):
        told = await asyncio.gather(
            room.settle(PRODUCER, nothing), room.settle(PRODUCER, nothing), return_exceptions=True
        )
    return [type(each).__name__ for each in told]


@virtual
async def test_who_waits_for_anothers_opening_is_told_of_the_stores_silence_too() -> None:
    house = House()
    store = Silent(house.server)
    async with house.node("n1", store) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        assert await told_of_silence(room, store) == ["StoreUnavailable"] * 2
        assert isinstance(await room.settle(PRODUCER, nothing), Done)


@virtual
async def test_who_waits_for_anothers_opening_is_told_though_the_log_goes_back_meanwhile() -> None:
    house = House()
    store = Silent(house.server)
    async with house.node("n1", store) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        kept, epoch = house.server.saved(), room.position.epoch
        said = ActivityChanged(by="hub", participant="p_user", activity="thinking")
        assert isinstance(await room.append_as_hub("test", [said], conditional=False), Done)

        def go_back() -> None:
            house.server.restore(kept)
            store.resync()

        store.meanwhile = go_back
        assert await told_of_silence(room, store) == ["StoreUnavailable"] * 2
        assert room.position.epoch != epoch


@virtual
async def test_who_waits_for_an_opening_that_is_broken_off_is_told_to_try_again() -> None:
    house = House()
    store = Silent(house.server)
    async with house.node("n1", store) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        store.unheard = 1
        first = asyncio.ensure_future(room.settle(PRODUCER, nothing))
        second = asyncio.ensure_future(room.settle(PRODUCER, nothing))
        await passes()
        first.cancel()
        with pytest.raises(StoreUnavailable):
            await second


def log_of(house: House, key: SessionKey) -> LogModel:
    """What the store has of the session."""
    session = house.server.session(key)
    assert session is not None
    return session.log


def damage(house: House, key: SessionKey) -> Stored:
    """Change a byte of the session's first entry; the entry as it was."""
    entries = log_of(house, key).entries
    entry = entries[0]
    entries[0] = replace(entry, sealed=entry.sealed[:-1] + bytes([entry.sealed[-1] ^ 1]))
    return entry


async def arrived_in(node: Node, *keys: SessionKey) -> None:
    """Sessions with somebody in them."""
    for key in keys:
        room = await there(await node.create(key, "p_user", {}, ""))
        assert isinstance(await node.arrive(room, user_presence()), Done)


@virtual
async def test_a_session_that_does_not_open_keeps_no_other_of_a_dead_node_from_being_seen_to() -> None:
    house = House()
    store = Silent(house.server)
    async with house.node("n2", store) as second:
        async with house.node("n1") as node:
            await arrived_in(node, KEY, OTHER)
        damage(house, KEY)
        store.unheard = 1  # when the one is found damaged, the other is on its way
        other = await there(await second.open(OTHER))
        await until(lambda: other.state.attachments["a_user"].away_since)
        await until(lambda: house.server.contents.held[holder_of("n1")] == {(KEY, NOTE + "a_user")})


@virtual
async def test_what_could_not_be_seen_to_is_handed_on_from_node_to_node_until_it_can() -> None:
    house = House()
    held, lease = house.server.contents.held, (KEY, NOTE + "a_user")
    task = (SessionKey(NOWHERE, holder_of("n1")), UNDERTAKER)
    async with house.node("n2"):
        async with house.node("n1") as node:
            await arrived_in(node, KEY)
        entry = damage(house, KEY)
        await asyncio.sleep(60)
        assert (held[holder_of("n1")], held[holder_of("n2")]) == ({lease}, {task})
    async with house.node("n3"):
        await asyncio.sleep(60)
        assert [held[holder_of(name)] for name in ("n1", "n2", "n3")] == [{lease}, set(), {task}]
    log_of(house, KEY).entries[0] = entry
    async with house.node("n4") as last:
        await until(lambda: not any(held.values()))
        room = await there(await last.open(KEY))
        assert room.state.attachments["a_user"].away_since


@virtual
async def test_a_worker_that_is_back_loses_nothing_for_what_was_left_of_its_death() -> None:
    house = House()
    store, held = house.store(), house.server.contents.held
    worker, right = worker_holder("main", "w_1"), "worker:helper"
    async with house.node("n1") as node:
        await arrived_in(node, KEY, OTHER)
    damage(house, KEY)
    await store.beat([worker])
    await store.hold(worker, KEY, right)
    async with house.node("n2"):
        await until(lambda: worker not in house.server.contents.beats)
        await asyncio.sleep(60)
        assert held[holder_of("n2")]
    async with house.node("n3", store) as third:
        third.register_worker("main", "helper", "w_1", 1, lambda key, participant, ms: None)
        await store.hold(worker, OTHER, right)
        await until(lambda: not held[holder_of("n2")])
        assert (OTHER, right) in held[worker]
