"""What a node closes is freed at once, and does not wait for the collector: a busy node would stand still for it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from hub.node.promise import Done
from hub.settings import Settings
from tests.hub.node.builders import KEY, House, there, user_presence, virtual


@pytest.fixture(autouse=True)
def _uncollected() -> Iterator[None]:
    """No collector."""
    gc.disable()
    yield
    gc.enable()


@virtual
async def test_a_room_that_is_closed_is_freed_though_a_deadline_of_its_session_is_far() -> None:
    house = House()
    async with house.node("n1", settings=Settings(idle_close=5_000)) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        assert isinstance(await node.arrive(room, user_presence()), Done)
        await node.lost(room, "a_user", "lost")
        assert room.state.attachments["a_user"].away_since
        kept = weakref.ref(room)
        node.release(room)
        del room
        await asyncio.sleep(7)
        assert kept() is None
