"""Something to say into a microphone: real speech, as Opus frames of 20 ms that begin with its first sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from legato.speech import SpeechFailed
from media.codecs import Encoder, Resampler, loudness
from media.engines.child import Engine
from media.engines.voices import ChildVoice

RATE: Final = 48_000
VOICES: Final = ("piper", "espeak")
SOUND_DB: Final = -40.0
_WINDOW: Final = RATE // 100 * 2
"""Bytes of 10 ms."""


async def utterance(text: str) -> list[bytes]:
    """The text, spoken by a voice that is installed. Raises `SpeechFailed` where none is."""
    return await asyncio.to_thread(Encoder(RATE).push, await utterance_pcm(text))


async def utterance_pcm(text: str) -> bytes:
    """The same, as s16 mono at 48 kHz."""
    for voice in VOICES:
        try:
            async with Engine(voice) as engine:
                pcm = await _spoken(ChildVoice(engine), text)
        except SpeechFailed:
            if voice == VOICES[-1]:
                raise
            continue
        return _trimmed(pcm)
    raise AssertionError("unreachable")


async def _spoken(voice: ChildVoice, text: str) -> bytes:
    async def words() -> AsyncIterator[str]:
        yield text

    pcm = b""
    resampler: Resampler | None = None
    async for piece in voice.speak(words()):
        resampler = resampler or Resampler(piece.rate, RATE)
        pcm += resampler.push(piece.pcm)
    return pcm + (resampler.flush() if resampler is not None else b"")


def _trimmed(pcm: bytes) -> bytes:
    """Without the quiet before its first sound and after its last."""
    loud = [at for at in range(0, len(pcm) - _WINDOW, _WINDOW) if loudness(pcm[at : at + _WINDOW]) > SOUND_DB]
    return pcm[loud[0] : loud[-1] + _WINDOW] if loud else pcm
