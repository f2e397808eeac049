"""Detectors of speech, ready when a call comes.

The best judge loads a network, which takes some 50 ms of a core: too long for a loop that paces a thousand
calls. So they are made in a thread, a few ahead; a call that finds none begins with the cheap one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from media.detectors import Judge, best_judge, cheap_judge

AHEAD: Final = 3


class LateJudge:
    """Judges cheaply until its better is there."""

    def __init__(self) -> None:
        self.judge: Judge = cheap_judge()

    def speech(self, window: bytes) -> bool:
        return self.judge.speech(window)


class Judges:
    """A stock of judges. `run` is its task, owned by the caller."""

    def __init__(self, make: Callable[[], Judge] = best_judge, ahead: int = AHEAD) -> None:
        self._make = make
        self._ahead = ahead
        self._ready: deque[Judge] = deque()
        self._waiting: deque[LateJudge] = deque()
        self._news = asyncio.Event()

    def take(self) -> Judge:
        """One for a new track, at once."""
        self._news.set()
        if self._ready:
            return self._ready.popleft()
        late = LateJudge()
        self._waiting.append(late)
        return late

    async def run(self) -> None:
        """Keep the stock filled until cancelled."""
        while True:
            while len(self._ready) < self._ahead or self._waiting:
                judge = await asyncio.to_thread(self._make)
                if self._waiting:
                    self._waiting.popleft().judge = judge
                else:
                    self._ready.append(judge)
            self._news.clear()
            await self._news.wait()
