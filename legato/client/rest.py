"""How long a hub that has too much to do is left alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LONGEST_REST: Final = 15_000
RESTED_MS: Final = 30_000
"""After so long the hub is asked as if for the first time."""
_MOST: Final = 16


@dataclass(slots=True)
class Rest:
    """How often in a row the hub had too much to do, and when last."""

    _times: int = 0
    _at: int = 0

    def wait(self, asked: int, now: int, drawn: float) -> int:
        """The hub wants to be left alone for `asked` ms: how long to wait. `drawn`: from [0, 1)."""
        again = self._times > 0 and now - self._at < RESTED_MS
        self._times, self._at = min(self._times + 1, _MOST) if again else 1, now
        full = max(asked, min(asked << (self._times - 1), LONGEST_REST))
        return asked if self._times == 1 else int(full * (1 + drawn / 2))
