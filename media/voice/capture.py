"""One capture: a microphone whose frames carry their media time, through every call and connection.

Frames come by a call (their time behind them) and by streams (their time before them), late, doubled and again.
Each finds its place once. The machine does not care which way it came by.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from legato.wire.stamp import MAX_MEDIA_TIME, unstamped
from media.frames import Frame
from media.opus import RATE, BadOpus, duration
from media.ring import Batcher, Write
from media.rtc.rtp import AudioPacket
from media.timeline import PER_MS
from media.voice.microphone import Due
from media.voice.receipts import Receipts, Stretch

AHEAD: Final = 10 * RATE
"""Samples by which a capture's clock may run ahead of the hub's."""

_LONGEST: Final = 6 * 960


class Capture:
    """See the module. `now` is monotonic milliseconds of the caller."""

    def __init__(self, kept: Iterable[Stretch] = ()) -> None:
        """`kept`: what the ring holds of it."""
        self.receipts = Receipts(kept)
        self._batcher = Batcher()
        self._newest: tuple[int, int] | None = None
        self.refused = 0
        """Frames without a place: doubled, too late, not Opus, or of a time that cannot be."""

    def packet(self, packet: AudioPacket, now: int, mark: int = 0) -> tuple[Frame | None, list[Write]]:
        """A packet of the call; its frame (None if it has no place) and the batches that are full with it."""
        found = unstamped(packet.payload)
        if found is None:
            self.refused += 1
            return None, []
        return self.take(found[1], found[0], mark, now)

    def take(self, media_time: int, payload: bytes, mark: int, now: int) -> tuple[Frame | None, list[Write]]:
        """A frame; see `packet`."""
        try:
            samples = duration(payload)
        except BadOpus:
            samples = 0
        if not samples or not self._plausible(media_time, now):
            self.refused += 1
            return None, []
        if not self.receipts.place(media_time, media_time + samples):
            self.refused += 1
            return None, []
        frame = Frame(media_time, payload, samples, mark)
        if self._newest is None or frame.end >= self._newest[0]:
            self._newest = (frame.end, now)
        return frame, self._batcher.add(frame, now)

    def at(self, media_time: int) -> int:
        """When (monotonic ms) that media time was, by the newest frame."""
        media, now = self._newest or (0, 0)
        return now - (media - media_time) // PER_MS

    @property
    def newest(self) -> tuple[int, int] | None:
        """Media time just after the newest frame that came, and when it did (monotonic ms); None: none has."""
        return self._newest

    @property
    def tail(self) -> int:
        """Media time just after the newest frame."""
        return self.receipts.newest

    def expire(self, now: int) -> Due:
        """Time passed: call it some ten times a second."""
        return Due(self._batcher.expire(now), self.receipts.expire())

    def finish(self) -> Due:
        """A call ended. The capture may go on, and what is missing may still come."""
        return Due(self._batcher.flush(), [])

    def close(self) -> Due:
        """The capture is over."""
        return Due(self._batcher.flush(), self.receipts.close())

    def stored(self, write: Write) -> None:
        """The store has this batch."""
        for start, end in write.frames:
            self.receipts.stored(start, end)

    def _plausible(self, media_time: int, now: int) -> bool:
        if media_time >= MAX_MEDIA_TIME - _LONGEST:
            return False
        if self._newest is None:
            return True
        media, then = self._newest
        return media_time <= media + max(0, now - then) * PER_MS + AHEAD
