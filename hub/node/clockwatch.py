"""Whether the store's clock can be believed.

Deadlines are session time, which the store's clock makes. Should that clock jump against this process's
monotonic one, deadlines would all fire at once (or never): they are suspended, and an alarm is raised,
until the clock is back or has kept to its new time for `SETTLED_MS`. Leases do not depend on it.
"""

from __future__ import annotations

from typing import Final

SETTLED_MS: Final = 300_000


class ClockWatch:
    """Compares readings. `jump` is how much (ms) counts as a jump."""

    def __init__(self, jump: int) -> None:
        self._jump = jump
        self._believed: int | None = None
        self._other: tuple[int, int] | None = None

    @property
    def suspended(self) -> bool:
        """Whether deadlines are suspended."""
        return self._other is not None

    def read(self, store_time: int, now: int) -> int:
        """A reading of the store's clock at `now` (monotonic ms). Returns the skew to go on with: what must be
        added to `now` for session time."""
        skew = store_time - now
        if self._believed is None or abs(skew - self._believed) <= self._jump:
            self._believed, self._other = skew, None
        elif self._other is None or abs(skew - self._other[0]) > self._jump:
            self._other = (skew, now)
        elif now - self._other[1] >= SETTLED_MS:
            self._believed, self._other = skew, None
        return self._believed
