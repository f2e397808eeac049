"""The tracks of those who are spoken for: where in the rings their speech lies.

Each author has one track on a node, whose media time goes on with the clock, so that a recording has the pauses too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from media.frames import Frame
from media.opus import FRAME
from media.ring import SLOT, Batcher, Write
from media.timeline import PER_MS


@dataclass(slots=True)
class Track:
    """An author's track."""

    id: str
    began: int
    batcher: Batcher = field(default_factory=Batcher)
    tail: int = 0

    def next(self, now: int) -> int:
        """Media time for a message that begins now: after the last one, or as late as the clock says."""
        return max(self.tail, (now - self.began) * PER_MS // FRAME * FRAME)


class Tracks:
    """The tracks of one session on this node; `keep(track, writes)` stores what is complete."""

    def __init__(self, new_id: Callable[[str], str], keep: Callable[[str, list[Write]], None]) -> None:
        self._new_id = new_id
        self._keep = keep
        self._tracks: dict[str, Track] = {}

    def of(self, author: str, now: int) -> Track:
        """The author's track, begun if need be."""
        track = self._tracks.get(author)
        if track is None:
            track = self._tracks[author] = Track(self._new_id("t"), now)
        return track

    def add(self, track: Track, start: int, frames: Sequence[bytes], now: int) -> None:
        """Keep frames of 20 ms from media time `start` on; at once, if they are many."""
        writes: list[Write] = []
        for number, payload in enumerate(frames):
            writes += track.batcher.add(Frame(start + number * FRAME, payload), now)
        if len(frames) >= SLOT // FRAME:
            writes += track.batcher.flush()
        track.tail = start + len(frames) * FRAME
        self._keep(track.id, writes)

    def tick(self, now: int) -> None:
        """Time passed: batches that waited long enough are kept."""
        for track in self._tracks.values():
            self._keep(track.id, track.batcher.expire(now))

    def flush(self) -> None:
        """Keep everything now."""
        for track in self._tracks.values():
            self._keep(track.id, track.batcher.flush())
