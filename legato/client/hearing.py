"""Hearing a session's microphones, for agents that understand speech themselves.

async for sound in session.hear(rate=16_000):
    model.feed(sound.pcm.samples)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from legato.client.voiced import Voiced
from legato.speech import Pcm
from legato.wire import down as d
from legato.wire import up as u
from legato.wire.audio import PCM, BadAudio, decode_audio

MOST_WAITING: Final = 500
"""Pieces (20 ms each) that wait for whoever hears; beyond that the oldest are dropped."""

LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of what `participant` says; `pcm.media_time` is its time in `track`."""

    participant: str
    track: str
    pcm: Pcm


async def hear(session: Voiced, rate: int, participant: str) -> AsyncIterator[Sound]:
    """PCM at `rate` of every microphone, or of `participant`'s, as it comes; asked for anew after every break."""
    waiting: asyncio.Queue[Sound] = asyncio.Queue(MOST_WAITING)
    streams: dict[int, d.Listening] = {}
    connection = ""

    def told(envelope: d.Down) -> None:
        if isinstance(envelope, d.Listening):
            streams[envelope.stream] = envelope

    def heard(raw: bytes) -> None:
        try:
            audio = decode_audio(raw)
        except BadAudio:
            return
        stream = streams.get(audio.stream)
        if stream is None or audio.kind != PCM:
            return
        pcm = Pcm(audio.frames[0], stream.rate, audio.media_time)
        _put(waiting, Sound(stream.participant, stream.track, pcm))

    session.on.told.append(told)
    session.on.audio.append(heard)
    try:
        while True:
            attached = session.attached
            if attached is not None and attached.connection != connection:
                connection = attached.connection
                streams.clear()
                session.tell(u.Listen(format="pcm", rate=rate, participant=participant))
            try:
                async with asyncio.timeout(LOOK_S):
                    sound = await waiting.get()
            except TimeoutError:
                continue
            yield sound
    finally:
        session.on.told.remove(told)
        session.on.audio.remove(heard)


def _put(waiting: asyncio.Queue[Sound], sound: Sound) -> None:
    if waiting.full():
        waiting.get_nowait()
    waiting.put_nowait(sound)
