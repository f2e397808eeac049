"""Tasks with an owner: each runs under one supervisor, and none outlives the node."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from hub.metrics import Metrics

log: Final = logging.getLogger("legato.node")


class Tasks:
    """All tasks of a node. A failure is logged and counted; it ends its task and nothing else."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Run `work`; after `close` it is not begun."""
        if self._closed:
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(self._supervised(work))

        def ended(_: object) -> None:
            self._running.discard(task)
            work.close()  # cancelled before its first step, it would be left behind

        self._running.add(task)
        task.add_done_callback(ended)
        return task

    async def close(self) -> None:
        """Cancel all, and wait until all have ended."""
        self._closed = True
        running = [task for task in self._running if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _supervised(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:  # the one supervisor of a node's tasks: what fails is told, and ends no other
            self._metrics.failures.inc()
            log.exception("a task failed")
