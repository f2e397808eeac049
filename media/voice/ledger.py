"""How much of a message was heard: from samples of its speech to characters of its text.

A word counts as heard when its last sample was.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from media.portions import Point
from media.speaker import Speech


class Ledger:
    """The speech of one message. What was said of it before comes as `points`; the recital goes on from character
    `start` of its text, sample `samples` of its speech."""

    def __init__(self, start: int = 0, samples: int = 0, points: Iterable[Point] = ()) -> None:
        self.start = start
        self.base = samples
        self.end = samples
        """Samples of the message's speech that were made."""
        self._samples: list[int] = [0]
        self._characters: list[int] = [0]
        for characters, at in points:
            if at <= samples:
                self._point(at, min(characters, start))
        self._told = len(self._samples)
        self._point(samples, start)

    @property
    def characters_made(self) -> int:
        """Characters of the message that are spoken when all that was made is played."""
        return self._characters[-1]

    @property
    def fresh(self) -> bool:
        """Whether there is `news`."""
        return self._told < len(self._samples)

    def add(self, speech: Speech) -> None:
        """A batch of the recital, whose characters count from `start` on."""
        for characters, samples in speech.points:
            self._point(self.base + samples, self.start + characters)
        self.end = max(self.end, self.base + speech.end)

    def settle(self, characters: int) -> None:
        """The recital is complete: it speaks `characters` from `start` on."""
        self._point(self.end, self.start + characters)

    def heard(self, samples: int) -> int:
        """Characters of the message that are heard when `samples` of its speech were."""
        return self._characters[bisect_right(self._samples, samples) - 1]

    def news(self) -> list[Point]:
        """The points that became known since this was asked last."""
        known, self._told = self._told, len(self._samples)
        return list(zip(self._characters[known:], self._samples[known:], strict=True))

    def _point(self, samples: int, characters: int) -> None:
        if characters > self._characters[-1]:
            self._samples.append(max(samples, self._samples[-1]))
            self._characters.append(characters)
