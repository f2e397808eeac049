"""An agent's words into frames: what an agent writes goes in as deltas, what a listener plays comes out.

Markdown is taken out, sentences are cut (`media.spoken`), a `Voice` speaks them, the sound is coded. The first
frames leave after the first clause; from then on speech is made faster than it is played. Each batch says up
to which character of the message it speaks and when each word is said, so that an interruption can be told
in words.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import msgspec

from legato.speech import Spoken, Voice, Word
from media.codecs import BIT_RATE, Encoder
from media.engines.words import share
from media.opus import FRAME, RATE
from media.spoken import Piece, Reciter


class Speech(msgspec.Struct, frozen=True):
    """A batch of a message's speech: it follows the batch before without a gap.

    `start` and `end`: samples at 48 kHz from the start of the message's speech. `characters`: how many
    characters of the message are spoken by the end of the batch. `words`: those that became known with it.
    """

    frames: tuple[bytes, ...]
    start: int
    end: int
    characters: int
    words: tuple[Word, ...] = ()
    last: bool = False


class Speaker:
    """Speaks an agent's messages with one voice."""

    def __init__(self, voice: Voice, bit_rate: int = BIT_RATE) -> None:
        self._voice = voice
        self._bit_rate = bit_rate

    async def speak(self, text: AsyncIterator[str]) -> AsyncGenerator[Speech, None]:
        """One message. The last batch says so (it may be empty, if nothing of the message can be said).

        Raises `SpeechFailed`; what came before it stands. Closing the generator stops the voice.
        """
        script = _Script()
        message = _Message(self._bit_rate)
        async with aclosing(script.read(text)) as words, aclosing(self._voice.speak(words)) as spoken:
            async for piece in spoken:
                yield message.add(piece, script)
        yield message.close(script)


class _Script:
    """What the voice was given, and which characters of the message that stands for."""

    def __init__(self) -> None:
        self.length = 0
        self._given = 0
        self._pieces: list[tuple[int, Piece]] = []  # with the characters given until its end

    async def read(self, text: AsyncIterator[str]) -> AsyncGenerator[str, None]:
        reciter = Reciter()
        async for delta in text:
            self.length += len(delta)
            for piece in reciter.push(delta):
                yield self._give(piece)
        for piece in reciter.flush():
            yield self._give(piece)

    def _give(self, piece: Piece) -> str:
        self._given += len(piece.text)
        self._pieces.append((self._given, piece))
        return piece.text

    def spoken(self, given: int) -> list[Piece]:
        """The pieces that are complete with `given` characters, each told once."""
        done = [piece for until, piece in self._pieces if until <= given]
        del self._pieces[: len(done)]
        return done


class _Message:
    """The sound of one message on its way through the codec."""

    def __init__(self, bit_rate: int) -> None:
        self._bit_rate = bit_rate
        self._encoder: Encoder | None = None
        self._rate = 0
        self._coded = 0  # samples at 48 kHz that left
        self._made = 0  # and that the voice made
        self._words_until = 0  # end of the last piece of text whose words are known
        self._worded = False
        self._characters = 0

    def add(self, piece: Spoken, script: _Script) -> Speech:
        frames: list[bytes] = []
        if self._encoder is None or piece.rate != self._rate:
            frames += self._encoder.flush() if self._encoder else []
            self._encoder, self._rate = Encoder(piece.rate, self._bit_rate), piece.rate
        frames += self._encoder.push(piece.pcm)
        self._made += len(piece.pcm) // 2 * RATE // piece.rate
        self._worded = self._worded or bool(piece.words)
        words = piece.words
        if piece.characters:
            done = script.spoken(piece.characters)
            self._characters = done[-1].end if done else self._characters
            if not self._worded:
                words = share(" ".join(each.text for each in done), self._words_until, self._made)
            self._words_until, self._worded = self._made, False
        return self._batch(frames, words, last=False)

    def close(self, script: _Script) -> Speech:
        self._characters = script.length
        return self._batch(self._encoder.flush() if self._encoder else [], (), last=True)

    def _batch(self, frames: list[bytes], words: tuple[Word, ...], *, last: bool) -> Speech:
        start, self._coded = self._coded, self._coded + len(frames) * FRAME
        return Speech(tuple(frames), start, self._coded, self._characters, words, last)
