"""The embedded store, with real processes killed for real."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from redis.asyncio import Redis

from hub.store.embedded import LOG, EmbeddedStore, EmbeddedStoreFailed, Options, end_unused
from hub.store.promise import Appended, SessionKey
from hub.store.real import RealStore
from tests.hub.store.writing import WAIT_S, Writer, created, new_key, tail_of
from tests.support.stores import IMPATIENT, NOBODY

HUB = """
import asyncio, random, sys
from pathlib import Path
from hub.store.embedded import EmbeddedStore, Options
from tests.hub.store.test_embedded import opened
from tests.hub.store.writing import Writer, created
from hub.store.promise import SessionKey

async def main():
    embedded = await EmbeddedStore.start(Options(Path(sys.argv[1])), random=random.random)
    store, key, writer = await opened(embedded), SessionKey("main", "s_1"), Writer()
    await created(store, key)
    while True:
        print((await store.append(key, writer.batch())).first, flush=True)

asyncio.run(main())
"""


async def opened(embedded: EmbeddedStore) -> RealStore:
    return await RealStore.open(
        embedded.endpoint,
        level="buffered",
        random_bytes=os.urandom,
        random=Random(1).random,
        manners=IMPATIENT,
    )


@asynccontextmanager
async def embedded_store(directory: Path, **options: Any) -> AsyncIterator[EmbeddedStore]:
    store = await EmbeddedStore.start(Options(directory, **options), random=Random(2).random)
    try:
        yield store
    finally:
        await store.stop()


async def asked(embedded: EmbeddedStore, *words: str) -> Any:
    client = Redis(unix_socket_path=embedded.endpoint.path, decode_responses=True, driver_info=NOBODY)
    try:
        return await client.execute_command(*words)  # type: ignore[no-untyped-call]
    finally:
        await client.aclose()


async def process_id(embedded: EmbeddedStore) -> int:
    return int((await asked(embedded, "INFO", "server"))["process_id"])


async def test_a_hub_that_was_killed_leaves_the_server_to_the_next_one(tmp_path: Path) -> None:
    hub = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HUB, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert hub.stdout is not None
    acknowledged = 0
    while acknowledged < 300:
        acknowledged = int(await asyncio.wait_for(hub.stdout.readline(), WAIT_S))
    hub.send_signal(signal.SIGKILL)
    rest = await hub.stdout.read()
    await hub.wait()
    acknowledged = max([acknowledged, *map(int, rest.split())])
    async with embedded_store(tmp_path) as embedded:
        store = await opened(embedded)
        assert embedded.restarts == 0
        assert (await tail_of(store, SessionKey("main", "s_1"))).offset >= acknowledged
        starts = (await asyncio.to_thread((tmp_path / LOG).read_text)).count("Ready to accept connections")
        assert starts == 1, "the orphan was adopted, not replaced"
        await store.close()


async def test_a_server_that_was_killed_comes_back_with_all_that_was_acknowledged(tmp_path: Path) -> None:
    async with embedded_store(tmp_path) as embedded:
        store, key, writer = await opened(embedded), new_key(), Writer()
        await created(store, key)
        before = await process_id(embedded)
        acknowledged = []
        for round_ in range(3):
            for _ in range(50):
                outcome = await store.append(key, writer.batch())
                assert isinstance(outcome, Appended)
                acknowledged.append(outcome.first)
            os.kill(await process_id(embedded), signal.SIGKILL)
            outcome = await store.append(key, writer.batch())
            assert isinstance(outcome, Appended), round_
            acknowledged.append(outcome.first)
        assert acknowledged == list(range(2, 2 + 153))
        assert await process_id(embedded) != before
        await store.close()


async def test_two_hubs_on_one_data_directory_share_the_server(tmp_path: Path) -> None:
    left, right = await asyncio.gather(
        *[EmbeddedStore.start(Options(tmp_path), random=Random(3).random) for _ in range(2)]
    )
    assert await process_id(left) == await process_id(right)
    key, stores = new_key(), [await opened(left), await opened(right)]
    await created(stores[0], key)
    assert isinstance(await stores[1].append(key, Writer().batch()), Appended)
    os.kill(await process_id(left), signal.SIGKILL)
    assert isinstance(await stores[0].append(key, Writer("b").batch()), Appended)
    assert (await tail_of(stores[1], key)).offset == 3
    assert await process_id(left) == await process_id(right), "both watched, one started"
    for store in stores:
        await store.close()
    await right.close()
    await left.stop()


async def test_closing_leaves_the_server_and_stopping_ends_it(tmp_path: Path) -> None:
    first = await EmbeddedStore.start(Options(tmp_path), random=Random(4).random)
    before = await process_id(first)
    await first.close()
    async with embedded_store(tmp_path) as second:
        assert await process_id(second) == before
        assert os.getsid(before) != os.getsid(0), "a process session of its own: Ctrl-C does not reach it"
        path = second.endpoint.path
    with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        await asyncio.open_unix_connection(path)


async def test_a_server_is_ended_when_the_last_hub_on_it_has_gone_and_not_before(tmp_path: Path) -> None:
    first = await EmbeddedStore.start(Options(tmp_path), random=Random(4).random)
    second = await EmbeddedStore.start(Options(tmp_path), random=Random(5).random)
    path = first.endpoint.path
    await first.close()
    assert not await end_unused(tmp_path), "another hub is on it"
    assert await process_id(second)
    await second.close()
    assert await end_unused(tmp_path)
    with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        await asyncio.open_unix_connection(path)
    assert not await end_unused(tmp_path), "there is none any more"


async def test_a_deep_data_directory_works_although_its_socket_path_is_too_long(tmp_path: Path) -> None:
    deep = tmp_path / ("long-name-" * 12) / "data"
    async with embedded_store(deep) as embedded:
        assert len(embedded.endpoint.path) < 100
        store = await opened(embedded)
        await created(store, new_key())
        await store.close()


async def test_the_server_evicts_nothing_and_writes_to_disk(tmp_path: Path) -> None:
    async with embedded_store(tmp_path, synced=True, maxmemory_mb=64) as embedded:
        settings = await asked(embedded, "CONFIG", "GET", "append*", "maxmemory*")
        expected = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
        assert {**settings, **expected} == settings
        assert int(settings["maxmemory"]) == 64 << 20


async def test_who_only_looks_leaves_the_limit_that_the_hub_set(tmp_path: Path) -> None:
    async with embedded_store(tmp_path, maxmemory_mb=64):
        looking = await EmbeddedStore.start(Options(tmp_path), random=Random(7).random)
        assert int((await asked(looking, "CONFIG", "GET", "maxmemory"))["maxmemory"]) == 64 << 20
        await looking.close()


async def test_data_that_the_server_cannot_read_is_told_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").mkdir()
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(EmbeddedStoreFailed, match=r"log says:(.|\n)*AOF"):
        await EmbeddedStore.start(Options(tmp_path), random=Random(5).random)


async def test_a_data_directory_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedStoreFailed, match="Choose another"):
        await EmbeddedStore.start(Options(tmp_path / "file"), random=Random(6).random)
