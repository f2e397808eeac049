"""The embedded place for wrapped keys: one SQLite file beside its key file, shared by a machine's nodes.

A write is answered after `synchronous=FULL` put it on the disk. As a flush costs a millisecond and more,
the calls of one moment share one: while a pass is on the disk, the next one gathers.

Erasing leaves no bytes: `secure_delete` overwrites the freed cell, and the write-ahead log, which still
holds the pages of the moment the key was stored, is folded in and cut to nothing before `forget`
returns. (What a disk or file system keeps of its own accord is out of reach; the key file is the last
line: wrapped bytes are useless without it.)
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, Self

from hub.keys.errors import KeyFolderUnusable, KeyStoreUnavailable, SessionForgotten
from hub.keys.wrapped import Versioned

PATIENCE_S: Final = 10.0
MOST_WAITING: Final = 20_000
SCHEMA_VERSION: Final = 1

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS keys (
    tenant TEXT NOT NULL, session TEXT NOT NULL, wrapped BLOB, PRIMARY KEY (tenant, session)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secrets (
    name TEXT PRIMARY KEY, version INTEGER NOT NULL, wrapped BLOB NOT NULL
) WITHOUT ROWID;
"""


class _Effect(IntEnum):
    """What a call does to the file; `SCRUB` is answered only when the write-ahead log was cut."""

    READ = 0
    WRITE = 1
    SCRUB = 2


@dataclass(slots=True)
class _Call:
    """One call in a pass."""

    work: Callable[[sqlite3.Connection], Any]
    effect: _Effect
    answer: "asyncio.Future[Any]"
    outcome: Any = None


class EmbeddedKeys:
    """`WrappedKeys` in `keys.db`. Belongs to one event loop; several processes may share the file."""

    def __init__(self, path: Path, busy_s: float = 5.0) -> None:
        """`busy_s`: how long to wait for another process that uses the file."""
        self._path = path
        self._busy_s = busy_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keys")
        self._waiting: list[_Call] = []
        self._pass: asyncio.Future[bool] | None = None
        self._database: sqlite3.Connection | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        try:
            self._database = await loop.run_in_executor(self._thread, _open, self._path, self._busy_s)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        database, self._database = self._database, None
        for call in self._waiting:
            _answer(call, KeyStoreUnavailable())
        self._waiting.clear()
        try:
            if database is not None:
                await asyncio.get_running_loop().run_in_executor(self._thread, database.close)
        finally:
            self._thread.shutdown(wait=False)

    async def read(self, tenant: str, session: str) -> bytes | None:
        row = await self._call(lambda base: _read(base, tenant, session), _Effect.READ)
        return None if row is None else _standing(row[0])

    async def create(self, tenant: str, session: str, wrapped: bytes) -> bytes:
        def work(base: sqlite3.Connection) -> tuple[bytes | None]:
            base.execute("INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", (tenant, session, wrapped))
            return _read(base, tenant, session) or (None,)

        return _standing((await self._call(work, _Effect.WRITE))[0])

    async def forget(self, tenant: str, session: str) -> bool:
        def work(base: sqlite3.Connection) -> bool:
            row = _read(base, tenant, session)
            base.execute("INSERT OR REPLACE INTO keys VALUES (?, ?, NULL)", (tenant, session))
            return row is not None and row[0] is not None

        return bool(await self._call(work, _Effect.SCRUB))

    async def read_secret(self, name: str) -> Versioned | None:
        def work(base: sqlite3.Connection) -> tuple[int, bytes] | None:
            found: tuple[int, bytes] | None = base.execute(
                "SELECT version, wrapped FROM secrets WHERE name = ?", (name,)
            ).fetchone()
            return found

        row = await self._call(work, _Effect.READ)
        return None if row is None else Versioned(row[0], row[1])

    async def write_secret(self, name: str, wrapped: bytes, expected: int) -> bool:
        def work(base: sqlite3.Connection) -> bool:
            if expected == 0:
                done = base.execute("INSERT OR IGNORE INTO secrets VALUES (?, 1, ?)", (name, wrapped))
            else:
                done = base.execute(
                    "UPDATE secrets SET version = version + 1, wrapped = ? WHERE name = ? AND version = ?",
                    (wrapped, name, expected),
                )
            return done.rowcount == 1

        return bool(await self._call(work, _Effect.SCRUB if expected else _Effect.WRITE))

    async def _call(self, work: Callable[[sqlite3.Connection], Any], effect: _Effect) -> Any:
        if self._database is None or len(self._waiting) >= MOST_WAITING:
            raise KeyStoreUnavailable
        call = _Call(work, effect, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        if self._pass is None:
            self._begin(self._database)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await call.answer
        except TimeoutError:
            raise KeyStoreUnavailable from None

    def _begin(self, database: sqlite3.Connection) -> None:
        calls, self._waiting = self._waiting, []
        loop = asyncio.get_running_loop()
        self._pass = loop.run_in_executor(self._thread, _run, database, calls)
        self._pass.add_done_callback(lambda done: self._finish(calls, done))

    def _finish(self, calls: list[_Call], done: "asyncio.Future[bool]") -> None:
        """Answer a pass's calls, and begin the next pass with those that came meanwhile."""
        self._pass = None
        failed = done.cancelled() or done.exception() is not None
        scrubbed = not failed and done.result()
        for call in calls:
            unknown = failed or (call.effect is _Effect.SCRUB and not scrubbed)
            _answer(call, KeyStoreUnavailable() if unknown else None)
        if self._waiting and self._database is not None:
            self._begin(self._database)


def _answer(call: _Call, failure: KeyStoreUnavailable | None) -> None:
    if call.answer.done():
        return  # its caller has given up
    if failure is not None:
        call.answer.set_exception(failure)
    else:
        call.answer.set_result(call.outcome)


def _open(path: Path, busy_s: float) -> sqlite3.Connection:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as problem:
        raise KeyFolderUnusable(str(path.parent), problem.strerror or str(problem)) from problem
    base = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = FULL")
        base.execute("PRAGMA secure_delete = ON")
        if base.execute("PRAGMA user_version").fetchone()[0] > SCHEMA_VERSION:
            raise KeyStoreUnavailable("written by a later version")
        base.executescript(_SCHEMA)
        base.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except sqlite3.Error as broken:
        base.close()
        raise KeyStoreUnavailable("keys.db does not open") from broken
    except KeyStoreUnavailable:
        base.close()
        raise
    return base


def _run(base: sqlite3.Connection, calls: list[_Call]) -> bool:
    """One pass: all calls in one transaction, so one flush; all of them or none. Whether bytes that
    were replaced or removed are gone from the write-ahead log too (another process may be reading it)."""
    effect = max(call.effect for call in calls)
    base.execute("BEGIN" if effect is _Effect.READ else "BEGIN IMMEDIATE")
    try:
        for call in calls:
            call.outcome = call.work(base)
        base.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            base.execute("ROLLBACK")
        raise
    if effect is not _Effect.SCRUB:
        return False
    busy: int = base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return busy == 0


def _read(base: sqlite3.Connection, tenant: str, session: str) -> tuple[bytes | None] | None:
    row: tuple[bytes | None] | None = base.execute(
        "SELECT wrapped FROM keys WHERE tenant = ? AND session = ?", (tenant, session)
    ).fetchone()
    return row


def _standing(wrapped: bytes | None) -> bytes:
    if wrapped is None:
        raise SessionForgotten
    return wrapped
