"""A store that is nearly full: its sound goes to the vault first, and none of it is lost."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from hub.metrics import Metrics
from hub.node.memory import Memory
from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.model import ModelStore
from hub.store.promise import SessionKey
from hub.vault import Folder, Vault
from tests.hub.node.builders import KEY, House, there

SOUND = {("mic", minute, field): bytes((minute, field)) * 20 for minute in (1, 2, 3) for field in (1, 2)}
SPEECH = {("speech", 7, 1): b"s" * 20, ("speech", 8, 1): b"t" * 20}


async def filled(house: House) -> ModelStore:
    """A store with a session and sound of two tracks."""
    store = house.store()
    async with house.node("n1", store) as node:
        await there(await node.create(KEY, "p_user", {}, ""))
    for (track, minute, field), sealed in (SOUND | SPEECH).items():
        await store.put_audio(KEY, track, {(minute, field): sealed})
    return store


def memory_of(store: ModelStore, vault: Vault | None, used: int) -> Memory:
    async def told() -> tuple[int, int]:
        return used, 100

    store.memory = told  # type: ignore[method-assign]
    tools = SimpleNamespace(store=store, vault=vault, metrics=Metrics())
    memory = Memory(cast("Tools", tools), 0.9)
    memory.rooms = (cast("Room", SimpleNamespace(key=KEY)),)
    return memory


async def held(store: ModelStore, vault: Vault) -> dict[tuple[str, int, int], bytes]:
    """What is in the store or in the vault."""
    found: dict[tuple[str, int, int], bytes] = {}
    for place in (await vault.tracks(KEY), await store.tracks(KEY)):
        for track, minutes in place.items():
            for minute in minutes:
                both = {**await vault.audio(KEY, track, minute), **await store.audio(KEY, track, minute)}
                found |= {(track, minute, field): sealed for field, sealed in both.items()}
    return found


async def test_above_90_percent_sound_goes_to_the_vault_but_for_the_newest_minute(tmp_path: Path) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    store = await filled(house)
    await memory_of(store, vault, 89).measure()
    assert await store.tracks(KEY) == {"mic": [1, 2, 3], "speech": [7, 8]}
    await memory_of(store, vault, 90).measure()
    assert await store.tracks(KEY) == {"mic": [3], "speech": [8]}
    assert await held(store, vault) == SOUND | SPEECH


async def test_sound_that_comes_late_while_its_minute_is_brought_to_the_vault_is_not_lost(
    tmp_path: Path,
) -> None:
    house, vault = House(), Vault(Folder(tmp_path))
    store = await filled(house)
    drop = store.drop_audio

    async def dropped(
        key: SessionKey, track: str, minute: int, fields: Collection[int] | None = None
    ) -> None:
        await store.put_audio(key, track, {(minute, 9): b"late"})
        await drop(key, track, minute, fields)

    store.drop_audio = dropped  # type: ignore[method-assign]
    await memory_of(store, vault, 95).measure()
    late = {(track, minute, 9): b"late" for track, minute in (("mic", 1), ("mic", 2), ("speech", 7))}
    assert await held(store, vault) == SOUND | SPEECH | late
    assert (await store.tracks(KEY))["mic"] == [1, 2, 3], "and it goes there the next time"


async def test_without_a_vault_sound_stays_for_its_time(tmp_path: Path) -> None:
    house = House()
    store = await filled(house)
    await memory_of(store, None, 99).measure()
    assert await store.tracks(KEY) == {"mic": [1, 2, 3], "speech": [7, 8]}
