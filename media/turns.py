"""When is it somebody else's turn? When a person has been quiet for long enough, in the track's own time.

A turn begins with speech and ends `silence` after speech ended, counted in the samples of the track: a gap
in the network is not a silence. Three things bend that rule:

- While audio is known to be on its way again (`hold`, after a gap) the turn is not over, for at most
  `HOLD`; then it ends marked `incomplete`.
- When a track stops coming altogether (mute, a closed laptop) there are no samples to count: after `silence`
  plus `GRACE` by the caller's clock the turn ends where it stands. In mid speech that is `incomplete`.
- A better judge of endings (`media.endings`) may ask for more time by `speak_on`, once a pause: it names the pause
  that it judged, so that an answer that comes late changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from media.activity import PER_MS, SpeechEnded, SpeechMark

SILENCE: Final = 600
"""Milliseconds of quiet that end a turn."""

HOLD: Final = 1500
"""Milliseconds for which a turn waits for audio that is sent again."""

GRACE: Final = 400
"""Milliseconds without any audio that are put down to the network."""


class Stage(Enum):
    NONE = "none"
    """Nobody has the turn."""
    OPEN = "open"
    """Somebody speaks."""
    ENDING = "ending"
    """Quiet, not yet for long enough."""


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """`at`: media time of the first speech of turn `number` (from 1) of this track."""

    number: int
    at: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over: known at media time `at`, spoken from `start` to `speech_end`."""

    number: int
    at: int
    start: int
    speech_end: int
    incomplete: bool = False


TurnMark = TurnStarted | TurnEnded


class Turns:
    """The turns of one microphone track. `now`: monotonic milliseconds of the caller."""

    def __init__(self, silence: int = SILENCE) -> None:
        self._silence = silence
        self.stage = Stage.NONE
        self.number = 0
        self._start = 0
        self._speech_end = 0
        self._wanted = 0  # media time at which the turn is over
        self._heard_to = 0
        self._heard_at = 0
        self._held_until: int | None = None

    def speech(self, mark: SpeechMark) -> list[TurnMark]:
        """A mark of the track's activity."""
        if isinstance(mark, SpeechEnded):
            if self.stage is Stage.OPEN:
                self.stage = Stage.ENDING
                self._speech_end = mark.at
                self._wanted = mark.at + self._silence * PER_MS
            return []
        if self.stage is Stage.NONE:
            self.stage = Stage.OPEN
            self.number += 1
            self._start = mark.at
            return [TurnStarted(self.number, mark.at)]
        self.stage = Stage.OPEN
        return []

    def heard(self, media_time: int, now: int) -> list[TurnMark]:
        """Audio came, up to `media_time`."""
        self._heard_to, self._heard_at = max(self._heard_to, media_time), now
        if self.stage is Stage.ENDING and self._held_until is None and self._heard_to >= self._wanted:
            return self._end(incomplete=False)
        return []

    def part(self) -> list[TurnMark]:
        """What is said next is no part of the turn that stands open: it ends here."""
        return [] if self.stage is Stage.NONE else self._end(incomplete=False)

    def hold(self, now: int) -> None:
        """Audio of this turn is missing and will be sent again."""
        if self._held_until is None:
            self._held_until = now + HOLD

    def release(self, now: int) -> list[TurnMark]:
        """All that was missing has come."""
        self._held_until = None
        return self.heard(self._heard_to, now)

    def speak_on(self, more: int, pause: int) -> None:
        """What was said before the pause that began at `pause` does not sound finished: that one may be `more`
        milliseconds longer. To ask twice is to ask once; an answer about an earlier pause, or of a turn that is
        over, does nothing. A track that stops coming is not waited for any longer than without it."""
        if pause == self._speech_end:
            self._wanted = pause + (self._silence + more) * PER_MS

    def next_deadline(self) -> int | None:
        """When to call `expire`."""
        if self.stage is Stage.NONE:
            return self._held_until
        if self._held_until is not None:
            return self._held_until
        return self._heard_at + self._silence + GRACE

    def expire(self, now: int) -> list[TurnMark]:
        """Time passed without the audio that would have told."""
        deadline = self.next_deadline()
        if deadline is None or now < deadline:
            return []
        held, self._held_until = self._held_until is not None, None
        if self.stage is Stage.NONE:
            return []
        if held and self.stage is Stage.OPEN and now - self._heard_at < self._silence + GRACE:
            return []  # still speaking, and heard: the gap is lost, the turn goes on
        return self._end(incomplete=held or self.stage is Stage.OPEN)

    def _end(self, *, incomplete: bool) -> list[TurnMark]:
        speech_end = self._heard_to if self.stage is Stage.OPEN else self._speech_end
        self.stage = Stage.NONE
        at = max(self._heard_to, speech_end)
        return [TurnEnded(self.number, at, self._start, speech_end, incomplete)]
