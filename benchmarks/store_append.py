"""What an append costs: the script's CPU, the client's CPU, and the wait.

    python -m benchmarks.store_append [--appends 20000] [--bytes 150] [--servers valkey,redis]

Each server is started for this alone (unix socket, append-only file on, no fsync). CPU of the server is
what the kernel counts for it (`INFO cpu`, µs); CPU of the client is this process's. Both are given as the median and
the least of slices of 1 024 appends: what else runs on the machine makes every slice dearer, and the least one the
least so. Five ways of writing:

- `single`: one session, one append in flight, its own events delivered, witness at the tail: the wait;
- `many`: 64 sessions, one append in flight each, delivered, witness at the tail: what a busy node does;
- `stream`: one producer with 32 appends in flight, delivered, witness as far as was delivered;
- `bare`: one producer with 64 appends in one pass of the loop, not delivered, no witness: nearly the script alone;
- `far`: 64 sessions, not delivered, witness 32 events and more behind the tail: nothing at hand knows it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from redis.asyncio import Redis

from hub.store.promise import WINDOW, Append, Appended, Draft, Outcome, SessionKey, Stored
from hub.store.real import RealStore
from legato.session.position import Position
from tests.support.stores import SERVERS, Server, connected, running

SESSIONS = 64
SLICE = 1024
IN_FLIGHT = 32


@dataclass(eq=False)
class Line:
    """One session with one producer; a sink of its own events, so that it knows the tail."""

    key: SessionKey
    epoch: str
    sealed: bytes
    sequence: int = 0
    witness: Position | None = None
    waits: list[int] = field(default_factory=list)

    def entries(self, entries: Sequence[Stored]) -> None:
        last = entries[-1]
        self.witness = Position.at(self.epoch, last.offset, last.digest)

    def signal(self, payload: bytes) -> None:
        """Nobody sends any."""

    def resynced(self, tail: Position | None) -> None:
        """Nothing is lost here."""

    def batch(self) -> Append:
        """The next one."""
        self.sequence += 1
        return Append("w_1", 1, self.sequence, b"0123456789abcdef", (Draft(self.sealed),), self.witness)

    async def write(self, store: RealStore, count: int) -> None:
        """One after the other."""
        for _ in range(count):
            batch = self.batch()
            start = time.perf_counter_ns()
            outcome = await store.append(self.key, batch)
            self.waits.append(time.perf_counter_ns() - start)
            if not isinstance(outcome, Appended):
                raise RuntimeError(f"an append was refused: {outcome}")

    async def stream(self, store: RealStore, count: int) -> None:
        """Many at once, in order."""
        room = asyncio.Semaphore(IN_FLIGHT)

        def answered(outcome: asyncio.Future[Outcome]) -> None:
            room.release()
            if not isinstance(outcome.result(), Appended):
                raise RuntimeError(f"an append was refused: {outcome.result()}")

        for _ in range(count):
            await room.acquire()
            asyncio.ensure_future(store.append(self.key, self.batch())).add_done_callback(answered)
        for _ in range(IN_FLIGHT):
            await room.acquire()

    async def burst(self, store: RealStore, count: int) -> None:
        """As many in one pass as may be in flight."""
        self.witness = None
        for _ in range(count // WINDOW):
            batches = [self.batch() for _ in range(WINDOW)]
            await asyncio.gather(*[store.append(self.key, batch) for batch in batches])


async def line(store: RealStore, size: int, *, delivered: bool) -> Line:
    """A session with one event."""
    key = SessionKey("bench", f"s_{os.urandom(6).hex()}")
    sealed = os.urandom(size)
    await store.create(key, Append("creator", 0, 1, b"0123456789abcdef", (Draft(sealed, True),)), {})
    page = await store.read(key, 0)
    if page is None:
        raise RuntimeError("the session is not there")
    made = Line(key, page.tail.epoch, sealed, witness=page.tail)
    if delivered:
        await store.subscribe(key, made)
    return made


async def server_cpu_us(admin: Redis) -> int:
    """User and system time of the server so far."""
    info = await admin.info("cpu")
    return int(1e6 * (info["used_cpu_user"] + info["used_cpu_sys"]))


async def measure(server: Server, way: str, appends: int, size: int) -> str:
    """One row of the table."""
    store, admin = await connected(server), server.admin()
    try:
        sessions = SESSIONS if way in ("many", "far") else 1
        lines = [await line(store, size, delivered=way not in ("far", "bare")) for _ in range(sessions)]
        each = SLICE // sessions
        costs: list[tuple[float, float, float]] = []
        for _ in range(appends // SLICE + 1):
            before, client, start = await server_cpu_us(admin), time.process_time_ns(), time.perf_counter()
            if way == "stream":
                await lines[0].stream(store, each)
            elif way == "bare":
                await lines[0].burst(store, each)
            else:
                await asyncio.gather(*[one.write(store, each) for one in lines])
            took, client = time.perf_counter() - start, time.process_time_ns() - client
            costs.append(((await server_cpu_us(admin) - before) / SLICE, client / 1000 / SLICE, took / SLICE))
        return row(way, costs[1:], sorted(wait for one in lines for wait in one.waits))
    finally:
        await store.close()
        await admin.aclose()


def row(way: str, costs: Sequence[tuple[float, float, float]], waits: Sequence[int]) -> str:
    """The median and the least of what a slice cost; what one append waited."""
    columns = [f"{median(column):10.1f} {min(column):5.1f}" for column in list(zip(*costs, strict=True))[:2]]
    parts = [f"{waits[int(len(waits) * part)] / 1000:.0f}" if waits else "–" for part in (0.5, 0.99)]
    a_second = 1 / median([took for _, _, took in costs])
    return f"{way:8}{len(costs) * SLICE:8}{''.join(columns)}{parts[0]:>10}{parts[1]:>10}{a_second:12.0f}"


async def version(server: Server) -> str:
    client = server.admin()
    info = await client.info("server")
    await client.aclose()
    return str(info.get("valkey_version") or info["redis_version"])


def main() -> None:
    parser = argparse.ArgumentParser(description="What an append costs.")
    parser.add_argument("--appends", type=int, default=20_000)
    parser.add_argument("--bytes", type=int, default=150)
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--ways", default="single,many,stream,bare,far")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}, {chosen.bytes} B")
    for kind in chosen.servers.split(","):
        with running(kind) as server:
            print(f"{kind} {asyncio.run(version(server))}")
            print(
                f"{'way':8}{'n':>8}{'server µs':>16}{'client µs':>16}{'p50 µs':>10}{'p99 µs':>10}{'a second':>12}"
            )
            for way in chosen.ways.split(","):
                print(asyncio.run(measure(server, way, chosen.appends, chosen.bytes)))
                sys.stdout.flush()


if __name__ == "__main__":
    main()
