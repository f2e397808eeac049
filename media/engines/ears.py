"""Ears on an engine's process: an utterance is collected and recognised whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Final

from legato.speech import Heard, Pcm, Word
from media.codecs import Resampler
from media.engines.child import Engine
from media.engines.wire import Recognise, Recognised
from media.engines.words import estimate
from media.opus import RATE

EARS_RATE: Final = 16_000
LONGEST: Final = 25 * EARS_RATE
"""Samples after which an utterance is recognised, though it goes on."""

GUESS_EVERY: Final = 1_500


class ChildEars:
    """Ears that share one engine: utterances wait for each other."""

    def __init__(self, engine: Engine, guess_every: int | None = None) -> None:
        """`guess_every`: milliseconds of new audio between guesses; None: only final results."""
        self._engine = engine
        self._guess_every = None if guess_every is None else guess_every * EARS_RATE // 1000

    async def hear(self, audio: AsyncIterator[Pcm]) -> AsyncGenerator[Heard, None]:
        utterance = Utterance()
        guessed = 0
        async for piece in audio:
            utterance.add(piece)
            if utterance.samples >= LONGEST:
                yield await self._recognise(utterance, final=True)
                utterance, guessed = Utterance(), 0
            elif self._guess_every is not None and utterance.samples - guessed >= self._guess_every:
                guessed = utterance.samples
                yield await self._recognise(utterance, final=False)
        if utterance.samples:
            yield await self._recognise(utterance, final=True)

    async def _recognise(self, utterance: Utterance, *, final: bool) -> Heard:
        pcm = bytes(utterance.pcm)
        (answer,) = await self._engine.ask(lambda number: Recognise(number, pcm, EARS_RATE))
        if not isinstance(answer, Recognised):
            raise TypeError(f"{self._engine.name} is no ears")
        return utterance.heard(answer.text, answer.words, final=final)


@dataclass(slots=True)
class _Place:
    start: int
    resampler: Resampler
    rate: int


class Utterance:
    """The sound of one utterance at 16 kHz. Holes in the media time become silence, a second at most."""

    _LONGEST_HOLE: Final = RATE

    def __init__(self) -> None:
        self.pcm = bytearray()
        self._place: _Place | None = None
        self._end = 0

    @property
    def samples(self) -> int:
        """At 16 kHz."""
        return len(self.pcm) // 2

    def add(self, piece: Pcm) -> None:
        """The next piece of the track."""
        if self._place is None or self._place.rate != piece.rate:
            resampler = Resampler(piece.rate, EARS_RATE)
            start = piece.media_time if self._place is None else self._place.start
            self._place = _Place(start, resampler, piece.rate)
        elif piece.media_time > self._end:
            hole = min(piece.media_time - self._end, self._LONGEST_HOLE)
            self.pcm += bytes(2 * (hole * EARS_RATE // RATE))
        self.pcm += self._place.resampler.push(piece.samples)
        self._end = piece.media_time + len(piece.samples) // 2 * RATE // piece.rate

    def heard(self, text: str, words: tuple[Word, ...], *, final: bool) -> Heard:
        """The result in the track's time; words without times get estimated ones."""
        start = self._place.start if self._place else 0
        timed = words or estimate(text, bytes(self.pcm), EARS_RATE)
        placed = tuple(Word(w.text, start + w.start, start + w.end, w.estimated) for w in timed)
        return Heard(text, final, start, self._end, placed)
