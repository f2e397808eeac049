"""A node's voice: the sessions that have it here, the wheel that paces them all, the clock they share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Final, Self
from weakref import WeakValueDictionary

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

GIVEN: Final = 10_000
"""Milliseconds that a voice stays after somebody got it: a call by ticket begins only when its handshake is done."""


@dataclass(slots=True)
class _Here:
    """A voice that is here; `over` ends it. `given`: when somebody got it last."""

    voice: SessionVoice
    over: asyncio.Event
    given: int = 0


class Desk:
    """See the module. An async context: inside, it works; leaving it settles every session's voice."""

    def __init__(self, node: Node, sound: Sound) -> None:
        self._node = node
        self.sound = sound
        self._voices: dict[SessionKey, _Here] = {}
        self._turns: WeakValueDictionary[SessionKey, asyncio.Lock] = WeakValueDictionary()
        """Whose turn it is to open, give or close a voice; each is there for as long as somebody has it, or waits."""
        self._errands = Errands()
        self._any = asyncio.Event()
        """Whether there is a voice: a node without one does not wake for its beat."""

    async def __aenter__(self) -> Self:
        self._errands.spawn(self.sound.wheel.run())
        self._errands.spawn(self._tick())
        self._errands.spawn(self._archive())
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(supervised(self._close(key)) for key in tuple(self._voices)))
        await self._errands.cancel()

    def __len__(self) -> int:
        return len(self._voices)

    def here(self, key: SessionKey) -> SessionVoice | None:
        """The session's voice, if it is on this node."""
        here = self._voices.get(key)
        return None if here is None else here.voice

    @asynccontextmanager
    async def voice(self, key: SessionKey) -> AsyncIterator[SessionVoice | None]:
        """The session's voice, opened if need be; it stays while it is used. None: no such session. Who comes while the
        last one is closed waits for that: what it heard is settled and stored before another goes on from it."""
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            here = self._voices.get(key) or await self._open(key)
            if here is not None:
                here.given = self.sound.now()
            yield None if here is None else here.voice

    async def _open(self, key: SessionKey) -> _Here | None:
        room = await self._node.open(key)
        if room is None or isinstance(room, Refusal):
            return None
        voice, running, over = SessionVoice(room, self.sound), asyncio.Event(), asyncio.Event()
        here = _Here(voice, over)

        async def live() -> None:
            work = asyncio.ensure_future(voice.run(running))
            ended = asyncio.ensure_future(over.wait())
            try:
                await asyncio.wait((work, ended), return_when=asyncio.FIRST_COMPLETED)
            finally:
                if self._voices.get(key) is here:
                    del self._voices[key]
                ended.cancel()
                work.cancel()
                await asyncio.wait((work,))
                self._node.release(room)
            if not work.cancelled():
                work.result()

        self._errands.spawn(live())
        try:
            async with asyncio.timeout(OPEN_S):
                await running.wait()
        except BaseException:  # nobody has it who would close it
            over.set()
            raise
        self._voices[key] = here
        self._any.set()
        return here

    async def _let_go(self, key: SessionKey) -> None:
        """Close the session's voice, unless somebody got it meanwhile."""
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            here = self._voices.get(key)
            if here is not None and _may_go(here, self.sound.now()):
                await self._close(key)

    async def _close(self, key: SessionKey) -> None:
        here = self._voices.pop(key, None)
        if here is not None:
            try:
                await here.voice.close()
            finally:
                here.over.set()

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
            for key, here in tuple(self._voices.items())[share::SHARES]:
                here.voice.tick(now)
                if _may_go(here, now) and not self._busy(key):
                    self._errands.spawn(self._let_go(key))

    async def _archive(self) -> None:
        while True:
            await asyncio.sleep(ARCHIVE_S)
            for here in tuple(self._voices.values()):
                await supervised(here.voice.archive())

    def _busy(self, key: SessionKey) -> bool:
        turn = self._turns.get(key)
        return turn is not None and turn.locked()


def _may_go(here: _Here, now: int) -> bool:
    return here.voice.idle(now) and now - here.given >= GIVEN
