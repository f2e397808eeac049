"""What one node calls back, every node refuses: revocations go through the store.

Each node asks for what was noted since it last asked, and a while further back: the store's clock may have
stepped. Now and then it asks for everything, which heals whatever a failover did to times.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import msgspec

from hub.keys.revocations import Revocation, RevocationList
from hub.store.promise import StoreUnavailable, Tickets

log: Final = logging.getLogger("legato.tickets")

OVERLAP_MS: Final = 10_000
WHOLE_S: Final = 60


class Revoking:
    """See the module. `wall` gives seconds UTC."""

    def __init__(self, store: Tickets, known: RevocationList, wall: Callable[[], int]) -> None:
        self.known = known
        self._store = store
        self._wall = wall
        self._since = 0
        self._whole_at = 0
        self._reached = True

    async def revoke(self, revocation: Revocation) -> None:
        """Call it back: here at once, elsewhere when they next ask. Raises `StoreUnavailable`."""
        await self._store.revoke(revocation.encoded())
        self.known.add(revocation)

    async def learn(self) -> None:
        """Ask what other nodes called back. While the store does not answer, what is known stays."""
        now = self._wall()
        whole = now >= self._whole_at
        try:
            noted = await self._store.revocations(0 if whole else max(0, self._since - OVERLAP_MS))
        except StoreUnavailable:
            if self._reached:
                log.warning("revocations cannot be read")
            self._reached = False
            return
        self._reached = True
        if whole:
            self._whole_at = now + WHOLE_S
            self._since = 0
            self.known.expire(now)
        for what, when in noted:
            self._since = max(self._since, when)
            self._add(what)

    def _add(self, what: bytes) -> None:
        try:
            self.known.add(Revocation.decoded(what))
        except msgspec.DecodeError:
            log.warning("a revocation cannot be read")
