"""Speech that was made before: a greeting costs its synthesis once, not for every caller.

Kept per voice and text as frames ready to send, the least lately used leave first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from typing import Final

from media.speaker import Speaker, Speech

LONGEST: Final = 1_000
"""Characters; longer texts are hardly said twice."""

MOST_FRAMES: Final = 30_000
"""Ten minutes of speech, some 3 MB."""


class Prompts:
    """The prepared speech of one voice."""

    def __init__(self, speaker: Speaker | None) -> None:
        self._speaker = speaker
        self._kept: OrderedDict[str, tuple[Speech, ...]] = OrderedDict()
        self._frames = 0

    def get(self, text: str) -> tuple[Speech, ...] | None:
        """The speech of the whole text, if it was made before."""
        found = self._kept.get(text)
        if found is not None:
            self._kept.move_to_end(text)
        return found

    def put(self, text: str, speech: Sequence[Speech]) -> None:
        """The whole text was spoken like this."""
        if not text or len(text) > LONGEST or text in self._kept:
            return
        self._kept[text] = tuple(speech)
        self._frames += sum(len(each.frames) for each in speech)
        while self._frames > MOST_FRAMES:
            _, dropped = self._kept.popitem(last=False)
            self._frames -= sum(len(each.frames) for each in dropped)

    async def prepare(self, text: str) -> None:
        """Make the speech of the text now. Raises `SpeechFailed`."""
        if self._speaker is not None and self.get(text) is None:
            self.put(text, [speech async for speech in self._speaker.speak(_whole(text))])


async def _whole(text: str) -> AsyncIterator[str]:
    yield text
