"""By how much a microphone's clock has gone off the session's: a pure machine over times at which both are known.

A sound card's quartz is off by up to some hundred parts in a million: its hour is most of a second too long or too
short. Its track counts samples, and must (no frame may be doubled, or left out); so who puts tracks side by side asks
here where a media time really was.

Each sighting says that a media time was heard at a session time: at once, or later by what network and node took. So
of every five minutes the quickest sighting counts, and the first of these is the measure for all others.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from media.opus import RATE

WINDOW: Final = 300 * RATE
"""Samples of which the quickest sighting counts."""

MOST: Final = 500
"""Parts in a million by which a clock may be off; what says more is no clock, but a network."""

_MILLION: Final = 1_000_000


class Drift:
    """See the module. All times are samples at 48 kHz. `start`: the media time whose place is known."""

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._seen: list[tuple[int, int]] = []  # media time, and how much later it was seen
        self._points: list[tuple[int, int]] | None = None

    def see(self, media_time: int, session_time: int) -> None:
        """What was said at that media time was heard at that session time, or a little before."""
        self._seen.append((media_time, session_time - media_time))
        self._points = None

    def at(self, media_time: int) -> int:
        """How many samples later than its own clock says a media time was, against the start."""
        if self._points is None:
            self._points = self._line()
        if len(self._points) < 2:
            return 0
        return _on(self._points, media_time) - _on(self._points, self._start)

    def _line(self) -> list[tuple[int, int]]:
        """The quickest sightings and how late each was; which are so shows when it is known how the clock goes."""
        rough = self._quickest(lambda seen: seen[1])
        if len(rough) < 2:
            return rough
        ends = [rough[0], rough[-1]]
        return self._quickest(lambda seen: seen[1] - _on(ends, seen[0]))

    def _quickest(self, slowness: Callable[[tuple[int, int]], int]) -> list[tuple[int, int]]:
        """Of each window the sighting of least slowness, none further from the one before than a clock can be."""
        windows: dict[int, tuple[int, int]] = {}
        for seen in self._seen:
            known = windows.get(seen[0] // WINDOW)
            if known is None or slowness(seen) < slowness(known):
                windows[seen[0] // WINDOW] = seen
        points: list[tuple[int, int]] = []
        for media_time, late in sorted(windows.values()):
            if points:
                before, off = points[-1]
                most = (media_time - before) * MOST // _MILLION
                late = max(off - most, min(off + most, late))
            points.append((media_time, late))
        return points


def _on(points: list[tuple[int, int]], media_time: int) -> int:
    """The value of the line through the points. Beyond them it goes on as it went from the first to the last, for
    as long again: a quartz does not change its mind."""
    (first, begin), (last, end) = points[0], points[-1]
    media_time = max(2 * first - last, min(2 * last - first, media_time))
    if first <= media_time < last:
        index = bisect_right(points, media_time, key=lambda point: point[0])
        (first, begin), (last, end) = points[index - 1 : index + 1]
    elif media_time >= last:
        return end + (end - begin) * (media_time - last) // (last - first)
    return begin + (end - begin) * (media_time - first) // (last - first)
