"""When does somebody speak? Two thresholds in time between a detector's flicker and a mark in the log.

Detectors judge windows of some 20 ms and flicker: a cough is not speech, and the pause inside a word is not
its end. `Activity` believes in speech after `start_after` of it within a little more than that, and in its
end after `end_after` without any. Marks carry the times at which speech really began and ended, not those
at which that became known.

Time is the media time of the track (samples at 48 kHz), so that audio which is sent again after a gap gives
the same marks as if it had come in time. A hole is not speech.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from media.opus import RATE

PER_MS: Final = RATE // 1000


class Stage(Enum):
    QUIET = "quiet"
    RISING = "rising"
    """Something sounds like speech, not yet for long enough."""
    SPEAKING = "speaking"
    FALLING = "falling"
    """It was speech, and is quiet now, not yet for long enough."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """`at`: media time of the first sample of speech."""

    at: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """`at`: media time after the last sample of speech."""

    at: int


SpeechMark = SpeechStarted | SpeechEnded


@dataclass(frozen=True, slots=True)
class Patience:
    """Milliseconds: of speech until it counts, of pauses in that, of quiet until it ended."""

    start_after: int = 60
    forgive: int = 40
    end_after: int = 200


class Activity:
    """The hysteresis of one track. Windows come in order of media time."""

    def __init__(self, patience: Patience | None = None) -> None:
        patience = patience or Patience()
        self._start_after = patience.start_after * PER_MS
        self._forgive = patience.forgive * PER_MS
        self._end_after = patience.end_after * PER_MS
        self.stage = Stage.QUIET
        self._began = 0
        self._voiced = 0  # samples of speech since `_began`
        self._last = 0  # end of the last window of speech

    def feed(self, speech: bool, start: int, end: int) -> list[SpeechMark]:
        """One window's judgement, from `start` to `end`; returns the marks that it brings."""
        marks = self._quiet_until(start)
        if speech:
            return marks + self._speech(start, end)
        return marks + self._quiet_until(end)

    def stop(self) -> list[SpeechMark]:
        """The track stopped coming: speech that was under way ended with its last window."""
        speaking = self.stage in (Stage.SPEAKING, Stage.FALLING)
        self.stage = Stage.QUIET
        return [SpeechEnded(self._last)] if speaking else []

    def _speech(self, start: int, end: int) -> list[SpeechMark]:
        if self.stage is Stage.QUIET:
            self.stage, self._began, self._voiced = Stage.RISING, start, 0
        elif self.stage is Stage.FALLING:
            self.stage = Stage.SPEAKING
        self._voiced += end - start
        self._last = end
        if self.stage is Stage.RISING and self._voiced >= self._start_after:
            self.stage = Stage.SPEAKING
            return [SpeechStarted(self._began)]
        return []

    def _quiet_until(self, at: int) -> list[SpeechMark]:
        quiet = at - self._last
        if self.stage is Stage.RISING and quiet > self._forgive:
            self.stage = Stage.QUIET
        elif self.stage in (Stage.SPEAKING, Stage.FALLING) and quiet >= self._end_after:
            self.stage = Stage.QUIET
            return [SpeechEnded(self._last)]
        elif self.stage is Stage.SPEAKING and quiet > 0:
            self.stage = Stage.FALLING
        return []
