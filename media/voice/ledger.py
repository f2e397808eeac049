"""How much of a message was heard: from samples of its speech to characters of its text.

A word counts as heard when its last sample was. The words of a batch are found again in the text they stand
for; where a word is spelled otherwise than it is said (Markdown, numbers), the end of its piece counts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from media.speaker import Speech

Point = tuple[int, int]
"""Characters of a message that are spoken by so many samples of its speech."""


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
        self._cursor = 0

    @property
    def characters_made(self) -> int:
        """Characters of the message that are spoken when all that was made is played."""
        return self._characters[-1]

    def add(self, speech: Speech, text: str) -> None:
        """A batch of the recital; `text` is what was recited so far, from `start` on."""
        for word in speech.words:
            found = text.find(word.text, self._cursor)
            if 0 <= found - self._cursor <= 64:
                self._cursor = found + len(word.text)
                self._point(self.base + word.end, self.start + self._cursor)
        self.end = max(self.end, self.base + speech.end)
        if speech.characters > self._cursor:
            self._cursor = speech.characters
            self._point(self.end, self.start + speech.characters)

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
