"""An event loop in virtual time, where whole processes can be stopped, thawed and killed.

Time jumps to the next timer when nothing is ready, so an hour costs what happens in it. Callbacks run in the
order asyncio promises; chance comes in through the delays of the simulated network alone, so a seed replays
a run exactly.

Every callback belongs to the *process* whose context it was scheduled in. One that is stopped (SIGSTOP) keeps
its callbacks for later; one that is killed (SIGKILL) runs nothing ever again, not even its `finally`.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Callable
from typing import Any, Final

THREAD_S: Final = 0.002

PROCESS: Final[contextvars.ContextVar[str]] = contextvars.ContextVar("process", default="")


class SimLoop(asyncio.BaseEventLoop):
    """See the module. `time()` is virtual seconds from 0."""

    def __init__(self) -> None:
        super().__init__()
        self._selector: Any = self
        self._virtual = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._serial = 0
        self.steps = 0
        self.stopped: dict[str, deque[asyncio.Handle]] = {}
        self.killed: set[str] = set()

    def time(self) -> float:
        return self._virtual

    def ms(self) -> int:
        """Virtual time in ms, as machines want it."""
        return int(self._virtual * 1000)

    def select(self, timeout: float | None = None) -> list[Any]:
        return []

    def _process_events(self, events: list[Any]) -> None: ...

    def _write_to_self(self) -> None: ...

    def call_at(  # type: ignore[override]  # the loop's own is typed by its callback's arguments
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """As asyncio's. Timers of the same instant fire in the order in which they were made."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._serial += 1
        heapq.heappush(self._timers, (when, self._serial, handle))
        return handle

    def run_in_executor(  # type: ignore[override]  # the loop's own is typed by its callback's arguments
        self, executor: object, work: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """What a thread would do is done at once; its answer takes a moment."""
        answer: asyncio.Future[Any] = self.create_future()

        def tell(result: Any, failure: Exception | None) -> None:
            if not answer.done():
                answer.set_exception(failure) if failure is not None else answer.set_result(result)

        asyncio._set_running_loop(None)  # as in a thread
        try:
            result, failed = work(*args), None
        except Exception as failure:  # noqa: BLE001 — a thread's, and whoever waits for it gets it
            result, failed = None, failure
        finally:
            asyncio._set_running_loop(self)
        self.call_later(THREAD_S, tell, result, failed)
        return answer

    def deliver(self, after_ms: float, process: str, callback: Callable[[], None]) -> None:
        """Call back in `process` after so many ms."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, process)
        self.call_later(after_ms / 1000, callback, context=context)

    def start(self, process: str, work: Any) -> asyncio.Task[Any]:
        """Run a coroutine as part of `process`."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, process)
        return self.create_task(work, context=context)

    def stop_process(self, process: str) -> None:
        """SIGSTOP."""
        self.stopped.setdefault(process, deque())

    def thaw_process(self, process: str) -> None:
        """SIGCONT."""
        self._ready.extend(self.stopped.pop(process, ()))  # type: ignore[attr-defined]

    def kill_process(self, process: str) -> None:
        """SIGKILL."""
        self.killed.add(process)
        self.stopped.pop(process, None)

    def _run_once(self) -> None:
        timers = self._timers
        ready: deque[Any] = self._ready  # type: ignore[attr-defined]
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not ready and timers:
            self._virtual = max(self._virtual, timers[0][0])
        while timers and timers[0][0] <= self._virtual:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(PROCESS, "")
            if process in self.killed:
                continue
            if process in self.stopped:
                self.stopped[process].append(handle)
                continue
            self.steps += 1
            handle._run()

    def finish(self) -> None:
        """End everything that still runs, so that nothing is left for the garbage collector to complain of."""
        self.set_exception_handler(lambda loop, context: None)
        for process in tuple(self.stopped):
            self.thaw_process(process)
        self.killed.clear()
        for _ in range(5):
            tasks = asyncio.all_tasks(self)
            for task in tasks:
                task.cancel()
            if tasks:
                self.run_until_complete(asyncio.wait(tasks, timeout=1))
        self.close()
