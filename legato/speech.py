"""Ears and voices: speech to text and text to speech, as two async generators.

An engine is anything with one of these shapes. The hub brings some (a recogniser and a voice that work
offline, and any service that speaks OpenAI's HTTP); write your own by writing one method::

    class Parrot:
        async def speak(self, text):
            async for words in text:
                yield Spoken(pcm=my_model(words), rate=24_000)

Units, everywhere: PCM is signed 16-bit little-endian, one channel. `rate` is in samples a second of that PCM.
Times (`media_time`, `start`, `end`) are in samples at 48 kHz, whatever the rate of the PCM: from the start of
the track for what is heard, from the start of the message's speech for what is spoken.

Closing a generator (`aclose`, or leaving a `async for` within `contextlib.aclosing`) is how it is told to
stop: somebody interrupted. An engine stops then, and returns.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

import msgspec


class Pcm(msgspec.Struct, frozen=True, gc=False):
    """A piece of one track's sound. `media_time` is that of its first sample."""

    samples: bytes
    rate: int
    media_time: int


class Word(msgspec.Struct, frozen=True, gc=False):
    """A word and its time. `estimated`: the engine did not say, the time was shared out by length."""

    text: str
    start: int
    end: int
    estimated: bool = False


class Heard(msgspec.Struct, frozen=True):
    """What was understood of the audio from `start` to `end`.

    Until `final` it is a guess, and each one replaces the guess before it. After a final one a new stretch
    begins. An empty `text` that is final says that there was sound, but no words in it.
    """

    text: str
    final: bool
    start: int
    end: int
    words: tuple[Word, ...] = ()


class Spoken(msgspec.Struct, frozen=True):
    """A piece of speech: it follows the piece before it without a gap.

    `words` are those that became known with this piece, if the engine knows them. `characters` says how much of the
    text given is spoken when the piece has been played, counted from the start of the text; 0 if unknown.
    """

    pcm: bytes
    rate: int
    words: tuple[Word, ...] = ()
    characters: int = 0


class Ears(Protocol):
    """Speech to text."""

    def hear(self, audio: AsyncIterator[Pcm]) -> AsyncGenerator[Heard, None]:
        """Understand one utterance: `audio` is one person's, in order, and ends when they pause.

        Yields any number of guesses and at least one final result, the last of them after `audio` ended.
        Raises `SpeechFailed` if the engine cannot.
        """
        ...


class Voice(Protocol):
    """Text to speech."""

    def speak(self, text: AsyncIterator[str]) -> AsyncGenerator[Spoken, None]:
        """Speak one message: `text` comes in pieces of any size as the agent finds its words.

        The pieces are plain words to be said (Markdown is taken out before). Speech may come faster than
        real time, and begins before the text ends. Raises `SpeechFailed` if the engine cannot.
        """
        ...


class SpeechFailed(Exception):
    """An engine did not do its work, though it was tried again.

    `engine` names it; `reason` is a word: `crashed`, `timeout`, `busy`, `refused`, `missing`.
    """

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(engine, reason)
        self.engine = engine
        self.reason = reason
