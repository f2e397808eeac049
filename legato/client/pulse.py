"""When a connection is to be heard of, and when its silence is its end: a machine without a clock.

The hub says how often at rest. Where a dead connection would be missed at once it is each second, and what was silent
before that began is no silence. A connection that somebody else watches (a worker's, which carries many sessions and
beats for all of them) has no need of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SILENT_BEATS: Final = 3
HURRIED_BEAT_MS: Final = 1_000


@dataclass(slots=True)
class Pulse:
    """See the module. All times are monotonic integer ms; `at_rest` is the hub's `beat_ms`."""

    at_rest: int = HURRIED_BEAT_MS
    heard_at: int = 0
    spoke_at: int = 0
    hurried_at: int | None = None
    watched: bool = False

    def begin(self, now: int, *, watched: bool = False) -> None:
        """A connection is open."""
        self.heard_at = self.spoke_at = now
        self.watched = watched

    def look(self, now: int, *, urgent: bool) -> None:
        """Whether a dead connection would be missed at once."""
        if not urgent or self.watched:
            self.hurried_at = None
        elif self.hurried_at is None:
            self.hurried_at = now

    @property
    def beat(self) -> int:
        """How often something must be said and heard."""
        return self.at_rest if self.hurried_at is None else min(self.at_rest, HURRIED_BEAT_MS)

    @property
    def speak_at(self) -> int:
        """When something must be said."""
        return self.spoke_at + self.beat

    @property
    def silent_at(self) -> int:
        """When it is dead, if nothing is heard."""
        return max(self.heard_at, self.hurried_at or 0) + SILENT_BEATS * self.beat
