"""Detectors of speech for all tracks of a node.

A network holds some 10 MB and takes some 50 ms of a core to load: too much for each call, and too long for a
loop that paces a thousand. So tracks share a few, made in a thread, one ahead of need: a track borrows one while
it is spoken on. When all are lent, the cheap judges decide.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from media.detectors import Cascade, Judge, SileroJudge

MOST: Final = 12


class Judges:
    """The stock of networks, and a judge for each track. `run` is its task, owned by the caller."""

    def __init__(self, make: Callable[[], SileroJudge] = SileroJudge, most: int = MOST) -> None:
        """`make` may raise ImportError: there are no networks then."""
        self._make = make
        self._most = most
        self._made = 0
        self._free: deque[SileroJudge] = deque()
        self._wanted = asyncio.Event()

    def take(self) -> Judge:
        """One for a new track, at once."""
        return Cascade(self)

    def lend(self) -> SileroJudge | None:
        """See `media.detectors.Lender`."""
        network = self._free.popleft() if self._free else None
        if not self._free:
            self._wanted.set()
        return network

    def take_back(self, network: SileroJudge) -> None:
        """See `media.detectors.Lender`."""
        self._free.append(network)

    async def add(self) -> bool:
        """Make one more; False if there may be no more, or none can be made."""
        if self._made >= self._most:
            return False
        try:
            self._free.append(await asyncio.to_thread(self._make))
        except ImportError:
            return False
        self._made += 1
        return True

    async def run(self) -> None:
        """Keep one ahead until all are made."""
        while self._made < self._most:
            if not self._free and not await self.add():
                return
            if self._made < self._most:
                await self._wanted.wait()
                self._wanted.clear()
