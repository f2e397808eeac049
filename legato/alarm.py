"""One timer for a deadline that mostly moves on and on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring` no later than at the deadline it was set for last; perhaps before, at one that it was set for
    earlier, which costs less than a timer for each: whoever hears it says when next. `now` gives integer ms."""

    def __init__(self, now: Callable[[], int], ring: Callable[[], None]) -> None:
        self._now, self._ring = now, ring
        self._timer: asyncio.TimerHandle | None = None
        self._at = 0

    def set(self, deadline: int | None) -> None:
        """Ring by then (None: at no time of its own)."""
        if deadline is None or (self._timer is not None and self._at <= deadline):
            return
        self.cancel()
        self._at = deadline
        wait = max(0, deadline - self._now()) / 1000
        self._timer = asyncio.get_running_loop().call_later(wait, self._rings)

    def cancel(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """Do not ring, ever: whoever heard it is let go."""
        self.cancel()
        self._ring = _unheard

    def _rings(self) -> None:
        self._timer = None
        self._ring()


def _unheard() -> None:
    """Nobody is there."""
