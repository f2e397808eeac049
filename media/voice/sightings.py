"""When was a microphone's clock seen? Of every hundred seconds of its track the frame that came quickest.

A frame comes when it was said, or later by what network and node took; the quickest tells most of the clock. The log
keeps it (`clock_sighted`), so that whoever puts tracks side by side finds by how much the clock is off
(`media.drift`), whether anybody understood a word or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from media.opus import RATE
from media.timeline import PER_MS

STRETCH: Final = 100 * RATE
"""Samples of which the quickest frame is told: three of them lie in what `media.drift` takes the quickest of, so that
the log's own slowness is left out, too."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was said up to `media_time` had come `at` this time (monotonic ms)."""

    media_time: int
    at: int

    @property
    def late(self) -> int:
        """Samples, from any beginning."""
        return self.at * PER_MS - self.media_time


class Sightings:
    """One track's."""

    def __init__(self) -> None:
        self._begin: int | None = None
        self._newest = 0
        self._quickest: Sighting | None = None

    def see(self, media_time: int, at: int) -> Sighting | None:
        """The newest frame of the track, whenever somebody looks. The quickest of the stretch that is over with it."""
        if self._begin is not None and media_time <= self._newest:
            return None
        seen, quickest = Sighting(media_time, at), self._quickest
        self._newest = media_time
        if self._begin is not None and media_time - self._begin < STRETCH:
            self._quickest = seen if quickest is None or seen.late < quickest.late else quickest
            return None
        self._begin, self._quickest = media_time, seen
        return quickest
