"""Whether a worker's hub is still there, as a machine: no clock, no connection.

    well ── a ping unanswered for a beat ──▶ suspected ── a second way opens, or three beats ──▶ lost

A ping counts from when it was sent until its pong is here, so both directions are seen: a hub that is heard need not
hear. A suspicion tears nothing down: it is the time to try a second way to the hub. Where that opens while the first
answers nothing, the way was dead and not the hub, and there is still time: the hub holds the worker for dead after
three beats of its own, and what its sessions then do costs their users an answer.
"""

from __future__ import annotations

from collections import deque
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

    def __init__(self, beat: int) -> None:
        self._beat = beat
        self._unanswered: deque[tuple[int, int]] = deque()
        """Number of a ping, and when it was sent."""
        self._last = 0
        self._other_opened = False

    def ping(self, now: int) -> int:
        """A ping is sent on the first way: its number."""
        self._last += 1
        self._unanswered.append((self._last, now))
        return self._last

    def pong(self, number: int) -> None:
        """The hub answered that ping, and so had all before it."""
        while self._unanswered and self._unanswered[0][0] <= number:
            self._unanswered.popleft()
            self._other_opened = False

    def other_opened(self) -> None:
        """A second way, tried in a suspicion, leads to the hub."""
        self._other_opened = True

    def health(self, now: int) -> Health:
        """How it is now."""
        silent = now - self._unanswered[0][1] if self._unanswered else 0
        if silent < SUSPECT_BEATS * self._beat:
            return Health.WELL
        if self._other_opened or silent >= LOST_BEATS * self._beat:
            return Health.LOST
        return Health.SUSPECTED
