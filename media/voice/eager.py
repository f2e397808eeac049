"""A voice that begins at once: engines put some 30 ms of silence before the first word, which people hear as delay."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

import numpy as np

from legato.speech import Spoken, Voice, Word
from media.opus import RATE

AUDIBLE: Final = 100
"""Of 32 768: what is quieter, before the first word, is left out."""

PRE_ROLL_MS: Final = 2


class EagerVoice:
    """`voice` without the silence before its first word."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    async def speak(self, text: AsyncIterator[str]) -> AsyncGenerator[Spoken, None]:
        """See `legato.speech.Voice`."""
        cut: int | None = None
        async with aclosing(self._voice.speak(text)) as spoken:
            async for piece in spoken:
                if cut is None and piece.pcm:
                    cut, piece = _trimmed(piece)
                    yield piece
                else:
                    yield _moved(piece, cut or 0)


def _trimmed(piece: Spoken) -> tuple[int, Spoken]:
    """The piece without its silent beginning, and how much that was in samples at 48 kHz."""
    samples = np.abs(np.frombuffer(piece.pcm, np.int16).astype(np.int32))
    loud = np.flatnonzero(samples > AUDIBLE)
    first = int(loud[0]) if loud.size else 0
    drop = max(0, first - PRE_ROLL_MS * piece.rate // 1000)
    cut = drop * RATE // piece.rate
    return cut, _moved(Spoken(piece.pcm[2 * drop :], piece.rate, piece.words, piece.characters), cut)


def _moved(piece: Spoken, cut: int) -> Spoken:
    words = tuple(
        Word(word.text, max(0, word.start - cut), max(0, word.end - cut), word.estimated)
        for word in piece.words
    )
    return Spoken(piece.pcm, piece.rate, words, piece.characters)
