"""A way that loses packets brings all of them, in order, and some of them late."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random

from signaling.bench.lossy import FIRST_RESEND_S, LONGEST_RESEND_S, Lossy, lateness


class Scripted(Random):
    """Says what it was told to, and then 1."""

    def __init__(self, *said: float) -> None:
        super().__init__(0)
        self._said = list(said)

    def random(self) -> float:
        return self._said.pop(0) if self._said else 1.0


def test_what_is_lost_again_waits_twice_as_long_and_at_last_no_longer() -> None:
    assert lateness(0.1, Scripted()) == 0
    assert lateness(0.1, Scripted(0.05)) == FIRST_RESEND_S
    assert lateness(0.1, Scripted(0.05, 0.05)) == 3 * FIRST_RESEND_S
    assert lateness(0.1, Scripted(0.1)) == 0
    assert lateness(0.1, Scripted(*[0.0] * 7)) == 31 * FIRST_RESEND_S + 2 * LONGEST_RESEND_S


async def test_everything_comes_in_order_and_the_end_after_it() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1_000):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, Lossy(server.sockets[0].getsockname()[1], 0.5, Scripted(0.4, 1, 0.4)).open() as way:
        reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
        said = [f"{number} ".encode() for number in range(200)]
        for each in said:
            writer.write(each)
            await asyncio.sleep(0)
        writer.write_eof()
        assert await reader.read(-1) == b"".join(said)
        assert 0 < way.lost <= way.sent
        writer.close()


async def test_a_way_to_nobody_is_reset_and_taking_it_up_leaves_nothing_behind() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    before = asyncio.all_tasks()
    async with Lossy(port, 0.1, Random(1)).open() as way:
        reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
        async with asyncio.timeout(30):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
    assert asyncio.all_tasks() <= before
