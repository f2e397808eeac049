"""An agent's words into frames: what an agent writes goes in as deltas, what a listener plays comes out.

Markdown is taken out, sentences are cut (`media.spoken`), a `Voice` speaks them, its sound is coded portion by portion
(`media.portions`). The first frames leave with the first word; from then on speech is made faster than it is played.
Each batch says by which sample which character of the message is spoken, so that an interruption can be told in words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

import msgspec

from legato.speech import Voice
from media.codecs import BIT_RATE, Encoder
from media.opus import FRAME, RATE
from media.portions import Pace, Point, Portion, Portions
from media.spoken import Reciter

STEP: Final = 3 * FRAME
"""Samples that are coded at one go, in half a millisecond or so."""


class Speech(msgspec.Struct, frozen=True):
    """A batch of a message's speech: it follows the batch before without a gap.

    `start` and `end`: samples at 48 kHz from the start of the message's speech. `points`: which characters of the
    message are spoken by which sample, as far as that became known with it. `kept`: the rings have it already.
    """

    frames: tuple[bytes, ...]
    start: int
    end: int
    points: tuple[Point, ...] = ()
    last: bool = False
    kept: bool = False


class Speaker:
    """Speaks an agent's messages with one voice."""

    def __init__(self, voice: Voice, bit_rate: int = BIT_RATE) -> None:
        self._voice = voice
        self._bit_rate = bit_rate
        self._pace = Pace()

    async def speak(self, text: AsyncIterator[str]) -> AsyncGenerator[Speech, None]:
        """One message. The last batch says so (it may be empty, if nothing of the message can be said).

        Raises `SpeechFailed`; what came before it stands. Closing the generator stops the voice.
        """
        portions, sound = Portions(self._pace), _Sound(self._bit_rate)
        async with aclosing(_read(text, portions)) as words, aclosing(self._voice.speak(words)) as spoken:
            async for piece in spoken:
                for portion in portions.add(piece):
                    yield await sound.add(portion)
        yield sound.close(tuple(portions.close()))


async def _read(text: AsyncIterator[str], portions: Portions) -> AsyncGenerator[str, None]:
    """What the voice is given."""
    reciter = Reciter()
    async for delta in text:
        portions.read(delta)
        for piece in reciter.push(delta):
            portions.give(piece)
            yield piece.text
    for piece in reciter.flush():
        portions.give(piece)
        yield piece.text


class _Sound:
    """The sound of one message on its way through the codec."""

    def __init__(self, bit_rate: int) -> None:
        self._bit_rate = bit_rate
        self._encoder: Encoder | None = None
        self._rate = 0
        self._coded = 0  # samples at 48 kHz that left

    async def add(self, portion: Portion) -> Speech:
        """Coded at once if it is the first, and else `STEP` by `STEP`: others' frames go in between."""
        frames: list[bytes] = []
        if self._encoder is None or portion.rate != self._rate:
            frames += self._encoder.flush() if self._encoder else []
            self._encoder, self._rate = Encoder(portion.rate, self._bit_rate), portion.rate
        step = 2 * (STEP * portion.rate // RATE)
        for at in range(0, len(portion.pcm), step):
            if at and self._coded:
                await asyncio.sleep(0)
            frames += self._encoder.push(portion.pcm[at : at + step])
        return self._batch(frames, portion.points)

    def close(self, points: tuple[Point, ...]) -> Speech:
        return self._batch(self._encoder.flush() if self._encoder else [], points, last=True)

    def _batch(self, frames: list[bytes], points: tuple[Point, ...], *, last: bool = False) -> Speech:
        start, self._coded = self._coded, self._coded + len(frames) * FRAME
        return Speech(tuple(frames), start, self._coded, points, last)
