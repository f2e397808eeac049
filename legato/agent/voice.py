"""An agent's own voice: sound that it brings instead of text to be spoken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Final, Self

from legato.agent.unkept import Unkept
from legato.client import Client
from legato.wire import down as d
from legato.wire.audio import PCM, Audio, encode_audio
from legato.wire.up import Speak

PIECE: Final = 16_000
"""Bytes of PCM in one envelope."""

AGAIN_S: Final = 0.05
"""When a connection that is behind is offered the next piece."""

ANSWER_S: Final = 5.0
"""How long a hub may take to say from where on it wants the sound, before it is given up."""


async def bring(session: Client, message: str, sound: AsyncIterable[bytes], rate: int, stream: int) -> None:
    """Send PCM (s16 mono, at `rate`) as the speech of `message`, each sample once, over broken connections and dead
    nodes. Returns when the hub has all of it, or wants no more; takes no more than 20 s ahead of what the hub has."""
    async with _Bringing(session, message, rate, stream) as bringing:
        async for chunk in sound:
            await bringing.add(chunk)
        await bringing.end()


class _Bringing:
    """The sound of one message on its way."""

    def __init__(self, session: Client, message: str, rate: int, stream: int) -> None:
        self._session, self._stream = session, stream
        self._speak = Speak(stream=stream, message=message, format="pcm", rate=rate)
        self._end = Speak(stream=stream, message=message, format="pcm", rate=rate, end=True)
        self._unkept = Unkept(rate)
        self._changed = asyncio.Event()
        self._resuming = False
        self._ended = self._end_said = self._over = False
        self._later: asyncio.TimerHandle | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        on = self._session.on
        on.told.append(self._told)
        on.back.append(self._back)
        on.away.append(self._away)
        self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        on = self._session.on
        on.told.remove(self._told)
        on.back.remove(self._back)
        on.away.remove(self._away)
        for timer in (self._later, self._patience):
            if timer is not None:
                timer.cancel()

    async def add(self, chunk: bytes) -> None:
        """Bring more; returns when there is room for the next."""
        for at in range(0, len(chunk), PIECE):
            await self._until(lambda: self._unkept.room)
            self._unkept.add(chunk[at : at + PIECE])
            self._flush()

    async def end(self) -> None:
        """That was all; returns when the hub has it."""
        self._ended = True
        self._flush()
        await self._until(lambda: self._unkept.safe)

    # --- inside

    def _open(self) -> None:
        self._session.tell(self._speak)
        self._end_said = False
        self._patience = asyncio.get_running_loop().call_later(ANSWER_S, self._give_up)

    def _back(self, _: d.Attached) -> None:
        self._away()
        self._resuming = True
        self._open()

    def _away(self) -> None:
        if self._patience is not None:
            self._patience.cancel()

    def _told(self, envelope: d.Down) -> None:
        if not isinstance(envelope, d.SoundTaken) or envelope.message != self._speak.message:
            return
        self._away()
        self._over |= envelope.over
        if self._resuming:
            self._resuming = False
            self._unkept.opened(envelope.until)
        else:
            self._unkept.taken(envelope.until)
        self._flush()
        self._changed.set()

    def _give_up(self) -> None:
        self._over = True
        self._changed.set()

    def _flush(self) -> None:
        """Send what may leave now."""
        if self._resuming or self._over:
            return
        while (piece := self._unkept.next()) is not None:
            media_time, pcm = piece
            if not self._session.send_audio(encode_audio(Audio(PCM, self._stream, media_time, (pcm,)))):
                self._soon()
                return
            self._unkept.sent(media_time, pcm)
        if self._ended and not self._end_said and self._unkept.all_sent:
            self._end_said = True
            self._session.tell(self._end)

    def _soon(self) -> None:
        if self._later is not None:
            self._later.cancel()
        self._later = asyncio.get_running_loop().call_later(AGAIN_S, self._flush)

    async def _until(self, held: Callable[[], bool]) -> None:
        while not held() and not self._over:
            self._changed.clear()
            await self._changed.wait()
