"""When to try a connection again: at once, then after waits that double, each with jitter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FIRST_MS: Final = 50
LONGEST_MS: Final = 2_000


class Backoff:
    """`random()` gives numbers in [0, 1)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._failures = 0

    def succeeded(self) -> None:
        """The connection works: the next wait is none again."""
        self._failures = 0

    def wait_ms(self) -> int:
        """How long to wait before the next attempt; counts it as failed until `succeeded`."""
        failures, self._failures = self._failures, self._failures + 1
        if failures == 0:
            return 0
        whole = min(LONGEST_MS, FIRST_MS * 2 ** min(failures - 1, 16))
        return int(whole / 2 + self._random() * whole / 2)
