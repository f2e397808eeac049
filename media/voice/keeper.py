"""Keeps a session's sound in the rings of the store: sealed batches, written in the background.

Sound is never waited for: what cannot be written is tried again for as long as a ring is hot, within a bound.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from hub.keys import places
from hub.keys.errors import KeysError, SealBroken
from hub.keys.sealing import Sealer
from hub.node.entries import Keys
from hub.store.promise import Rings, SessionKey, Store, StoreUnavailable
from media.frames import Frame
from media.ring import MINUTE, Ring, Seals, Write
from media.spans import Spans

log: Final = logging.getLogger("legato.voice")

BOUND: Final = 1200
"""Batches that may wait: two minutes of one track."""

AT_ONCE: Final = 50
"""Batches of one track that are written together."""

AGAIN_S: Final = 0.5


Stored = Callable[[Write], None]


class Recorder(Protocol):
    """Where sound rests after the ring (`hub.vault`)."""

    async def record_audio(self, store: Store, key: SessionKey, track: str, before: int) -> int:
        """Keep the minutes of a track before minute `before`, and drop them from the store."""


class Keeper:
    """One session's rings. `run` is its task, owned by the caller."""

    def __init__(self, rings: Rings, keys: Keys, key: SessionKey) -> None:
        self._rings = rings
        self._keys = keys
        self._key = key
        self._sealer: Sealer | None = None
        self.ring = Ring(rings, key, Seals(self._seal, self._open, (SealBroken,)))
        self._waiting: deque[tuple[str, Write, Stored]] = deque(maxlen=BOUND)
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def keep(self, track: str, writes: list[Write], stored: Stored = lambda write: None) -> None:
        """Write these batches soon; `stored` is told of each that the store has. Too many, and the oldest go."""
        if writes:
            self._waiting.extend((track, write, stored) for write in writes)
            self._idle.clear()
            self._news.set()

    async def settled(self, timeout: float) -> None:
        """Wait until all is written, at most so many seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            log.warning("sound is late on its way into the store")

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                track = self._waiting[0][0]
                batch = [each for each in self._waiting if each[0] == track][:AT_ONCE]
                if not await self._write(track, [write for _, write, _ in batch]):
                    await asyncio.sleep(AGAIN_S)
                    continue
                self._forget(batch)
                for _, write, stored in batch:
                    stored(write)
            self._idle.set()

    def _forget(self, batch: list[tuple[str, Write, Stored]]) -> None:
        """These wait no longer. Nearly always one waited, in front; the oldest may have gone by itself."""
        waiting = self._waiting
        if len(batch) == 1 and waiting and waiting[0] is batch[0]:
            waiting.popleft()
            return
        written = set(map(id, batch))
        rest = [each for each in waiting if id(each) not in written]
        waiting.clear()
        waiting.extend(rest)

    async def archive(self, store: Store, vault: Recorder, *, whole: bool) -> None:
        """Bring what is stored of every track of the session into the vault, the newest minute only if `whole`:
        it may still grow."""
        for track, minutes in (await store.tracks(self._key)).items():
            await vault.record_audio(store, self._key, track, max(minutes) + (1 if whole else 0))

    async def minutes(self, track: str) -> list[int]:
        """The minutes of the track that are hot."""
        return sorted((await self._rings.tracks(self._key)).get(track, []))

    async def read(self, track: str, minutes: list[int]) -> list[Frame]:
        """The frames of these minutes, in order."""
        await self.unlock()
        frames: list[Frame] = []
        for minute in minutes:
            frames += (await self.ring.read(track, minute * MINUTE, (minute + 1) * MINUTE)).frames
        return [frame for at, frame in enumerate(frames) if at == 0 or frame.media_time >= frames[at - 1].end]

    async def frames(self, track: str, start: int, end: int) -> Sequence[Frame]:
        """The frames of the track from media time `start` to `end` that are hot, in order."""
        await self.unlock()
        return (await self.ring.read(track, start, end)).frames

    async def tail(self, track: str) -> int | None:
        """Media time after the track's newest stored frame; None if nothing of it is hot."""
        minutes = await self.minutes(track)
        if not minutes:
            return None
        frames = await self.read(track, minutes[-1:])
        return frames[-1].end if frames else None

    async def recent(self, track: str, samples: int) -> list[tuple[int, int]]:
        """The stretches that are hot among the last `samples` of the track, in order."""
        minutes = await self.minutes(track)
        if not minutes:
            return []
        spans = Spans()
        first = max(0, (minutes[-1] * MINUTE - samples) // MINUTE)
        for frame in await self.read(track, [minute for minute in minutes if minute >= first]):
            spans.add(frame.media_time, frame.end)
        return list(spans)

    async def unlock(self) -> None:
        """Have the session's key open. Raises `KeysError`."""
        tenant, session = self._key.tenant, self._key.session
        self._sealer = self._keys.opened(tenant, session) or await self._keys.sealer(tenant, session)

    async def _write(self, track: str, batch: list[Write]) -> bool:
        try:
            await self.unlock()
            await self.ring.write(track, batch)
        except (StoreUnavailable, KeysError, TimeoutError) as problem:
            log.warning("sound was not stored", extra={"kind": type(problem).__name__})
            return False
        return True

    def _seal(self, track: str, media_time: int, plain: bytes) -> bytes:
        assert self._sealer is not None
        return self._sealer.seal(places.audio(track, media_time), plain)

    def _open(self, track: str, media_time: int, sealed: bytes) -> bytes:
        assert self._sealer is not None
        return self._sealer.open(places.audio(track, media_time), sealed)
