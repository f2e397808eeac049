"""How much of a message was heard: from samples of its speech to characters of its text.

A word counts as heard when its last sample was. The words of a batch are found again in the text they stand
for; where a word is spelled otherwise than it is said (Markdown, numbers), the end of its piece counts.
"""

from __future__ import annotations

from bisect import bisect_right

from media.speaker import Speech


class Ledger:
    """One recital of a message, from character `start` of its text on."""

    def __init__(self, start: int = 0) -> None:
        self.start = start
        self.end = 0
        """Samples of the recital that were made."""
        self._samples: list[int] = [0]
        self._characters: list[int] = [start]
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
                self._point(word.end, self._cursor)
        self.end = max(self.end, speech.end)
        if speech.characters > self._cursor:
            self._cursor = speech.characters
            self._point(self.end, speech.characters)

    def settle(self, characters: int) -> None:
        """The recital is complete: it speaks `characters` from `start` on."""
        self._point(self.end, characters)

    def heard(self, samples: int) -> int:
        """Characters of the message that are heard when `samples` of the recital were."""
        return self._characters[bisect_right(self._samples, samples) - 1]

    def _point(self, samples: int, characters: int) -> None:
        at = self.start + characters
        if at > self._characters[-1]:
            self._samples.append(max(samples, self._samples[-1]))
            self._characters.append(at)
