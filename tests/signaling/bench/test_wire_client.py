"""The bench's own client reads and writes the frames of RFC 6455 as they are."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSMsgType, web

from signaling.bench.wire_client import frame, open_wire


@pytest.mark.parametrize(("size", "head"), [(5, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)])
def test_a_frame_is_masked_and_tells_its_length(size: int, head: int) -> None:
    framed = frame(b"x" * size)
    assert framed[0] == 0x81
    assert framed[1] & 0x80
    assert len(framed) == head + 4 + size


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server that echoes, pings first, and hangs up when told `bye`."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse(protocols=("legato.1",), timeout=30)
        await response.prepare(request)
        await response.ping(b"still there?")
        async for message in response:
            if message.type is WSMsgType.TEXT and message.data == "bye":
                await response.close()
            elif message.type is WSMsgType.TEXT:
                await response.send_str(message.data)
        return response

    app = web.Application()
    app.router.add_get("/v1/connect", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


async def test_messages_of_any_length_come_back_whole_and_in_order(port: int) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    wire = await open_wire("127.0.0.1", port, heard.put_nowait)
    sent = [b"a" * size for size in (0, 1, 125, 126, 4_000, 70_000, 3)]
    for message in sent:
        wire.send(message)
    async with asyncio.timeout(30):
        assert [await heard.get() for _ in sent] == sent
    wire.abort()


async def test_a_server_that_hangs_up_is_answered_and_the_connection_ends(port: int) -> None:
    wire = await open_wire("127.0.0.1", port, lambda raw: None)
    wire.send(b"bye")
    async with asyncio.timeout(30):
        await wire.closed


async def test_what_is_no_websocket_is_an_error(port: int) -> None:
    with pytest.raises(ConnectionError, match="404"):
        await open_wire("127.0.0.1", port, lambda raw: None, "/elsewhere")
