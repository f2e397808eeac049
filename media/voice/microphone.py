"""One microphone's track: where each packet belongs, which batches are full, what is lost for good.

A track outlives its calls. Its media time goes on through all of them and never back: on the node that had
it by the clock, on the next one after the last frame that the ring holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from media.frames import Frame
from media.opus import RATE, BadOpus, duration
from media.ring import Batcher, Write
from media.rtc.rtp import AudioPacket
from media.timeline import PER_MS, Refused, Timeline, Why

LOST_AFTER: Final = 2 * RATE
"""Samples behind the newest frame after which a hole is not filled any more: it is marked."""


@dataclass(frozen=True, slots=True)
class Due:
    """What came of the time that passed: batches to write, stretches (start, end) lost for good."""

    writes: list[Write]
    gaps: list[tuple[int, int]]


class Microphone:
    """See the module. `now` is monotonic milliseconds of the caller."""

    def __init__(self, start: int = 0) -> None:
        """`start`: media time at which the track goes on."""
        self._timeline = Timeline(start)
        self._batcher = Batcher()
        self._judged = start
        self._start = start
        self._newest: tuple[int, int] | None = None
        self.refused = 0
        """Packets without a place: doubled, too late, or not Opus."""

    def packet(self, packet: AudioPacket, now: int, mark: int = 0) -> tuple[Frame | None, list[Write]]:
        """A packet of the call; its frame (None if it has no place) and the batches that are full with it."""
        try:
            samples = duration(packet.payload)
        except BadOpus:
            self.refused += 1
            return None, []
        place = self._timeline.place(packet.ssrc, packet.sequence, packet.timestamp, samples, now)
        if isinstance(place, Refused):
            self.refused += 1
            return None, []
        frame = Frame(place, packet.payload, samples, mark)
        end = place + samples
        if self._newest is None or end >= self._newest[0]:
            self._newest = (end, now)
        return frame, self._batcher.add(frame, now)

    def at(self, media_time: int) -> int:
        """When (monotonic ms) that media time was, by the newest frame."""
        media, now = self._newest or (self._start, 0)
        return now - (media - media_time) // PER_MS

    @property
    def newest(self) -> tuple[int, int] | None:
        """Media time just after the newest frame that came, and when it did (monotonic ms); None: none has."""
        return self._newest

    @property
    def tail(self) -> int:
        """Media time just after the newest frame."""
        return self._timeline.tail

    def expire(self, now: int) -> Due:
        """Time passed: call it some ten times a second."""
        return Due(self._batcher.expire(now), self._lost(self._timeline.tail - LOST_AFTER))

    def finish(self) -> Due:
        """The call ended: nothing more of it comes."""
        return Due(self._batcher.flush(), self._lost(self._timeline.tail))

    def close(self) -> Due:
        """The microphone goes."""
        return self.finish()

    def stored(self, write: Write) -> None:
        """The store has this batch; nobody here asks."""

    def _lost(self, until: int) -> list[tuple[int, int]]:
        if until <= self._judged:
            return []
        holes = self._timeline.holes(self._judged, until)
        self._judged = until
        return [(hole.start, hole.end) for hole in holes if hole.why is Why.LOST]
