"""An agent's own voice: sound that it brings instead of text to be spoken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from typing import Final

from legato.client import Client
from legato.wire.audio import PCM, Audio, encode_audio
from legato.wire.up import Speak

PIECE: Final = 16_000
"""Bytes of PCM in one envelope."""

RATE: Final = 48_000
AGAIN_S: Final = 0.05
TRIES: Final = 100
"""How often a piece is offered to a connection that is behind or broken, before it is given up."""


async def bring(session: Client, message: str, sound: AsyncIterable[bytes], rate: int, stream: int) -> None:
    """Send PCM (s16 mono, at `rate`) as the speech of `message`. What is sent into a broken connection is lost:
    the hub plays what it got."""
    samples = 0
    session.tell(Speak(stream=stream, message=message, format="pcm", rate=rate))
    async for chunk in sound:
        for at in range(0, len(chunk), PIECE):
            piece = chunk[at : at + PIECE]
            envelope = encode_audio(Audio(PCM, stream, samples * RATE // rate, (piece,)))
            await _send(session, envelope)
            samples += len(piece) // 2
    session.tell(Speak(stream=stream, message=message, format="pcm", rate=rate, end=True))


async def _send(session: Client, envelope: bytes) -> None:
    for _ in range(TRIES):
        if session.send_audio(envelope):
            return
        await asyncio.sleep(AGAIN_S)
