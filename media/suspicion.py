"""Something sounds like speech: too little to believe in it (`media.activity`), enough to pause for.

A pause that was for nothing loses nothing, so it may come sooner than certainty: `Suspicion` speaks up after
`AFTER` of windows that may be speech, and once. It says so again only when it was `QUIET` in between, so that a
noise that goes on is one suspicion. Times are media times (samples at 48 kHz); windows come in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from media.timeline import PER_MS

AFTER: Final = 40 * PER_MS
"""Samples that may be speech before anything is said."""

FORGIVE: Final = 20 * PER_MS
"""Samples of anything else that may lie between them."""

QUIET: Final = 100 * PER_MS
"""Samples of anything else that end a suspicion."""


@dataclass(frozen=True, slots=True)
class Suspected:
    """What may be speech began at media time `at`."""

    at: int


@dataclass(frozen=True, slots=True)
class Dismissed:
    """It is quiet again; known at media time `at`."""

    at: int


SuspicionMark = Suspected | Dismissed


class Suspicion:
    """The suspicions of one track."""

    def __init__(self) -> None:
        self._began = 0
        self._sounding = 0
        self._last: int | None = None
        """End of the last window that may be speech; None: none is remembered."""
        self._told = False

    def feed(self, suspect: bool, start: int, end: int) -> list[SuspicionMark]:
        """One window, from `start` to `end`, and whether it may be speech."""
        marks = self._pass(start if suspect else end)
        if not suspect:
            return marks
        if self._last is None:
            self._began, self._sounding = start, 0
        self._sounding += end - start
        self._last = end
        if not self._told and self._sounding >= AFTER:
            self._told = True
            marks.append(Suspected(self._began))
        return marks

    def _pass(self, at: int) -> list[SuspicionMark]:
        """Nothing that may be speech came up to `at`."""
        if self._last is None or at - self._last <= FORGIVE or (self._told and at - self._last < QUIET):
            return []
        told, self._told, self._last = self._told, False, None
        return [Dismissed(at)] if told else []
