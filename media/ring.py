"""A track's last minutes of frames: batches by media time, in a hash per minute.

The store keeps a hash for each track and minute; a field holds one batch: the frames that begin in one slot
of 100 ms. Fields are written if absent, and a field's number says which frames it holds (`slot << 40 |
cells`: the slot within the minute, and a bit for each cell of 2.5 ms in which a frame begins), so that

- a batch that comes late, from a replay or from another node, finds its place (a stream would refuse it);
- the same batch written twice is one batch;
- a batch flushed before its slot was full is completed by a second field, never overwritten.

A reader merges what it finds and drops the frames that overlap one that it has; what is missing is a hole.

`Batcher` is pure: frames and `now` (monotonic milliseconds) in, writes out. `Ring` is the thin shell on the
store, and seals each batch before it leaves the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from hub.store.promise import Rings, SessionKey
from media.frames import BadBatch, Frame, pack, unpack
from media.opus import FRAME, RATE
from media.timeline import Hole, Why

SLOT: Final = 5 * FRAME
MINUTE: Final = 60 * RATE
HOT: Final = 120 * RATE
"""Samples that a ring keeps hot; what is older rests in the vault."""

FLUSH_AFTER: Final = 150
"""Milliseconds after its first frame at which a batch is written, full or not."""

AT_ONCE: Final = 50
"""Batches that are opened without a pause."""

_LONGEST: Final = 6 * FRAME
MAX_OPEN: Final = 64
_REMEMBERED: Final = 128
CELLS: Final = 40
_NOTHING: Final = (0, 0)
_CELL: Final = SLOT // CELLS
"""The shortest Opus frame: two frames that do not overlap never begin in one cell."""

Seal = Callable[[str, int, bytes], bytes]
"""`seal(track, media_time, plain)` and `open(track, media_time, sealed)`: a batch opens only in the place for
which it was sealed (the beginning of its first cell). `open` raises for what it cannot open."""


class Write(msgspec.Struct, frozen=True, gc=False):
    """One batch on its way into the store. `minute` counts minutes of the track, from 0."""

    minute: int
    field: int
    blob: bytes
    frames: tuple[tuple[int, int], ...] = ()
    """Where they begin and end."""


@dataclass(slots=True)
class _Open:
    deadline: int
    frames: list[Frame] = field(default_factory=list)
    cells: int = 0
    samples: int = 0
    end: int = 0  # media time after the last frame
    tidy: bool = True  # the frames came in order, and do not overlap


class Batcher:
    """Collects the frames of one track into batches. Frames may come in any order, and twice."""

    def __init__(self, flush_after: int = FLUSH_AFTER) -> None:
        self._flush_after = flush_after
        self._open: dict[int, _Open] = {}
        self._written: dict[int, tuple[int, int]] = {}  # slot: cells and samples, for the latest slots

    def add(self, frame: Frame, now: int) -> list[Write]:
        """Take a frame; returns the batches that are complete with it."""
        start, length = frame.media_time, frame.samples
        slot, bit = start // SLOT, 1 << start % SLOT // _CELL
        cells, samples = self._written.get(slot, _NOTHING)
        batch = self._open.get(slot)
        if batch is None:
            batch = _Open(now + self._flush_after)
        if (cells | batch.cells) & bit:
            return []
        self._open[slot] = batch
        batch.frames.append(frame)
        batch.cells |= bit
        batch.samples += length
        batch.tidy, batch.end = batch.tidy and start >= batch.end, start + length
        if samples + batch.samples >= SLOT:
            return self._flush(slot)
        if len(self._open) > MAX_OPEN:
            return self._flush(min(self._open, key=lambda each: self._open[each].deadline))
        return []

    def next_deadline(self) -> int | None:
        """When to call `expire`."""
        return min((batch.deadline for batch in self._open.values()), default=None)

    def expire(self, now: int) -> list[Write]:
        """The batches that have waited long enough for the rest of their frames."""
        late = [slot for slot, batch in self._open.items() if batch.deadline <= now]
        return [write for slot in late for write in self._flush(slot)]

    def flush(self) -> list[Write]:
        """Everything that waits: the track ends, or the node goes."""
        return [write for slot in list(self._open) for write in self._flush(slot)]

    def _flush(self, slot: int) -> list[Write]:
        done = self._open.pop(slot)
        before, samples = self._written.pop(slot, _NOTHING)
        self._written[slot] = (before | done.cells, samples + done.samples)
        if len(self._written) > _REMEMBERED:
            del self._written[next(iter(self._written))]
        minute, within = divmod(slot, MINUTE // SLOT)
        batch = done.frames if done.tidy else _disjoint(done.frames)
        places = tuple([(each.media_time, each.media_time + each.samples) for each in batch])
        return [Write(minute, within << CELLS | done.cells, pack(batch), places)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a ring holds of `start` to `end` (media time): frames that touch it, in order, and the holes.

    `damaged` names the batches (minute, field) that could not be opened or read: their frames are missing.
    """

    start: int
    end: int
    frames: tuple[Frame, ...]
    holes: tuple[Hole, ...]
    damaged: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Seals:
    """How one session's batches are sealed. `refusals` are what `open` raises for a damaged one."""

    seal: Seal
    open: Seal
    refusals: tuple[type[Exception], ...] = (ValueError,)


class Ring:
    """Writes and reads the rings of one session's tracks. Raises what the store raises; who reads does not wait for
    it for as long as it does, and gets TimeoutError."""

    def __init__(self, store: Rings, key: SessionKey, seals: Seals, timeout: float = 2.0) -> None:
        """`timeout`: seconds that a command may take, other than writing (of which a call has ten a second)."""
        self._store = store
        self._key = key
        self._seals = seals
        self._timeout = timeout

    def write(self, track: str, writes: Sequence[Write]) -> Awaitable[bool]:
        """Store the batches: they are on their way, before whatever is asked of the store after the call. Writing again
        what was written is harmless, so a failure is simply retried; so is False: the store had no such session."""
        batches = {
            (write.minute, write.field): self._seals.seal(
                track, _begin(write.minute, write.field), write.blob
            )
            for write in writes
        }
        return self._store.put_audio(self._key, track, batches)

    async def read(self, track: str, start: int, end: int) -> Stretch:
        """The stretch from `start` to `end`, as far as the ring still has it."""
        frames: list[Frame] = []
        damaged: list[tuple[int, int]] = []
        refusals: tuple[type[Exception], ...] = (BadBatch, *self._seals.refusals)
        for minute in range(max(0, start - _LONGEST) // MINUTE, max(start, end - 1) // MINUTE + 1):
            async with asyncio.timeout(self._timeout):
                fields = await self._store.audio(self._key, track, minute)
            for number, (place, sealed) in enumerate(fields.items(), 1):
                if not number % AT_ONCE:
                    await asyncio.sleep(0)  # a minute takes tens of ms: calls go on beside it
                try:
                    frames += unpack(self._seals.open(track, _begin(minute, place), sealed))
                except refusals:
                    damaged.append((minute, place))
        touching = [each for each in _disjoint(frames) if each.end > start and each.media_time < end]
        return Stretch(start, end, tuple(touching), holes(touching, start, end), tuple(damaged))

    async def drop_before(self, track: str, media_time: int, since: int = 0) -> None:
        """Forget the whole minutes from `since` (media time) that end at or before `media_time`."""
        for minute in range(since // MINUTE, media_time // MINUTE):
            async with asyncio.timeout(self._timeout):
                await self._store.drop_audio(self._key, track, minute)


def holes(frames: Iterable[Frame], start: int, end: int) -> tuple[Hole, ...]:
    """What `frames` (in order, disjoint) leave open of the stretch."""
    found: list[Hole] = []
    at = start
    for each in frames:
        if each.media_time > at:
            found.append(Hole(at, min(each.media_time, end), Why.ABSENT))
        at = max(at, each.end)
    if at < end:
        found.append(Hole(at, end, Why.ABSENT))
    return tuple(found)


def _begin(minute: int, field: int) -> int:
    """Media time at which the first cell of a field begins: what its batch is sealed for."""
    cells = field & (1 << CELLS) - 1
    first = max(0, (cells & -cells).bit_length() - 1)
    return minute * MINUTE + (field >> CELLS) * SLOT + first * _CELL


def _disjoint(frames: Iterable[Frame]) -> list[Frame]:
    """In order of media time, without those that overlap an earlier one; live ones go before resent ones."""
    kept: list[Frame] = []
    for each in sorted(frames, key=lambda one: (one.media_time, one.resent)):
        if not kept or each.media_time >= kept[-1].end:
            kept.append(each)
    return kept
