"""Who lives: this node's beats, and the watch over everybody's.

Only nodes and workers beat in the store, all of a node's in one command. A holder is dead when this node has
seen its counter stand still (`legato.session.beats`); of all that see it one gets its leases. Whoever
deals with them leaves a note of its own until it is done, so that its death hands the work on.

The counter is compared and removed in one script, what follows is appended in another: beats lie in one slot, a
session's log in another, and no script spans two. Nothing is taken in between, for the first only says who sees to
it: it moves no number. The second raises the number and writes the event in one append, on condition that no control
event came since: so a lease is taken once at most, what its old holder writes after that is refused, and who beat
before the first is left alone. A holder that beats between the two has been silent for too long all the same: it
may lose its number, and be offered the session again; `tests/hub/store/expiry_contract.py` tries every order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from hub.keys.errors import KeysError
from hub.node.entries import SessionDamaged
from hub.node.insisting import insist
from hub.node.presence import holder_of
from hub.node.tools import Tools
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

    def __init__(self, tools: Tools, lease: int, beat: int, bury: Bury) -> None:
        self.holders: set[str] = set()
        self.living: frozenset[str] = frozenset()
        self.absent: dict[str, int] = {}
        self._patience = max(3, -(-lease // beat)) + 1
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
            self.absent.clear()
            return
        self.living = frozenset(counters)
        for holder in tuple(self.absent):
            self.absent[holder] = self.absent[holder] + 1
            if holder in self.living:
                del self.absent[holder]
        for still in self._watcher.read(counters, asked, now()):
            if still.holder != self._me and still.holder not in self._dying:
                self._dying.add(still.holder)
                self._tools.spawn(self._dead(still))

    def never_beats(self, holder: str) -> bool:
        """Asked again and again: whether it had no counter in any read for a lease's length. It may have died
        before its first beat, or its counter was removed by somebody who died over it."""
        if holder in self.living:
            self.absent.pop(holder, None)
            return False
        return self.absent.setdefault(holder, 0) >= self._patience

    async def _dead(self, still: Still) -> None:
        """Take over what the dead holder leaves, if we are the first (or cannot know: twice does no harm)."""
        store = self._tools.store
        note = (self._me, SessionKey(NOWHERE, still.holder), UNDERTAKER)
        try:
            await insist(lambda: store.hold(*note))
            try:
                first = await store.forget_holder(still.holder, still.counter)
            except StoreUnavailable:
                first = True
            if first:
                kind = "node" if still.holder.startswith("n:") else "worker"
                log.warning("a holder stopped beating", extra={"kind": kind})
                self._tools.metrics.deaths.labels(kind).inc()
                self.living -= {still.holder}
                if not await self._deal_with(still.holder):
                    return  # our note stays: whoever sees to what we leave tries the rest again
            await insist(lambda: store.let_go(*note))
        finally:
            self._dying.discard(still.holder)

    async def _deal_with(self, holder: str) -> bool:
        """Whether all was dealt with. One session that does not open keeps no other waiting: its note stays."""
        store = self._tools.store
        whole = True
        held = await insist(lambda: store.held(holder))
        elsewhere = frozenset[tuple[SessionKey, str]]()
        if holder.startswith("n:"):
            elsewhere = await insist(lambda: self._held_by_living(holder))
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(key: SessionKey, right: str) -> None:
            nonlocal whole
            async with gate:
                if right != UNDERTAKER:
                    try:
                        await insist(lambda: self._bury(holder, key, right, elsewhere))
                    except (KeysError, SessionDamaged) as failure:
                        extra = {"session": key.session, "kind": type(failure).__name__}
                        log.error("what a dead holder had in a session is left as it is", extra=extra)
                        whole = False
                        return
                elif key.session not in self.living and not await self._deal_with(key.session):
                    # Ours from here on. (A worker that lives is back: what it holds is looked at when it dies again.)
                    await insist(lambda: store.hold(self._me, key, UNDERTAKER))
                await insist(lambda: store.let_go(holder, key, right))

        async with asyncio.TaskGroup() as group:
            for key, right in held:
                group.create_task(one(key, right))
        return whole

    async def _held_by_living(self, dead: str) -> frozenset[tuple[SessionKey, str]]:
        nodes = [each for each in sorted(self.living) if each.startswith("n:") and each != dead]
        held = [await self._tools.store.held(node) for node in nodes]
        return frozenset(pair for pairs in held for pair in pairs)
