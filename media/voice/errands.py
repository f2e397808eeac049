"""Work of a node's voice that nobody waits for: what goes wrong in one task is told, and ends no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final

from hub.keys.errors import KeysError
from hub.store.promise import StoreUnavailable

log: Final = logging.getLogger("legato.voice")


class Errands:
    """See the module."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Awaitable[None]) -> None:
        """Do this."""
        task = asyncio.get_running_loop().create_task(supervised(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cancel(self) -> None:
        """End what is being done."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def supervised(work: Awaitable[None]) -> None:
    """Do this; tell the log what went wrong."""
    try:
        await work
    except (StoreUnavailable, KeysError, TimeoutError) as problem:
        log.warning("voice lost the store", extra={"kind": type(problem).__name__})
    except Exception as failure:  # the one supervisor of a voice's errands
        log.error("voice failed", extra={"kind": type(failure).__name__}, exc_info=failure)
