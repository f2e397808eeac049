"""What sends a blob has a place at the node for so long, and of one participant few have one (PROTOCOL.md §14)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp import ClientSession

from signaling.blob_folder import MOST_BYTES
from signaling.http.blobs import AT_ONCE, BASE_S, time_for
from signaling.shares import ShareLimits
from tests.signaling.doors import WAIT_S, Doors, doors
from tests.signaling.test_bad_input import beside_an_innocent_page

EACH = ShareLimits().uploads
SIZE = 1_000_000


def head(here: Doors, who: str, length: str = f"Content-Length: {SIZE}") -> bytes:
    """Of a blob that nobody else sends."""
    path = f"/v1/sessions/s_1/blobs/{os.urandom(32).hex()}"
    asks = f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {here.ticket(who)}\r\n{length}\r\n\r\n"
    return asks.encode()


@asynccontextmanager
async def under_way(
    here: Doors, folder: Path, who: str, count: int
) -> AsyncIterator[list[asyncio.StreamWriter]]:
    """So many blobs more, of one participant, that have begun and do not end until their sockets close."""
    writers = []
    before = await asyncio.to_thread(begun, folder)
    for _ in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(head(here, who) + b"x")
        writers.append(writer)
    try:
        async with asyncio.timeout(WAIT_S):
            while await asyncio.to_thread(begun, folder) < before + count:  # noqa: ASYNC110 - files tell nobody
                await asyncio.sleep(0.02)
        yield writers
    finally:
        for writer in writers:
            writer.close()


def begun(folder: Path) -> int:
    """Blobs that are being written: each beside its name."""
    return sum(path.name.startswith(".") for path in folder.rglob("*"))


async def put(here: Doors, who: str) -> tuple[int, dict[str, object]]:
    """What a small blob of theirs is answered: the status, and what it is refused for."""
    data = os.urandom(16)
    url = f"{here.url}/v1/sessions/s_1/blobs/{sha256(data).hexdigest()}"
    headers = {"Authorization": f"Bearer {here.ticket(who)}"}
    async with ClientSession() as client, client.put(url, data=data, headers=headers) as answer:
        if answer.status == 201:
            return 201, {}
        return answer.status, (await answer.json())["error"] | {"after": answer.headers.get("Retry-After")}


async def put_at_last(here: Doors, who: str) -> None:
    """There is room again, once the node has seen that a socket closed."""
    async with asyncio.timeout(WAIT_S):
        while (await put(here, who))[0] != 201:  # noqa: ASYNC110 - nobody is told of that
            await asyncio.sleep(0.1)


async def test_one_participant_has_few_blobs_under_way_and_the_others_have_the_rest(tmp_path: Path) -> None:
    async with (
        beside_an_innocent_page(folder=tmp_path) as here,
        under_way(here, tmp_path, "p_many", EACH) as writers,
    ):
        status, refused = await put(here, "p_many")
        assert (status, refused["reason"], refused["detail"]) == (503, "overloaded", "uploads")
        assert (refused["retry_after_ms"], refused["after"]) == (1_000, "1")
        assert (await put(here, "p_ada"))[0] == 201
        writers.pop().close()
        await put_at_last(here, "p_many")


async def test_a_node_takes_so_many_blobs_at_once(tmp_path: Path) -> None:
    assert AT_ONCE % EACH == 0
    async with beside_an_innocent_page(folder=tmp_path) as here:
        async with AsyncExitStack() as full:
            for number in range(AT_ONCE // EACH):
                await full.enter_async_context(under_way(here, tmp_path, f"p_{number}", EACH))
            status, refused = await put(here, "p_ada")
            assert (status, refused["reason"], refused["detail"]) == (503, "overloaded", "")
        await put_at_last(here, "p_ada")


@pytest.mark.parametrize(
    ("length", "drop"),
    [(f"Content-Length: {SIZE}", b"x"), ("Transfer-Encoding: chunked", b"1\r\nx\r\n")],
    ids=["with its length", "without"],
)
async def test_a_blob_that_comes_in_drops_is_408_when_its_time_is_over(
    length: str, drop: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaling.http.blobs.BASE_S", 0.3)
    monkeypatch.setattr("signaling.http.blobs.LEAST_RATE", MOST_BYTES * 10)
    async with doors(folder=tmp_path) as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(head(here, "p_slow", length))

        async def drip() -> None:
            with suppress(ConnectionError):
                while True:
                    writer.write(drop)
                    await writer.drain()
                    await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(WAIT_S):
            answer = await reader.read(4_096)
        dripping.cancel()
        assert answer.split()[1] == b"408"
        assert b"timed_out" in answer
        assert b"bytes a second" in answer
        writer.close()
        assert (await put(here, "p_slow"))[0] == 201


async def test_a_blob_that_pauses_too_long_is_408_though_it_has_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaling.http.blobs.PORTION_S", 0.2)
    async with beside_an_innocent_page(folder=tmp_path) as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(head(here, "p_slow") + b"x")
        async with asyncio.timeout(WAIT_S):
            answer = await reader.read(4_096)
        assert answer.split()[1] == b"408"
        assert b"timed_out" in answer
        writer.close()


def test_a_blob_has_time_by_its_size_and_one_that_does_not_say_it_has_the_most() -> None:
    assert time_for(0) == BASE_S < time_for(SIZE) < time_for(MOST_BYTES) == time_for(None)
