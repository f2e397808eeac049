"""A node's voice: the sessions that have it here, the wheel that paces them all, the clock they share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Final, Self

from hub.node.promise import Node
from hub.store.promise import SessionKey
from legato.session.commands import Refusal
from media.voice.errands import Errands, supervised
from media.voice.session import SessionVoice
from media.voice.sound import Sound

TICK_S: Final = 0.05
SHARES: Final = 10
OPEN_S: Final = 5.0
ARCHIVE_S: Final = 30.0
"""How often what is stored is brought into the vault: well before a ring forgets it."""


class Desk:
    """See the module. An async context: inside, it works; leaving it settles every session's voice."""

    def __init__(self, node: Node, sound: Sound) -> None:
        self._node = node
        self.sound = sound
        self._voices: dict[SessionKey, SessionVoice] = {}
        self._opening: dict[SessionKey, asyncio.Lock] = {}
        self._errands = Errands()
        self._ends: dict[SessionKey, asyncio.Event] = {}
        self._any = asyncio.Event()
        """Whether there is a voice: a node without one does not wake for its beat."""

    async def __aenter__(self) -> Self:
        self._errands.spawn(self.sound.wheel.run())
        self._errands.spawn(self._tick())
        self._errands.spawn(self._archive())
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(self._close(key) for key in tuple(self._voices)))
        await self._errands.cancel()

    def __len__(self) -> int:
        return len(self._voices)

    def here(self, key: SessionKey) -> SessionVoice | None:
        """The session's voice, if it is on this node."""
        return self._voices.get(key)

    @asynccontextmanager
    async def voice(self, key: SessionKey) -> AsyncIterator[SessionVoice | None]:
        """The session's voice, opened if need be; it stays while it is used. None: no such session."""
        lock = self._opening.setdefault(key, asyncio.Lock())
        async with lock:
            yield self._voices.get(key) or await self._open(key)

    async def _open(self, key: SessionKey) -> SessionVoice | None:
        room = await self._node.open(key)
        if room is None or isinstance(room, Refusal):
            return None
        voice, running, over = SessionVoice(room, self.sound), asyncio.Event(), asyncio.Event()

        async def live() -> None:
            work = asyncio.ensure_future(voice.run(running))
            ended = asyncio.ensure_future(over.wait())
            try:
                await asyncio.wait((work, ended), return_when=asyncio.FIRST_COMPLETED)
            finally:
                if self._voices.get(key) is voice:
                    del self._voices[key]
                ended.cancel()
                work.cancel()
                await asyncio.wait((work,))
                self._node.release(room)
            if not work.cancelled():
                work.result()

        self._errands.spawn(live())
        async with asyncio.timeout(OPEN_S):
            await running.wait()
        self._voices[key], self._ends[key] = voice, over
        self._any.set()
        return voice

    async def _close(self, key: SessionKey) -> None:
        voice = self._voices.pop(key, None)
        if voice is not None:
            try:
                await voice.close()
            finally:
                self._ends.pop(key).set()
                self._opening.pop(key, None)

    async def _tick(self) -> None:
        """Each session's voice once in `TICK_S`, a share of them at a time: the beat of others passes in between."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for share in cycle(range(SHARES)):
            if not self._voices:
                self._any.clear()
                await self._any.wait()
            due = max(due + TICK_S / SHARES, loop.time() - TICK_S)
            await asyncio.sleep(max(0, due - loop.time()))
            now = self.sound.now()
            for key, voice in tuple(self._voices.items())[share::SHARES]:
                voice.tick(now)
                if voice.idle(now) and not self._busy(key):
                    self._errands.spawn(self._close(key))

    async def _archive(self) -> None:
        while True:
            await asyncio.sleep(ARCHIVE_S)
            for voice in tuple(self._voices.values()):
                await supervised(voice.archive())

    def _busy(self, key: SessionKey) -> bool:
        lock = self._opening.get(key)
        return lock is not None and lock.locked()
