"""When to try a connection again: at once, then after waits that double, each with jitter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FIRST_MS: Final = 50
LONGEST_MS: Final = 2_000

LOCAL_MS: Final = 5
"""Instead of `FIRST_MS` for a server on this machine, which is back 30 ms after it was killed."""


class Backoff:
    """`random()` gives numbers in [0, 1); `first_ms` is the wait after the attempt that is made at once."""

    def __init__(self, random: Callable[[], float], first_ms: int = FIRST_MS) -> None:
        self._random = random
        self._first_ms = first_ms
        self._failures = 0

    def succeeded(self) -> None:
        """The connection works: the next wait is none again."""
        self._failures = 0

    def wait_ms(self) -> int:
        """How long to wait before the next attempt; counts it as failed until `succeeded`."""
        failures, self._failures = self._failures, self._failures + 1
        if failures == 0:
            return 0
        whole = min(LONGEST_MS, self._first_ms * 2 ** min(failures - 1, 16))
        return int(whole / 2 + self._random() * whole / 2)
