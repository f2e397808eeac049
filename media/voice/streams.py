"""Microphone streams of an attachment's connections: who is told what the hub has, and sound the other way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from legato.wire import down
from legato.wire.audio import OPUS, Audio, encode_audio
from media.rtc.call import CallStats
from media.voice.holding import WORTH
from media.voice.receipts import Receipts, Stretch

TELL_EVERY: Final = 250
"""Milliseconds between two acknowledgements, unless much is newly missing."""

ASK_AGAIN: Final = 1_000
"""Milliseconds after which what is still missing is asked for once more."""

NO_STATS: Final = CallStats(0, 0, 0, 0, 0, 0.0, 0, 0.0, 0.0, None)


class Hearer(Protocol):
    """A client's connection."""

    def tell(self, envelope: down.Down) -> None: ...

    def send_audio(self, envelope: bytes) -> None: ...


@dataclass(slots=True)
class _Stream:
    hearer: Hearer
    number: int
    told: tuple[int, list[Stretch]] = (-1, [])
    told_at: int = 0


@dataclass(slots=True)
class Streams:
    """The streams that one capture comes by; `level` is what the store gives. `now`: monotonic ms."""

    track: str
    receipts: Receipts
    level: str
    _streams: list[_Stream] = field(default_factory=list)

    def open(self, hearer: Hearer, number: int, now: int) -> None:
        """Tell this one, now and with what is new."""
        self.close(hearer, number)
        stream = _Stream(hearer, number)
        self._streams.append(stream)
        self._tell(stream, self.receipts.missing(), now)

    def close(self, hearer: Hearer, number: int) -> None:
        """It is over."""
        self._streams = [each for each in self._streams if (each.hearer, each.number) != (hearer, number)]

    def tick(self, now: int) -> None:
        """Time passed."""
        if not self._streams:
            return
        missing = self.receipts.missing()
        for stream in self._streams:
            if self._due(stream, missing, now):
                self._tell(stream, missing, now)

    def _due(self, stream: _Stream, missing: list[Stretch], now: int) -> bool:
        if any(end - start >= WORTH and (start, end) not in stream.told[1] for start, end in missing):
            return True
        if now < stream.told_at + TELL_EVERY:
            return False
        asks = bool(missing) and now >= stream.told_at + ASK_AGAIN
        return asks or stream.told != (self.receipts.until, missing)

    def _tell(self, stream: _Stream, missing: list[Stretch], now: int) -> None:
        stream.told, stream.told_at = (self.receipts.until, missing), now
        until = self.receipts.until
        stream.hearer.tell(
            down.AudioAcked(
                stream=stream.number, track=self.track, until=until, level=self.level, missing=missing
            )
        )


class StreamCarrier:
    """A voice that a stream carries: stands for a call where there can be none."""

    def __init__(self, hearer: Hearer, number: int) -> None:
        self.hearer = hearer
        self.number = number
        self._media_time = 0
        self._open = True

    def send_audio(self, opus: bytes, samples: int, skipped: int = 0) -> int | None:
        """Send one frame, `skipped` samples after the end of the last one. Returns its media time, or None."""
        if not self._open:
            return None
        at = self._media_time + skipped
        self.hearer.send_audio(encode_audio(Audio(OPUS, self.number, at, (opus,))))
        self._media_time = at + samples
        return at

    def close(self) -> None:
        """Send nothing more; the connection goes on."""
        self._open = False

    def stats(self) -> CallStats:
        """Nothing is known of the way."""
        return NO_STATS
