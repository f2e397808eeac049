"""Whether a worker's hub is still there, as a machine: no clock, no connection.

    well ── a beat without a word ──▶ suspected ── a second way opens, or three beats ──▶ lost

A suspicion tears nothing down: it is the time to try a second way to the hub. Where that opens while the first says
nothing, the way was dead and not the hub, and there is still time: the hub holds the worker for dead after three
beats of its own, and what its sessions then do costs their users an answer.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

SUSPECT_BEATS: Final = 1
LOST_BEATS: Final = 3


class Health(Enum):
    """How the way to the hub is."""

    WELL = "well"
    SUSPECTED = "suspected"
    LOST = "lost"


class Liveness:
    """See the module. Times are in ms, of any one clock; a hub says how long its `beat` is."""

    def __init__(self, beat: int, now: int) -> None:
        self._beat = beat
        self._heard_at = now
        self._other_opened = False

    def heard(self, now: int) -> None:
        """The hub said something on the first way."""
        self._heard_at, self._other_opened = now, False

    def other_opened(self) -> None:
        """A second way, tried in a suspicion, leads to the hub."""
        self._other_opened = True

    def health(self, now: int) -> Health:
        """How it is now."""
        silent = now - self._heard_at
        if silent < SUSPECT_BEATS * self._beat:
            return Health.WELL
        if self._other_opened or silent >= LOST_BEATS * self._beat:
            return Health.LOST
        return Health.SUSPECTED
