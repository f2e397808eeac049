"""Sound is told to be stored when the store has it, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping

from hub.keys.keystore import KeyStore
from hub.store.model import ModelStore
from hub.store.promise import Append, Draft, SessionKey
from media.frames import Frame
from media.ring import MINUTE, Batcher, Write
from media.voice.keeper import Keeper
from tests.hub.node.builders import KEY, House, until, virtual
from tests.media.builders import frames

TRACK = "t_1"


class Counting(ModelStore):
    """Counts how often it is given sound."""

    puts = 0

    def put_audio(
        self, key: SessionKey, track: str, batches: Mapping[tuple[int, int], bytes]
    ) -> Awaitable[bool]:
        self.puts += 1
        return super().put_audio(key, track, batches)


async def opened(house: House) -> tuple[Counting, Keeper]:
    """A session's keeper, and the store that it keeps sound in."""
    store = Counting(house.server, lambda callback: asyncio.get_running_loop().call_soon(callback))
    keys = KeyStore(house.rest, house.wrap, house.clock)
    await keys.sealer(KEY.tenant, KEY.session, create=True)
    await store.create(KEY, Append("genesis", 0, 1, bytes(16), (Draft(bytes(64)),)), {})
    return store, Keeper(store, keys, KEY)


def batches(said: list[Frame]) -> list[Write]:
    """These frames as batches, all of them."""
    batcher = Batcher()
    return [write for frame in said for write in batcher.add(frame, 0)] + batcher.flush()


@virtual
async def test_sound_that_the_store_had_no_session_for_counts_as_stored_when_it_is_back() -> None:
    house = House()
    store, keeper = await opened(house)
    stored: list[Write] = []
    said = frames(MINUTE - 10 * 960, 23)
    before, after = batches(said[:10]), batches(said[10:])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(keeper.run())
        keeper.keep(TRACK, before, stored.append)
        await until(lambda: keeper.idle)
        assert stored == before
        saved = house.server.saved()
        house.server.contents.sessions.clear()  # as a promoted replica that never had it
        keeper.keep(TRACK, after, stored.append)
        await asyncio.sleep(3)
        assert stored == before, "no ring has what came since"
        assert not keeper.idle
        assert 2 <= store.puts - 1 <= 20, "it is tried again, with a pause"
        house.server.restore(saved)
        await until(lambda: keeper.idle)
        assert sorted(stored, key=lambda each: each.frames) == before + after, "each is told once"
        assert await keeper.read(TRACK, await keeper.minutes(TRACK)) == said
        running.cancel()


@virtual
async def test_of_what_waits_for_a_lost_session_the_newest_is_kept_within_the_bound() -> None:
    house = House()
    store, keeper = await opened(house)
    stored: list[Write] = []
    said = frames(0, 5 * 1300)
    house.server.contents.sessions.clear()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(keeper.run())
        for write in batches(said):
            keeper.keep(TRACK, [write], stored.append)
            await asyncio.sleep(0.1)
        assert stored == []
        await store.create(KEY, Append("genesis", 0, 1, bytes(16), (Draft(bytes(64)),)), {})
        await until(lambda: keeper.idle)
        kept = await keeper.read(TRACK, await keeper.minutes(TRACK))
        assert kept[-1] == said[-1]
        assert len(kept) <= 5 * 1200
        assert len(stored) * 5 == len(kept)
        running.cancel()
