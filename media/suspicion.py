"""Something sounds like speech: too little to believe in it, enough to pause for.

A pause that was for nothing loses nothing, so it may come sooner than certainty: it is the same hysteresis as speech's
(`media.activity`) with less patience, over windows that *may* be speech. A noise that goes on is one suspicion. Times
are media times (samples at 48 kHz); windows come in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from media.activity import Activity, Patience, SpeechStarted
from media.timeline import PER_MS

AFTER: Final = 40 * PER_MS
"""Samples that may be speech before anything is said."""

FORGIVE: Final = 20 * PER_MS
"""Samples of anything else that may lie between them."""

QUIET: Final = 100 * PER_MS
"""Samples of anything else that end a suspicion."""

_HASTE: Final = Patience(AFTER // PER_MS, FORGIVE // PER_MS, QUIET // PER_MS)


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
        self._activity = Activity(_HASTE)

    def feed(self, suspect: bool, start: int, end: int) -> list[SuspicionMark]:
        """One window, from `start` to `end`, and whether it may be speech."""
        known = start if suspect else end
        return [
            Suspected(mark.at) if isinstance(mark, SpeechStarted) else Dismissed(known)
            for mark in self._activity.feed(suspect, start, end)
        ]
