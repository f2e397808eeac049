"""Who lives: this node's beats, and the watch over everybody's.

Only nodes and workers beat in the store, all of a node's in one command. A holder is dead when this node has
seen its counter stand still (`legato.session.beats`); of all that see it one gets its leases. Whoever
deals with them leaves a note of its own until it is done, so that its death hands the work on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from hub.node.follower import Tools
from hub.node.presence import holder_of
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session.beats import Still, Watcher

log: Final = logging.getLogger("legato.node")

UNDERTAKER: Final = "undertaker"
NOWHERE: Final = "-"
AT_ONCE: Final = 32
"""Sessions of a dead holder that are dealt with at the same time."""

Bury = Callable[[str, SessionKey, str, frozenset[tuple[SessionKey, str]]], Awaitable[None]]
"""Deal with one lease: holder, session, right, and what living nodes hold."""


class Leases:
    """See the module. `holders` are the workers that beat through this node."""

    def __init__(self, tools: Tools, lease: int, bury: Bury) -> None:
        self.holders: set[str] = set()
        self.living: frozenset[str] = frozenset()
        self._tools = tools
        self._me = holder_of(tools.node)
        self._watcher = Watcher(lease)
        self._bury = bury
        self._dying: set[str] = set()

    async def beat(self) -> None:
        """Raise our counters and look at everybody's. The store's silence proves nothing about anybody."""
        store, now = self._tools.store, self._tools.now
        try:
            await store.beat([self._me, *sorted(self.holders)])
            asked = now()
            counters = await store.beats()
        except StoreUnavailable:
            self._watcher.failed()
            return
        self.living = frozenset(counters)
        for still in self._watcher.read(counters, asked, now()):
            if still.holder != self._me and still.holder not in self._dying:
                self._dying.add(still.holder)
                self._tools.spawn(self._dead(still))

    async def _dead(self, still: Still) -> None:
        """Take over what the dead holder leaves, if we are the first."""
        store = self._tools.store
        note = (self._me, SessionKey(NOWHERE, still.holder), UNDERTAKER)
        try:
            await store.hold(*note)
            if await store.forget_holder(still.holder, still.counter):
                kind = "node" if still.holder.startswith("n:") else "worker"
                log.warning("a holder stopped beating", extra={"kind": kind})
                self._tools.metrics.deaths.labels(kind).inc()
                self.living -= {still.holder}
                await self._deal_with(still.holder)
            await store.let_go(*note)
        finally:
            self._dying.discard(still.holder)

    async def _deal_with(self, holder: str) -> None:
        store = self._tools.store
        held = await store.held(holder)
        elsewhere = await self._held_by_living(holder) if holder.startswith("n:") else frozenset()
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(key: SessionKey, right: str) -> None:
            async with gate:
                if right == UNDERTAKER:
                    await self._deal_with(key.session)
                else:
                    await self._bury(holder, key, right, elsewhere)
                await store.let_go(holder, key, right)

        async with asyncio.TaskGroup() as group:
            for key, right in held:
                group.create_task(one(key, right))

    async def _held_by_living(self, dead: str) -> frozenset[tuple[SessionKey, str]]:
        nodes = [each for each in sorted(self.living) if each.startswith("n:") and each != dead]
        held = [await self._tools.store.held(node) for node in nodes]
        return frozenset(pair for pairs in held for pair in pairs)
