"""The vault beside the store: keeping before trimming, and reading both as one log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection
from errno import errorcode
from itertools import islice
from typing import Final, ParamSpec, TypeVar

from hub.store.layout import FormatUnknown
from hub.store.promise import PAGE, SessionKey, Store, Stored, StoreUnavailable
from hub.store.refusing import KeptRefusals
from hub.vault.folder import Folder
from legato.session.position import CHECK_SIZE, EPOCH_SIZE, Position, epoch_from_bits

log: Final = logging.getLogger("legato.vault")

CURSOR: Final = "recorder"
"""The durable cursor that holds back trimming until the vault has the entries."""

SAID_FOR_S: Final = 600
"""How long a disk that fails is not told of again."""

Given = ParamSpec("Given")
Kept = TypeVar("Kept")


class VaultUnavailable(StoreUnavailable):
    """The disk did not do what it was asked (it is full, or no file is free to open): as a store that does not answer,
    it may be asked again."""


class Vault:
    """A folder, from the loop. Several nodes may record one session: what is kept already is not kept twice. Whatever
    asks the folder may raise `VaultUnavailable`."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._said_at: float | None = None

    async def begin(self, store: Store, key: SessionKey) -> None:
        """Hold back trimming from a new session's beginning."""
        await store.keep_cursor(key, CURSOR, 0)

    async def record(self, store: Store, key: SessionKey) -> int:
        """Keep what the log has now and the vault has not; returns the last offset kept. What was kept and is
        not in the log (a tail was lost) is replaced. What is appended meanwhile waits for the next time: a
        recorder that chased the tail would never end while others write."""
        seen = await self._ask(self._folder.last, key)
        last = await self.common(store, key)
        until: int | None = None
        while (page := await store.read(key, last, PAGE)) is not None and page.entries:
            until = page.tail.offset if until is None else until
            entries, epoch = page.entries, page.tail.epoch
            if not await self._ask(self._folder.keep_log, key, entries, last, epoch, seen):
                seen = await self._ask(self._folder.last, key)
                last = await self.common(store, key)
                if last < page.first - 1:
                    break  # trimmed before it was kept: nothing that a recorder could do
                continue
            last, digest = entries[-1].offset, entries[-1].digest
            seen = (last, digest)
            if last >= until:
                break
        await store.keep_cursor(key, CURSOR, last)
        return last

    async def record_audio(self, store: Store, key: SessionKey, track: str, before: int) -> int:
        """Keep the minutes of a track before minute `before`, and drop from the store what is kept. Returns how many
        minutes."""
        minutes = [minute for minute in (await store.tracks(key)).get(track, []) if minute < before]
        for minute in minutes:
            batches = await store.audio(key, track, minute)
            if batches:
                await self._ask(self._folder.keep_audio, key, track, minute, batches)
            await store.drop_audio(key, track, minute, batches.keys())
        return len(minutes)

    async def audio(self, key: SessionKey, track: str, minute: int) -> dict[int, bytes]:
        """The kept batches of a minute by field."""
        return await self._ask(self._folder.audio, key, track, minute)

    async def tracks(self, key: SessionKey) -> dict[str, list[int]]:
        """Tracks with their minutes that are kept."""
        held: dict[str, set[int]] = {}
        for row in await self._ask(self._folder.rows, key):
            if row.track:
                held.setdefault(row.track, set()).add(row.first)
        return {track: sorted(minutes) for track, minutes in held.items()}

    async def entries(self, store: Store, key: SessionKey, after: int = 0) -> AsyncGenerator[Stored, None]:
        """The whole log after an offset, from the vault as far as it goes, then from the store.

        Where the two differ the store is right (a tail was lost after it was kept).
        """
        common = await self.common(store, key)
        kept = self._folder.log(key, after)
        while portion := await self._ask(lambda: list(islice(kept, PAGE))):
            for entry in portion:
                if entry.offset <= common:
                    after = entry.offset
                    yield entry
        while (page := await store.read(key, after, PAGE)) is not None and page.entries:
            for entry in page.entries:
                yield entry
            after = page.entries[-1].offset

    async def end(self, key: SessionKey) -> Position | None:
        """The position of the last entry kept, as the log was then. None: nothing is kept of the session's log."""
        row = await self._ask(self._folder.last_row, key)
        if row is None:
            return None
        # An epoch that was not noted is like one that nobody ever saw.
        epoch = row.epoch or epoch_from_bits(bytes.fromhex(row.sha256)[:EPOCH_SIZE])
        return Position.at(epoch, row.last, bytes.fromhex(row.digest))

    async def page(self, key: SessionKey, after: int, limit: int) -> tuple[Stored, ...]:
        """Kept entries after an offset."""
        return tuple(await self._ask(lambda: list(islice(self._folder.log(key, after), limit))))

    async def keep_residue(self, key: SessionKey, raw: bytes) -> str:
        """Keep what an archived session is restored from; returns its name."""
        return await self._ask(self._folder.keep_residue, key, raw)

    async def residue(self, key: SessionKey, name: str) -> bytes:
        """What `keep_residue` kept under that name. Raises `VaultDamaged`."""
        return await self._ask(self._folder.residue, key, name)

    async def residues(self, key: SessionKey) -> frozenset[str]:
        """The names of what `keep_residue` kept of the session."""
        return await self._ask(self._folder.residues, key)

    async def drop_residues(self, key: SessionKey, names: Collection[str]) -> None:
        """Remove these: no archive goes by them any more."""
        await self._ask(self._folder.drop_residues, key, names)

    async def keep_refusals(self, key: SessionKey, kept: KeptRefusals, most: int) -> None:
        """Keep a list of refusals, with what was kept of it before: the newest `most`."""
        await self._ask(self._folder.keep_refusals, key, kept.head, kept.records, most)

    async def drop_refusals(self, key: SessionKey) -> None:
        """They were kept for long enough."""
        await self._ask(self._folder.drop_refusals, key)

    async def refusals(self, key: SessionKey) -> KeptRefusals:
        """What was kept of it last."""
        head, records = await self._ask(self._folder.refusals, key)
        return KeptRefusals(head, tuple(records))

    async def remove(self, key: SessionKey) -> None:
        """Everything of the session goes."""
        await self._ask(self._folder.remove, key)

    async def common(self, store: Store, key: SessionKey) -> int:
        """The last offset that the vault and the log have alike."""
        last, digest = await self._ask(self._folder.last, key)
        if not last or await self._same(store, key, last, digest):
            return last
        entries = await self._ask(lambda: list(self._folder.log(key)))
        low, high = 0, len(entries)
        while low < high:
            middle = (low + high) // 2
            if await self._same(store, key, entries[middle].offset, entries[middle].digest):
                low = middle + 1
            else:
                high = middle
        return entries[low - 1].offset if low else 0

    async def _same(self, store: Store, key: SessionKey, offset: int, digest: bytes) -> bool:
        try:
            page = await store.read(key, offset - 1, 1)
            if page is None or offset < page.first - 1:
                return True  # trimmed from the store: the vault is all there is
            known = await store.position(key, offset)
        except FormatUnknown:
            return False  # no entry that anybody wrote
        return known is not None and known.check == digest[:CHECK_SIZE]

    async def _ask(self, work: Callable[Given, Kept], *given: Given.args, **named: Given.kwargs) -> Kept:
        """Have the folder do it, in a thread."""
        try:
            return await asyncio.to_thread(work, *given, **named)
        except OSError as problem:
            self._say(problem)
            raise VaultUnavailable(str(problem)) from problem

    def _say(self, problem: OSError) -> None:
        """Once: what fails on a disk fails for every session."""
        now = asyncio.get_running_loop().time()
        if self._said_at is None or now - self._said_at >= SAID_FOR_S:
            self._said_at = now
            kind = errorcode.get(problem.errno or 0, type(problem).__name__)
            log.error("the vault's disk fails: is it full?", extra={"kind": kind})
