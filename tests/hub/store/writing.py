"""What tests write: producers that count their batches, and sinks that remember."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import replace

from hub.store.promise import Append, Appended, Draft, Maker, Outcome, SessionKey, Snapshot, Store, Stored
from legato.session import chain
from legato.session.position import Position

_names = itertools.count(1)
WAIT_S: Final = 30.0
"""Ends a wait for what does not come."""


def new_key(tenant: str = "") -> SessionKey:
    """A session that nobody has used."""
    unique = os.urandom(6).hex()
    return SessionKey(tenant or f"t{unique}", f"s_{unique}{next(_names)}")


def sealed(size: int = 60) -> bytes:
    """Something that looks like a sealed payload."""
    return b"\x01" + os.urandom(size)


@dataclass
class Writer:
    """A producer."""

    name: str = "p_1"
    epoch: int = 0
    sequence: int = 0

    def batch(self, count: int = 1, *, control: Sequence[int] = (), **extra: Any) -> Append:
        """The next batch; the drafts whose indexes are in `control` are control events."""
        self.sequence += 1
        drafts = tuple(Draft(sealed(), index in control) for index in range(count))
        condition = extra.pop("condition", None)
        return Append(
            self.name, self.epoch, self.sequence, os.urandom(16), drafts, control=condition, **extra
        )


async def created(
    store: Store, key: SessionKey, labels: Mapping[str, str] | None = None, maker: Maker | None = None
) -> Append:
    """A new session; its genesis is offset 1, a control event, by producer `creator`."""
    genesis = Writer("creator").batch(control=[0])
    outcome = await store.create(key, genesis, labels or {}, maker)
    assert isinstance(outcome, Appended), outcome
    return genesis


async def filled(store: Store, key: SessionKey, writer: Writer, count: int) -> None:
    """`count` batches of one event, all in flight at once (64 at most)."""
    for chunk in _chunks(count, 64):
        outcomes = await asyncio.gather(*[store.append(key, writer.batch()) for _ in chunk])
        assert all(isinstance(outcome, Appended) for outcome in outcomes), outcomes


def _chunks(count: int, size: int) -> list[range]:
    return [range(start, min(count, start + size)) for start in range(0, count, size)]


async def tail_of(store: Store, key: SessionKey) -> Position:
    page = await store.read(key, 0, 1)
    assert page is not None
    return page.tail


async def snapshot_at(store: Store, key: SessionKey, offset: int, version: int = 1) -> Snapshot:
    """A snapshot for that offset."""
    position = await store.position(key, offset)
    assert position is not None
    return Snapshot(position, version, sealed(), os.urandom(32))


async def whole_log(store: Store, key: SessionKey) -> list[Stored]:
    """Every entry still held, page by page."""
    entries: list[Stored] = []
    while True:
        page = await store.read(key, entries[-1].offset if entries else 0)
        assert page is not None
        if not page.entries:
            return entries
        entries += page.entries


def check_chain(key: SessionKey, first_epoch: str, entries: Sequence[Stored]) -> None:
    """Offsets are dense from 1, session time never goes back, and every digest covers the one before."""
    digest, before = chain.genesis(key.tenant, key.session, first_epoch), 0
    for offset, entry in enumerate(entries, 1):
        header = chain.producer_header(entry.producer, entry.sequence, entry.index)
        digest = chain.link(digest, offset, entry.time, int(entry.control), header, entry.sealed)
        assert (entry.offset, entry.digest) == (offset, digest)
        assert entry.time >= before
        before = entry.time


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something outside this process's events is so (at most `WAIT_S`)."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - nobody here could set an event for it
            await asyncio.sleep(0.002)


@dataclass(eq=False)
class Recorder:
    """A sink that remembers in order; `until` waits for what it was told."""

    told: list[tuple[str, Any]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def entries(self, entries: Sequence[Stored]) -> None:
        self._tell("entries", tuple(entries))

    def signal(self, payload: bytes) -> None:
        self._tell("signal", payload)

    def resynced(self, tail: Position | None) -> None:
        self._tell("resynced", tail)

    def offsets(self) -> list[int]:
        return [entry.offset for what, entries in self.told if what == "entries" for entry in entries]

    async def until(self, what: str, value: Any = ...) -> Any:
        """Wait for such a call (with that value), and return its value."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for name, told in self.told:
                    if name == what and value in (..., told):
                        return told
                self._changed.clear()
                await self._changed.wait()

    async def until_offset(self, offset: int) -> None:
        """Wait until that offset was delivered."""
        async with asyncio.timeout(WAIT_S):
            while offset not in self.offsets():
                self._changed.clear()
                await self._changed.wait()

    def _tell(self, what: str, value: Any) -> None:
        self.told.append((what, value))
        self._changed.set()


def repeated(outcome: Outcome) -> Appended:
    """What a retry of an accepted batch must answer."""
    assert isinstance(outcome, Appended), outcome
    return replace(outcome, repeat=True)


def again(batch: Append, **changes: Any) -> Append:
    """The same batch, sent again (sealed anew: other bytes, the same digest)."""
    drafts = tuple(Draft(sealed(), draft.control) for draft in batch.drafts)
    return replace(batch, drafts=drafts, **changes)
