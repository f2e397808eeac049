"""One voice's frames on their way into a mix: they come by its microphone's clock, and leave by the wheel's.

A quartz is off by up to some hundred parts in a million. What is made too fast would pile up until everything is
heard a tenth of a second late, and then lose a frame every hundred seconds; what is made too slowly would run dry as
often. So who has waited for a second with too much, or too little, in hand has a sample more, or one less, taken in
each beat, and those stretched to fit: a thousand parts in a million, of which nobody hears anything. What is kept in
hand is a frame, counted when it was fewest: what the network's jitter uses up is on top of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from media.mixer import Samples
from media.opus import FRAME

READY: Final = 2
"""Frames of a voice that wait before it is mixed in: what its network's jitter may use up."""

MOST_WAITING: Final = 6
"""Frames of a voice that may wait; beyond that the oldest are left out, so that nobody is heard late."""

WATCHED: Final = 50
"""Beats after which it is looked at how much was in hand."""

_NOTHING: Final[Samples] = np.zeros(0, np.int16)
_FULL: Final = (MOST_WAITING - 1) * FRAME


@dataclass(slots=True)
class Waiting:
    """See the module. `idle`: beats since its last frame, which is the owner's to set back. `pace`: samples taken in a
    beat."""

    idle: int = 0
    pace: int = FRAME
    lost: int = 0
    """Frames that were left out."""
    _ready: bool = False
    _frames: deque[Samples] = field(default_factory=deque)
    _rest: Samples = field(default_factory=_NOTHING.copy)
    """What was begun of a frame."""
    _beats: int = 0
    _fewest: int = _FULL
    _most: int = 0

    def __bool__(self) -> bool:
        """Whether a frame waits."""
        return bool(self._frames)

    @property
    def held(self) -> int:
        """Samples that wait."""
        return self._rest.size + sum(each.size for each in self._frames)

    def add(self, frame: Samples) -> None:
        """Its next frame came."""
        self._frames.append(frame)
        if len(self._frames) > MOST_WAITING:
            self._frames.popleft()
            self.lost += 1

    def next(self) -> Samples | None:
        """Its `FRAME` samples for this beat; None while it has too few, or not enough to begin."""
        self.idle += 1
        if len(self._frames) >= READY:
            self._ready = True
        if not self._ready or self.held < self.pace:
            self._ready = False
            return None
        while self._rest.size < self.pace:
            self._rest = np.concatenate((self._rest, self._frames.popleft()))
        taken, self._rest = self._rest[: self.pace], self._rest[self.pace :]
        self._watch()
        return taken if taken.size == FRAME else _fitted(taken)

    def _watch(self) -> None:
        held = self.held
        self._fewest, self._most = min(self._fewest, held), max(self._most, held)
        self._beats += 1
        if self._beats < WATCHED:
            return
        if self._fewest >= 2 * FRAME:
            self.pace = FRAME + 1
        else:
            self.pace = FRAME - (self._fewest < FRAME and self._most < _FULL)
        self._beats, self._fewest, self._most = 0, _FULL, 0


def _fitted(samples: Samples) -> Samples:
    """The same in `FRAME` samples."""
    places = np.linspace(0, samples.size - 1, FRAME)
    return np.interp(places, np.arange(samples.size), samples).astype(np.int16)
