"""Sessions to keep and to verify."""

from __future__ import annotations

from hub.keys.keystore import KeyStore
from hub.node.promise import Done
from hub.settings import Settings
from hub.store.promise import Store, Stored
from hub.vault import Vault
from legato.session import commands as c
from legato.session.parts import Part
from tests.hub.node.builders import KEY, SCRIBE, House, batch, passes, there, user_presence


async def talk(house: House, vault: Vault | None, count: int, store: Store | None = None) -> list[Stored]:
    """A session of so many messages, written by a node (on the model, or on `store`); all its entries as stored."""
    entries: list[Stored] = []
    store = store or house.store()
    async with house.node("n1", store, Settings(snapshot_every=40), vault) as node:
        room = await there(await node.create(KEY, "p_user", {}, ""))
        await node.arrive(room, user_presence())
        opened = await room.open_producer("c_1")
        for n in range(1, count + 1):
            command = c.PostMessage(message=f"m_{n}", parts=[Part("text", f"words {n}")])
            assert isinstance(await room.execute(SCRIBE, batch("c_1", n, command, epoch=opened.epoch)), Done)
        await passes()
        if vault is not None:
            await vault.record(store, KEY)
        for first in range(0, room.position.offset, 1000):
            page = await store.read(KEY, first)
            assert page is not None
            entries += page.entries
    return entries


def keys_of(house: House) -> KeyStore:
    return KeyStore(house.rest, house.wrap, house.clock, random_bytes=house.random.randbytes)
