"""Sessions looked at as they are, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from hub.keys.errors import KeysError
from hub.node.entries import SessionDamaged
from hub.node.promise import Node
from hub.store.promise import SessionKey, StoreUnavailable
from legato.session.state import State

AT_ONCE: Final = 8


async def states_of(node: Node, tenant: str, sessions: Sequence[str]) -> list[tuple[str, State]]:
    """The sessions' states; one that is gone, or cannot be read now, is left out."""
    places = asyncio.Semaphore(AT_ONCE)
    found = await asyncio.gather(*(_state(node, SessionKey(tenant, each), places) for each in sessions))
    return [(session, state) for session, state in zip(sessions, found, strict=True) if state is not None]


async def _state(node: Node, key: SessionKey, places: asyncio.Semaphore) -> State | None:
    async with places:
        try:
            room = await node.open(key)
        except (SessionDamaged, KeysError, StoreUnavailable):
            return None
        if room is None:
            return None
        try:
            return room.state.copy()
        finally:
            node.release(room)
