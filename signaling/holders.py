"""Who holds each attachment's resume tickets: kept in the store, for every node.

A node remembers what it last saw, and replaces that without asking first: one command. If another node was
quicker, or this one denies somebody on what it remembers, it reads and decides anew. A holder that nobody knows
(dropped, or lost with a tail) is taken from the ticket, which names its key: a spent ticket is then good once
more, though never with another key.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from hub.store.promise import SessionKey, StoreUnavailable, Tickets
from legato.session.holder import Holder

REMEMBERED: Final = 20_000
MOST_RACES: Final = 16

_decoder: Final = msgspec.json.Decoder(Holder)


class Holders(Protocol):
    """Who holds each attachment's resume tickets."""

    async def change(
        self, key: SessionKey, attachment: str, change: Callable[[Holder | None], Holder | None]
    ) -> None:
        """Replace the holder by what `change` makes of it (None: leave it), atomically. `change` may be called
        several times; the last call is the one that counts. Raises `StoreUnavailable`."""

    async def begin(self, key: SessionKey, attachment: str, holder: Holder) -> None:
        """The holder of a new attachment. Raises `StoreUnavailable`."""


class HoldersInStore:
    """See the module."""

    def __init__(self, store: Tickets) -> None:
        self._store = store
        self._seen: OrderedDict[tuple[SessionKey, str], bytes] = OrderedDict()

    async def change(
        self, key: SessionKey, attachment: str, change: Callable[[Holder | None], Holder | None]
    ) -> None:
        """See the promise."""
        seen = self._seen.pop((key, attachment), None)
        if seen is not None:
            changed = change(_decoder.decode(seen))
            # Also when nothing changes: what is remembered may be long over.
            if changed is not None and await self._replace(key, attachment, seen, changed):
                return
        for _ in range(MOST_RACES):
            kept = await self._store.holder(key, attachment)
            changed = change(None if kept is None else _decoder.decode(kept))
            if changed is None or await self._replace(key, attachment, kept, changed):
                return
        raise StoreUnavailable("a holder changed all the time")

    async def begin(self, key: SessionKey, attachment: str, holder: Holder) -> None:
        """See the promise."""
        await self._replace(key, attachment, None, holder)

    async def _replace(self, key: SessionKey, attachment: str, kept: bytes | None, holder: Holder) -> bool:
        value = msgspec.json.encode(holder)
        if not await self._store.set_holder(key, attachment, value, kept):
            return False
        self._seen[key, attachment] = value
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True
