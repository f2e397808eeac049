"""Writers whose right was taken from them go on writing: what the store lets into the log.

A right changes hands again and again, and two claim it at once each time, as two operators on a barrier would. Around
every change, the writers of all former holders send batches under their old numbers, and one under the right number of
another epoch. Then the log is read: after each grant, only its own holder may have written. By the doors likewise:
`old_rights`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from random import random
from typing import Final

from hub.store.endpoint import Endpoint
from hub.store.promise import Append, Appended, Draft, Outcome, SessionKey
from hub.store.real import RealStore
from legato.session.ids import MAIN
from signaling.bench.figures import Result, Value
from signaling.bench.old_rights import try_doors
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig

RIGHT: Final = "worker:zombie"
ZOMBIES: Final = 16
EACH: Final = 32
"""Batches of one zombie around a change; a producer may have 64 in flight."""


class _Writer:
    """A producer that writes one kind of event, named in clear."""

    def __init__(self, key: SessionKey, store: RealStore, name: str, epoch: str) -> None:
        self._key, self._store, self._name, self._epoch, self._sequence = key, store, name, epoch, 0

    def write(
        self, what: str, *, holds: int = -1, raises: int = -1, control: int | None = None
    ) -> Awaitable[Outcome]:
        """Append it under the token number `holds`, giving the right the number `raises`."""
        self._sequence += 1
        return self._store.append(
            self._key,
            Append(
                self._name,
                1,
                self._sequence,
                self._sequence.to_bytes(16),
                (Draft(what.encode(), control=raises >= 0),),
                rights={RIGHT: holds} if holds >= 0 else {},
                raises={RIGHT: raises} if raises >= 0 else {},
                control=control,
                tokens_of=self._epoch,
            ),
        )


async def measure_zombies(rig: Rig, plan: Plan) -> list[Result]:
    """How many were tried, at the store and by the doors, and how many logs have of them all."""
    plan.says(f"agents: {plan.stale_writes} stale writes")
    async with AsyncExitStack() as stack:
        store = await RealStore.open(
            Endpoint.from_url(rig.redis), level="buffered", random_bytes=secrets.token_bytes, random=random
        )
        stack.push_async_callback(store.close)
        tried, accepted = await _reign(
            store, SessionKey(MAIN, f"s_z{secrets.token_hex(10)}"), plan.stale_writes
        )
    results: list[Result] = [Value("stale_writes_tried", tried, least=plan.stale_writes)]
    for who, (knocked, let_in) in (await try_doors(rig, plan)).items():
        results.append(Value(f"stale_{who}s_tried", knocked, least=plan.stale_at_doors))
        accepted += let_in
    return [*results, Value("stale_writes_accepted", accepted, 0)]


async def _reign(store: RealStore, key: SessionKey, wanted: int) -> tuple[int, int]:
    genesis = Append("genesis", 0, 1, bytes(16), (Draft(b"grant 1", control=True),), raises={RIGHT: 1})
    assert isinstance(await store.create(key, genesis, {}), Appended)
    joined = await store.join(key)
    assert joined is not None
    epoch = joined.page.tail.epoch
    rivals = [await _writer(store, key, f"rival{number}", epoch) for number in range(2)]
    zombies = [await _writer(store, key, f"zombie{number}", epoch) for number in range(ZOMBIES)]
    stranger = await _writer(store, key, "stranger", "".join(reversed(epoch)))
    number, control, tried = 1, 1, 0
    while tried < wanted:
        batches: list[Awaitable[Outcome]] = [
            zombies[place].write(f"write {held}", holds=held)
            for _ in range(EACH)
            for place, held in enumerate(range(max(1, number - ZOMBIES + 1), number + 1))
        ]
        half = len(batches) // 2
        batches[half:half] = [
            rival.write(f"grant {number + 1}", raises=number + 1, control=control) for rival in rivals
        ]
        batches += [stranger.write(f"stranger {number + 1}", holds=number + 1)]
        outcomes = await asyncio.gather(*batches)
        grants = [each for each in outcomes[half : half + 2] if isinstance(each, Appended)]
        control = grants[0].first
        number += 1
        tried += sum(not isinstance(each, Appended) for each in outcomes) - 1
    return tried, await _usurped(store, key)


async def _writer(store: RealStore, key: SessionKey, name: str, epoch: str) -> _Writer:
    await store.open_producer(key, name)
    return _Writer(key, store, name, epoch)


async def _usurped(store: RealStore, key: SessionKey) -> int:
    """Entries that whoever held the right then did not write."""
    reigning, after, found = 0, 0, 0
    while (page := await store.read(key, after)) is not None and page.entries:
        for entry in page.entries:
            kind, _, number = entry.sealed.decode().partition(" ")
            if kind == "grant":
                found += int(number) != reigning + 1
                reigning = int(number)
            else:
                found += kind == "stranger" or int(number) != reigning
        after = page.entries[-1].offset
    return found
