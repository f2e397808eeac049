"""Keeps a session's sound in the rings of the store: sealed batches, written in the background.

Sound is never waited for: what cannot be written is tried again for as long as a ring is hot, within a bound. A batch
is given to the store as it comes, without a task's turn: what comes to a node at the same time leaves in one write.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, Protocol

from hub.keys import places
from hub.keys.errors import KeysError, SealBroken
from hub.keys.sealing import Sealer
from hub.node.entries import Keys
from hub.store.answer import Ended, when_done
from hub.store.promise import Rings, SessionKey, Store, StoreUnavailable
from media.frames import Frame
from media.ring import MINUTE, Ring, Seals, Write
from media.spans import Spans

log: Final = logging.getLogger("legato.voice")

BOUND: Final = 1200
"""Batches that may wait: two minutes of one track."""

AT_ONCE: Final = 50
"""Batches of one track that are written together."""

MOST_FLYING: Final = 32
"""Writes that the store has not answered yet."""

AGAIN_S: Final = 0.5


Stored = Callable[[Write], None]


class _Batch(NamedTuple):
    track: str
    write: Write
    stored: Stored


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
        self._waiting: deque[_Batch] = deque(maxlen=BOUND)
        self._flying = 0
        self._held = asyncio.Event()
        """The key is not open, or the store takes nothing: `run` helps."""
        self._failed = False
        self._idle = asyncio.Event()
        self._idle.set()

    def keep(self, track: str, writes: list[Write], stored: Stored = lambda write: None) -> None:
        """Write these batches; `stored` is told of each that the store has. Too many, and the oldest go."""
        if writes:
            self._waiting.extend([_Batch(track, write, stored) for write in writes])
            self._idle.clear()
            self._go_on()

    @property
    def idle(self) -> bool:
        """Whether the store has all that was to be kept."""
        return self._idle.is_set()

    async def settled(self, timeout: float) -> None:
        """Wait until all is written, at most so many seconds."""
        if self._idle.is_set():
            return
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            log.warning("sound is late on its way into the store")

    async def given(self, timeout: float) -> None:
        """Wait until all is with the store before whatever is asked of it next, at most so many seconds."""
        if self._waiting:
            await self.settled(timeout)

    async def run(self) -> None:
        """Help on what is held up, until cancelled."""
        while True:
            await self._held.wait()
            try:
                await self.unlock()
            except (StoreUnavailable, KeysError, TimeoutError) as problem:
                self._fail(problem)
            if self._failed:
                self._failed = False
                await asyncio.sleep(AGAIN_S)
                continue
            self._held.clear()
            self._go_on()

    def _go_on(self) -> None:
        """Send what waits, unless it is held up."""
        while self._waiting and self._flying < MOST_FLYING and not self._held.is_set():
            self._sealer = self._opened()
            if self._sealer is None:
                self._held.set()
                return
            batches = self._next()
            try:
                answer = self.ring.write(batches[0].track, [each.write for each in batches])
            except KeysError as problem:
                self._again(batches, problem)
                return
            self._flying += 1
            when_done(answer, partial(self._written, batches))

    def _next(self) -> list[_Batch]:
        """The first that wait, of one track."""
        waiting = self._waiting
        batches = [waiting.popleft()]
        while waiting and waiting[0].track == batches[0].track and len(batches) < AT_ONCE:
            batches.append(waiting.popleft())
        return batches

    def _written(self, batches: list[_Batch], answer: Ended[bool]) -> None:
        self._flying -= 1
        problem = StoreUnavailable("nobody answers") if answer.cancelled() else answer.exception()
        if problem is None and not answer.result():
            # No ring has it, so its client must keep it. The session comes back, or its room says that it is gone.
            problem = StoreUnavailable("no such session")
        if problem is None:
            for each in batches:
                each.stored(each.write)
        elif isinstance(problem, StoreUnavailable | KeysError | TimeoutError):
            self._again(batches, problem)
        else:
            raise problem
        self._go_on()
        if not self._waiting and not self._flying:
            self._idle.set()

    def _again(self, batches: list[_Batch], problem: BaseException) -> None:
        """These were not written."""
        room = BOUND - len(self._waiting)
        self._waiting.extendleft(reversed(batches[max(0, len(batches) - room) :]))
        self._fail(problem)

    def _fail(self, problem: BaseException) -> None:
        log.warning("sound was not stored", extra={"kind": type(problem).__name__})
        self._failed = True
        self._held.set()

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
        self._sealer = self._opened() or await self._keys.sealer(self._key.tenant, self._key.session)

    def _opened(self) -> Sealer | None:
        return self._keys.opened(self._key.tenant, self._key.session)

    def _seal(self, track: str, media_time: int, plain: bytes) -> bytes:
        assert self._sealer is not None
        return self._sealer.seal(places.audio(track, media_time), plain)

    def _open(self, track: str, media_time: int, sealed: bytes) -> bytes:
        assert self._sealer is not None
        return self._sealer.open(places.audio(track, media_time), sealed)
