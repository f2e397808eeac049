"""What was said and is not yet known to be safe: frames that whoever holds a microphone keeps until the hub has them.

Each frame is sent when it is captured, by whatever way carries the voice then. What is not acknowledged is sent
again: when the hub says that it is missing, when no word of it came for `LATE`, and at once on a new connection; one
frame at most once in `AGAIN`. What is asked for and not held is `lacking`. `web/src/voice/unacked.ts` is its twin;
`tests/vectors/unacked` binds them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

LATE: Final = 800
"""Milliseconds after which a frame should have been acknowledged."""

AGAIN: Final = 1_000
"""Milliseconds before a frame is sent again once more."""

HOLD: Final = 75 * 48_000
"""Samples of sound that are held at most; the oldest go first."""

MOST: Final = 50
"""Frames in one run."""

Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """Frames that follow each other without a hole, the first at `media_time`."""

    media_time: int
    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What follows from an acknowledgement: frames to send again, and stretches to name as `lacking`."""

    runs: list[Run] = field(default_factory=list)
    lacking: list[Stretch] = field(default_factory=list)


@dataclass(slots=True)
class _Held:
    media_time: int
    end: int
    payload: bytes
    due: int  # when it is sent again unasked
    free: int  # from when on it may be sent again


class Unacked:
    """See the module. `now`: monotonic ms. Media times count samples at 48 kHz."""

    def __init__(self) -> None:
        self._held: deque[_Held] = deque()
        self._open = False
        self.end = 0
        """Media time after the newest frame."""

    def __len__(self) -> int:
        return len(self._held)

    @property
    def since(self) -> int:
        """Media time before which nothing is held."""
        return self._held[0].media_time if self._held else self.end

    def capture(self, media_time: int, samples: int, payload: bytes, now: int) -> bool:
        """A new frame. False: it does not come after the last one, and is dropped."""
        if media_time < self.end:
            return False
        self.end = media_time + samples
        self._held.append(_Held(media_time, self.end, payload, now + LATE, now))
        while self.end - self._held[0].media_time > HOLD:
            self._held.popleft()
        return True

    def opened(self, now: int) -> list[Run]:
        """A new connection: all that is held is sent again."""
        self._open = True
        return self._again(self._held, now)

    def closed(self) -> None:
        """The connection is lost: nothing can be sent."""
        self._open = False

    def acked(self, until: int, missing: Sequence[Stretch], now: int) -> Answer:
        """Everything before `until` is safe; the hub lacks what is `missing`."""
        while self._held and self._held[0].end <= until:
            self._held.popleft()
        wanted: list[_Held] = []
        lacking: list[Stretch] = []
        for start, end in missing:
            found = [each for each in self._held if each.end > start and each.media_time < end]
            wanted += [each for each in found if each.free <= now]
            lacking += _holes(found, start, min(end, self.end))
        return Answer(self._again(wanted, now), lacking)

    def late(self, now: int) -> list[Run]:
        """What should be acknowledged by now, and is not."""
        return self._again([each for each in self._held if each.due <= now], now) if self._open else []

    def next_deadline(self) -> int | None:
        """When to call `late`."""
        return min((each.due for each in self._held), default=None) if self._open else None

    def _again(self, frames: Iterable[_Held], now: int) -> list[Run]:
        runs: list[list[_Held]] = []
        for each in frames:
            each.due = each.free = now + AGAIN
            last = runs[-1] if runs else None
            if last is None or last[-1].end != each.media_time or len(last) == MOST:
                runs.append([each])
            else:
                last.append(each)
        return [Run(run[0].media_time, tuple(each.payload for each in run)) for run in runs]


def _holes(found: Sequence[_Held], start: int, end: int) -> list[Stretch]:
    """What of the stretch these frames leave open."""
    holes: list[Stretch] = []
    for each in found:
        if each.media_time > start:
            holes.append((start, each.media_time))
        start = max(start, each.end)
    return [*holes, (start, end)] if start < end else holes
