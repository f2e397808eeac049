"""The final log, read raw from the store: an independent reader of `docs/store.md`.

A session's log is trimmed behind its snapshots, so a chronicle reads along while a test runs (`follow`) and
keeps everything; a hole would be a failure of the test, and is raised. What it read and a store later no longer
has (a promoted replica) is moved to `lost`. Every entry's place in the chain is checked, and its seal is opened.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from hub.keys.embedded import embedded_key_store
from tests.checker.history import Entry, canonical
from tests.support.stores import NOBODY

PAGE: Final = 1000
LOOK_S: Final = 0.1

_HOLD: Final = """
if redis.call('HEXISTS', KEYS[1], 'h') == 0 then return end
local names = redis.call('HGET', KEYS[1], 'cursors') or ''
if redis.call('HEXISTS', KEYS[1], 'c:chronicle') == 0 then
  redis.call('HSET', KEYS[1], 'cursors', names .. 'chronicle' .. string.char(0))
end
redis.call('HSET', KEYS[1], 'c:chronicle', ARGV[1])
"""
"""A durable cursor: nothing is trimmed that was not read yet, however soon snapshots follow one another."""

TENANT: Final = "main"
_HEAD: Final = struct.Struct(">B11sQ")
_ENTRY: Final = struct.Struct(">BQQBB")
_WROTE: Final = struct.Struct(">QB20s")
_EPOCH_BEFORE: Final = struct.Struct(">11sQ")


class LogBroken(AssertionError):
    """What the store holds cannot be a log."""


@dataclass(frozen=True, slots=True)
class Raw:
    """An entry as it lies in the stream."""

    offset: int
    time: int
    flags: int
    index: int
    sequence: int
    producer: bytes
    digest: bytes
    sealed: bytes

    @classmethod
    def read(cls, blob: bytes) -> Raw:
        """Take one apart."""
        _, offset, time, flags, named = _ENTRY.unpack_from(blob)
        at = _ENTRY.size + named
        sequence, index, digest = _WROTE.unpack_from(blob, at)
        sealed = blob[at + _WROTE.size :]
        return cls(offset, time, flags, index, sequence, blob[_ENTRY.size : at], digest, sealed)

    def follows(self, digest: bytes) -> bool:
        """Whether the chain goes from `digest` to here."""
        place = struct.pack(">QQBB", self.offset, self.time, self.flags, len(self.producer))
        wrote = self.producer + struct.pack(">QB", self.sequence, self.index)
        ends = self.sealed[:13] + self.sealed[-16:]
        return sha1(digest + place + wrote + ends, usedforsecurity=False).digest() == self.digest


@dataclass
class Chronicle:
    """One session's log. `connect` gives a client of whatever store serves now."""

    session: str
    data: Path
    connect: Callable[[], Redis]
    entries: list[Raw] = field(default_factory=list)
    lost: list[Raw] = field(default_factory=list)
    epochs: list[tuple[str, int]] = field(default_factory=list)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def _tag(self) -> str:
        return f"legato:1:{{{TENANT}/{self.session}}}:"

    async def read(self) -> None:
        """Read what came since. Raises `RedisError` if the store does not answer, `LogBroken`."""
        async with self._one_at_a_time:
            client = self.connect()
            try:
                await self._read(client)
            finally:
                await client.aclose()

    async def _read(self, client: Redis) -> None:
        meta: Any = await client.hgetall(self._tag + "meta")
        if b"h" not in meta:
            return
        _, epoch, tail = _HEAD.unpack_from(meta[b"h"])
        before = list(_EPOCH_BEFORE.iter_unpack(meta.get(b"l", b"")))
        self.epochs = [(_hex(name), last) for name, last in before] + [(_hex(epoch), 1 << 53)]
        while self.entries and not await self._still_there(client, tail):
            self.lost.insert(0, self.entries.pop())
        while rows := await self._page(client, len(self.entries) + 1):
            for row in rows:
                self._add(row)
        await client.eval(_HOLD, 1, self._tag + "meta", len(self.entries))

    async def _still_there(self, client: Redis, tail: int) -> bool:
        newest = self.entries[-1]
        if newest.offset > tail:
            return False
        rows = await self._page(client, newest.offset, 1)
        return bool(rows) and (rows[0].offset > newest.offset or rows[0] == newest)

    async def _page(self, client: Redis, first: int, count: int = PAGE) -> list[Raw]:
        rows: Any = await client.xrange(self._tag + "log", f"{first}-0", "+", count)
        return [Raw.read(fields[b"e"]) for _, fields in rows]

    def _add(self, entry: Raw) -> None:
        if entry.offset != len(self.entries) + 1:
            raise LogBroken(f"the log goes from {len(self.entries)} to {entry.offset}")
        if not entry.follows(self.entries[-1].digest if self.entries else self._genesis()):
            raise LogBroken(f"the chain breaks at {entry.offset}")
        self.entries.append(entry)

    def _genesis(self) -> bytes:
        named = f"{TENANT}\0{self.session}\0{_text(self.epochs[0][0])}".encode()
        return sha1(b"legato-log-1" + named, usedforsecurity=False).digest()

    async def opened(self) -> list[Entry]:
        """The entries with their seals opened. Raises `InvalidTag`."""
        key = AESGCM(await self._data_key())
        return [self._open(key, entry) for entry in self.entries]

    def _open(self, key: AESGCM, raw: Raw) -> Entry:
        scope = b"\x01" + b"".join(bytes((len(part),)) + part.encode() for part in (TENANT, self.session))
        place = b"\x05event" + bytes((len(raw.producer),)) + raw.producer
        place += struct.pack(">QQ", raw.sequence, raw.index)
        event = json.loads(key.decrypt(raw.sealed[1:13], raw.sealed[13:], scope + place))
        event |= {"offset": raw.offset, "time": raw.time}
        return Entry(
            epoch=next(name for name, last in self.epochs if raw.offset <= last),
            offset=raw.offset,
            check=raw.digest[:8].hex(),
            producer=raw.producer.decode(),
            pseq=raw.sequence,
            index=raw.index,
            control=bool(raw.flags & 1),
            event=event,
            sha256=canonical(event),
        )

    async def _data_key(self) -> bytes:
        async with embedded_key_store(self.data / "keys", lambda: 0) as keys:
            return await keys.data_key(TENANT, self.session)


@asynccontextmanager
async def follow(chronicle: Chronicle) -> AsyncIterator[Chronicle]:
    """Read along inside; what a dead store cannot say is read when it lives again."""
    done = asyncio.Event()

    async def along() -> None:
        while not done.is_set():
            with contextlib.suppress(RedisError, OSError):
                await chronicle.read()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), LOOK_S)

    task = asyncio.create_task(along())
    try:
        yield chronicle
    finally:
        done.set()
        await task


def at_socket(path: Path) -> Redis:
    """A client of the store on a unix socket, that tries once."""
    return Redis(
        unix_socket_path=str(path), driver_info=NOBODY, socket_timeout=5, retry=Retry(NoBackoff(), 0)
    )


def _hex(name: bytes) -> str:
    return urlsafe_b64decode(name + b"=").hex()


def _text(epoch: str) -> str:
    return urlsafe_b64encode(bytes.fromhex(epoch)).rstrip(b"=").decode()
