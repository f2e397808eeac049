"""Whom the doors turn away because the store fell silent is not in the session, however far they had come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hub.keys.keystore import KeyStore
from hub.node.node import Node
from hub.store.model import ModelStore
from hub.store.model.server import Contents, ModelServer
from hub.store.promise import Append, Opened, Outcome, SessionKey, StoreUnavailable
from hub.vault import Folder, Vault
from legato.session.events import ActivityChanged, AttachmentClosed, AttachmentOpened
from legato.wire.up import VERSION, Attach
from signaling.doorkeeper import Arrival, TurnedAway
from signaling.hall import Hall
from tests.hub.node.builders import KEY, USER, Heard, House, passes, there, until, virtual
from tests.hub.node.test_failed_arrival import Stalled
from tests.support.simdoor import TicketDesk, open_doors

if TYPE_CHECKING:
    from signaling.connection.line import Line


class GoesBackAndIsSilent(ModelStore):
    """A store that goes back to `kept`, when it is set, before an append, and does not answer when a producer of a
    client's is opened after that: once."""

    def __init__(self, server: ModelServer) -> None:
        super().__init__(server, lambda callback: asyncio.get_running_loop().call_soon(callback))
        self.kept: Contents | None = None
        self.silent = False

    def append(self, key: SessionKey, batch: Append) -> Awaitable[Outcome]:
        if self.kept is not None:
            self.server.restore(self.kept)
            self.kept, self.silent = None, True
        return super().append(key, batch)

    async def open_producer(self, key: SessionKey, producer: str) -> Opened | None:
        if self.silent and producer.startswith("p_"):
            self.silent = False
            raise StoreUnavailable
        return await super().open_producer(key, producer)


def hall_over(house: House, node: Node, store: ModelStore, folder: Path) -> tuple[Hall, Attach]:
    """The doors of a node, and what Ada says there."""
    desk = TicketDesk(lambda: 1_700_000_000, house.random.randbytes)
    keys = KeyStore(house.rest, house.wrap, house.clock, random_bytes=house.random.randbytes)
    vault = Vault(Folder(folder))
    hall = open_doors(node, store, keys, desk, vault, house.clock, house.random.randbytes)
    ticket = desk.ticket(USER.participant, "user", KEY.session)
    return hall, Attach(v=VERSION, ticket=ticket, producer="c_1")


async def turned_away_at_the_last(folder: Path) -> None:
    house = House()
    store = GoesBackAndIsSilent(house.server)
    async with house.node("n1", store) as node:
        room = await there(await node.create(KEY, USER.participant, {}, ""))
        hall, attach = hall_over(house, node, store, folder)
        kept, needed = house.server.saved(), node._rooms.needed(room)
        said = ActivityChanged(by="hub", participant=USER.participant, activity="thinking")
        await room.append_as_hub("test", [said], conditional=False)
        heard = Heard()
        room.listen(heard, room.position)
        store.kept = kept
        turned = await hall.admit(attach)
        assert isinstance(turned, TurnedAway)
        assert turned.reason == "unavailable"
        assert not store.silent
        await hall.close()
        await until(lambda: not room.state.attachments)
        assert comings(heard) == [AttachmentOpened, AttachmentClosed]
        assert not room.present
        assert node._rooms.needed(room) == needed


class Seat:
    """A line, as far as a hall looks at one that it sees off."""

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.closed: list[str] = []

    def close(self, code: int, reason: str, retry_after_ms: int = 0) -> None:
        self.closed.append(reason)


async def back_while_seen_off_and_not_heard(folder: Path) -> None:
    house = House()
    store = Stalled(house.server)
    async with house.node("n1", store) as node:
        await there(await node.create(KEY, USER.participant, {}, ""))
        hall, attach = hall_over(house, node, store, folder)
        arrival = await hall.admit(attach)
        assert isinstance(arrival, Arrival)
        store.late = 1
        hall.forget(arrival)
        await passes()
        seat = Seat(arrival)
        hall.attach(cast("Line", seat), arrival)
        store.unheard = 1
        await until(lambda: seat.closed)
        assert seat.closed == ["unavailable"]
        await until(lambda: not arrival.room.state.attachments)


def comings(heard: Heard) -> list[type]:
    """What was told of attachments."""
    return [
        type(event) for event in heard.events_told if isinstance(event, AttachmentOpened | AttachmentClosed)
    ]


def test_whom_the_store_left_after_they_arrived_is_seen_off(tmp_path: Path) -> None:
    virtual(turned_away_at_the_last)(tmp_path)


def test_who_is_back_as_they_are_seen_off_and_cannot_be_written_down_comes_again(tmp_path: Path) -> None:
    virtual(back_while_seen_off_and_not_heard)(tmp_path)
