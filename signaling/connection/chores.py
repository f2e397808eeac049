"""Tasks with an owner: each is supervised, and none outlives whoever began it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]
"""What a task does. It is called within the task: a task may be cancelled before it begins."""

Failed = Callable[[Exception], None]


class Chores:
    """The tasks of one owner. `failed` is told of what a task raised, which ends that task and nothing else."""

    def __init__(self, failed: Failed) -> None:
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Work, failed: Failed | None = None) -> None:
        """Run `work` beside everything else."""
        task = asyncio.get_running_loop().create_task(self._supervised(work, failed or self._failed))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def begin_within(self, patience_s: float, work: Work) -> None:
        """Run `work`, which fails with `TimeoutError` if it takes longer."""

        async def in_time() -> None:
            async with asyncio.timeout(patience_s):
                await work()

        self.begin(in_time)

    def cancel(self) -> None:
        """End them all, but for the one that asks for it."""
        for task in tuple(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()

    def end(self) -> None:
        """Cancel them; nobody is told what becomes of others."""
        self.cancel()
        self._failed = _unheard

    async def settled(self, patience_s: float) -> None:
        """Wait for them, and those that they begin; end what takes longer."""
        while self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=patience_s)
            for task in late:
                task.cancel()

    async def _supervised(self, work: Work, failed: Failed) -> None:
        try:
            await work()
        except Exception as failure:  # noqa: BLE001 — the one supervisor of its owner's tasks
            failed(failure)


def _unheard(_: Exception) -> None:
    """Whoever began it is gone."""
