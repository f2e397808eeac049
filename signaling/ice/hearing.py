"""Does a node still hear what its callers say? Pure.

The kernel drops what a socket has no room for, and a node that has more calls than it can read loses sound of all of
them, not of the last. So it takes no new ones while that is so, and for a while after.

    HEARS ──three deaf seconds in a row──▶ FULL ──ten calm seconds in a row──▶ HEARS

A second is deaf if of what came a fiftieth is lost, and calm if less than a five-hundredth is.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

DEAF_LOOKS: Final = 3
"""A stall of a moment loses sound, too, but fewer calls would not mend it."""

CALM_LOOKS: Final = 10
DEAF_OF: Final = 50
CALM_OF: Final = 500
LEAST: Final = 30
"""Datagrams that a deaf second loses at least: a handful of a handful means nothing."""


class Stage(Enum):
    HEARS = "hears"
    FULL = "full"


class Hearing:
    """See the module. `look` is for every second."""

    def __init__(self) -> None:
        self.stage = Stage.HEARS
        self._read = self._lost = 0
        self._row = 0
        """Looks in a row that speak for the other stage."""

    @property
    def full(self) -> bool:
        """Whether no new calls should be taken."""
        return self.stage is Stage.FULL

    def look(self, read: int, lost: int) -> bool:
        """Datagrams that were read and lost since the start; whether the stage is another one now."""
        missed, came = lost - self._lost, read + lost - self._read - self._lost
        self._read, self._lost = read, lost
        if self.stage is Stage.FULL:
            speaks, enough, other = missed * CALM_OF < max(came, 1), CALM_LOOKS, Stage.HEARS
        else:
            speaks, enough, other = missed >= LEAST and missed * DEAF_OF >= came, DEAF_LOOKS, Stage.FULL
        self._row = self._row + 1 if speaks else 0
        if self._row < enough:
            return False
        self.stage, self._row = other, 0
        return True
