"""How fast an outbox sends to a hub that says `too_fast`.

Until it says so there is no pace: a whole window goes at once, and the hub's bursts take it. Then, after the wait
that it asked for and up to half more, batches go one after another, a *distance* apart: first what it asked for (that
is the time in which it permits one more), a quarter more each time that it says so again, one ms less after each 128
acknowledgements. So the rate settles about the permitted one, few are refused, and the distance need not be told.
What a late timer held back goes together, for the hub has counted that time, too. When all is acknowledged there is
no pace any more.

Pure; `now` is monotonic ms. Its twin is `web/src/client/pace.ts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FIRST_MOST: Final = 10
"""The first distance at most, ms: not all that is `too_fast` is about batches a second."""

MOST: Final = 40
"""The largest distance, ms."""

EASED: Final = 128
"""So many acknowledgements bring the distance down by one ms."""


@dataclass(slots=True)
class Pace:
    """See the module. `at` is when the next batch may go, where there is a pace."""

    distance: int = 0
    at: int = 0
    _acked: int = 0

    def slow(self, asked: int, now: int, drawn: float) -> None:
        """The hub wants nothing for `asked` ms. `drawn`: from [0, 1)."""
        asked = max(asked, 1)
        further = self.distance + max(self.distance // 4, 1)
        self.distance = min(further, MOST) if self.distance else min(asked, FIRST_MOST)
        self.at = now + asked + int(asked * drawn / 2)
        self._acked = 0

    def acked(self) -> None:
        """The log has one more."""
        self._acked += 1
        if self._acked >= EASED:
            self._acked = 0
            self.distance -= self.distance > 1

    def free(self) -> None:
        """Nothing waits, or another connection counts from now on."""
        self.distance = self.at = self._acked = 0

    def allowed(self, now: int, most: int) -> int:
        """How many may go now, of `most`."""
        if not self.distance:
            return most
        return min(most, 1 + (now - self.at) // self.distance) if now >= self.at else 0

    def sent(self, batches: int) -> None:
        """So many went."""
        self.at += batches * self.distance
