"""A voice on an engine's process: what it is given is spoken piece by piece."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

from legato.speech import Spoken, Word
from media.engines.child import Engine
from media.engines.wire import Say, Sound
from media.opus import RATE


class ChildVoice:
    """A voice that shares one engine: messages take turns, piece by piece."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def speak(self, text: AsyncIterator[str]) -> AsyncGenerator[Spoken, None]:
        offset = characters = 0
        async for piece in text:
            characters += len(piece)
            if not any(char.isalnum() for char in piece):
                continue
            for answer in await self._engine.ask(partial(_say, piece)):
                if not isinstance(answer, Sound):
                    raise TypeError(f"{self._engine.name} is no voice")
                words = tuple(
                    Word(w.text, offset + w.start, offset + w.end, w.estimated) for w in answer.words
                )
                yield Spoken(answer.pcm, answer.rate, words, characters if answer.last else 0)
                offset += len(answer.pcm) // 2 * RATE // answer.rate


def _say(text: str, number: int) -> Say:
    return Say(number, text)
