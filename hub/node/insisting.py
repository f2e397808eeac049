"""Asking until the store answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from hub.keys.errors import KeyStoreUnavailable
from hub.store.promise import StoreUnavailable

PAUSE_S: Final = 0.1
"""Between two tries when the store or the key store does not answer."""

T = TypeVar("T")


async def insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until the store answers: a duty that somebody depends on."""
    while True:
        try:
            return await ask()
        except (StoreUnavailable, KeyStoreUnavailable):
            await asyncio.sleep(PAUSE_S)
