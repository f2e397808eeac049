"""Cuts the sound of a microphone track into utterances for the ears.

Between a detector's judgement and its mark some time passes, so the sound before a mark is kept: an utterance
begins `LEAD` before the speech does, and its first pieces may be older than the mark. While nobody speaks
only that lead is kept.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from legato.speech import Pcm
from media.opus import RATE

LEAD: Final = 300 * RATE // 1000
"""Samples at 48 kHz kept from before speech: the soft beginning of a word, and the time to believe it."""


class Utterances:
    """The pieces of sound that belong to the utterance under way, and the lead of the next one."""

    def __init__(self, lead: int = LEAD) -> None:
        self._lead_samples = lead
        self._lead: deque[Pcm] = deque()
        self.open = False

    def add(self, piece: Pcm) -> list[Pcm]:
        """A piece of the track; returned at once while an utterance is open, kept as lead otherwise."""
        if self.open:
            return [piece]
        self._lead.append(piece)
        end = piece.media_time
        while self._lead and self._lead[0].media_time < end - self._lead_samples:
            self._lead.popleft()
        return []

    def begin(self, at: int) -> list[Pcm]:
        """Speech began at `at`: the pieces kept since a little before."""
        self.open = True
        kept, self._lead = self._lead, deque()
        return [piece for piece in kept if piece.media_time >= at - self._lead_samples]

    def end(self) -> None:
        """Speech ended; what comes is lead again."""
        self.open = False
