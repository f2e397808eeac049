"""The socket of a WebSocket, from the moment it is taken over from HTTP to its end, byte by byte."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from signaling.connection.line import Line
from signaling.connection.websocket import MOST_AT_ONCE
from tests.signaling.connection.test_frames import sent
from tests.signaling.doors import WAIT_S, Doors, Page, doors

HANDSHAKE = (
    b"GET /v1/connect HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


class Raw:
    """A client that writes its own bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def at(cls, here: Doors, first: bytes = b"") -> AsyncIterator[Raw]:
        """Its handshake is answered; `first` was sent in one piece with it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        try:
            writer.write(HANDSHAKE + first)
            async with asyncio.timeout(WAIT_S):
                assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
            yield cls(reader, writer)
        finally:
            writer.close()

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of the hub."""
        async with asyncio.timeout(WAIT_S):
            head, size = await self.reader.readexactly(2)
            if size > 125:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
            return head & 0x0F, await self.reader.readexactly(size)

    async def until(self, opcode: int) -> bytes:
        """The payload of the next frame of that kind."""
        while True:
            got, payload = await self.frame()
            if got == opcode:
                return payload

    async def told(self, kind: str) -> dict[str, Any]:
        """The next envelope of that type."""
        while True:
            envelope: dict[str, Any] = json.loads(await self.until(TEXT))
            if envelope["type"] == kind:
                return envelope

    async def ended(self) -> bool:
        """Whether the hub hangs up, and says nothing more."""
        async with asyncio.timeout(WAIT_S):
            return await self.reader.read() == b""


def attach(here: Doors) -> bytes:
    """The first envelope of a page."""
    return json.dumps({"type": "attach", "v": 1, "ticket": here.ticket(), "producer": "w_1"}).encode()


async def test_what_came_in_one_piece_with_the_handshake_is_read() -> None:
    async with doors() as here, Raw.at(here, sent(TEXT, attach(here))) as raw:
        assert (await raw.told("attached"))["participant"] == "p_ada"


async def test_an_envelope_in_pieces_is_read_and_a_ping_between_them_answered() -> None:
    async with doors() as here, Raw.at(here) as raw:
        whole = attach(here)
        raw.writer.write(sent(TEXT, whole[:7], fin=False) + sent(PING, b"are you there"))
        assert await raw.until(PONG) == b"are you there"
        for byte in sent(CONTINUATION, whole[7:]):
            raw.writer.write(bytes((byte,)))
        assert (await raw.told("attached"))["participant"] == "p_ada"


async def test_a_backlog_is_taken_in_turns_with_everybody_else_and_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, passes, taken = asyncio.get_running_loop(), 0, list[tuple[int, bytes]]()

    def passed() -> None:
        nonlocal passes
        passes += 1
        loop.call_soon(passed)

    monkeypatch.setattr(Line, "received_audio", lambda line, raw: taken.append((passes, raw)))
    backlog = [number.to_bytes(2) for number in range(10 * MOST_AT_ONCE + 1)]
    async with doors() as here, Raw.at(here, sent(TEXT, attach(here))) as raw:
        await raw.told("attached")
        loop.call_soon(passed)
        raw.writer.write(b"".join(sent(BINARY, each) for each in backlog) + sent(PING, b"all of it"))
        assert await raw.until(PONG) == b"all of it"
        assert [each for _, each in taken] == backlog
        assert max(Counter(at for at, _ in taken).values()) <= MOST_AT_ONCE
        raw.writer.write(sent(PING, b"and what follows"))
        assert await raw.until(PONG) == b"and what follows"


async def test_a_closing_is_answered_with_its_code_and_the_hub_hangs_up() -> None:
    async with doors() as here, Page.attached(here, "p_bob") as bob, Raw.at(here) as raw:
        raw.writer.write(sent(TEXT, attach(here)))
        await raw.told("attached")
        raw.writer.write(sent(CLOSE, (1000).to_bytes(2) + b"bye"))
        assert await raw.until(CLOSE) == (1000).to_bytes(2)
        assert await raw.ended()
        assert (await bob.told("attachment_away"))["reason"] == "closed"


async def test_a_closing_without_a_code_is_answered_with_1000() -> None:
    async with doors() as here, Raw.at(here, sent(CLOSE, b"")) as raw:
        assert await raw.until(CLOSE) == (1000).to_bytes(2)
        assert await raw.ended()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [(b"\x81\x01x", 1002), (sent(CLOSE, b"\x03\xee"), 1002), (b"\x81\xff" + (1 << 40).to_bytes(8), 1009)],
)
async def test_who_breaks_the_protocol_is_told_how_and_hung_up_on(wrong: bytes, code: int) -> None:
    async with doors() as here, Page.attached(here, "p_bob") as bob, Raw.at(here) as raw:
        raw.writer.write(wrong + sent(TEXT, attach(here)))
        assert (await raw.told("closing"))["code"] == code
        assert (await raw.until(CLOSE))[:2] == code.to_bytes(2)
        assert await raw.ended()
        await bob.acked(await bob.post("nobody else noticed"))


async def test_pings_beyond_the_allowance_close_and_are_answered_until_then() -> None:
    async with doors() as here, Raw.at(here) as raw:
        raw.writer.write(sent(PING, b"?") * 200)
        assert (await raw.frame()) == (PONG, b"?")
        assert (await raw.told("closing"))["code"] == 4029
        assert (await raw.until(CLOSE))[:2] == (4029).to_bytes(2)


async def test_the_gate_knows_a_socket_that_was_taken_over_until_it_is_gone() -> None:
    async with doors() as here, Raw.at(here):
        assert len(here.gate) == 1
    assert len(here.gate) == 0


async def test_a_hub_that_stops_closes_every_socket_with_a_word() -> None:
    async with doors() as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        raw = Raw(reader, writer)
        writer.write(HANDSHAKE + sent(TEXT, attach(here)))
        await reader.readuntil(b"\r\n\r\n")
        await raw.told("attached")
    assert (await raw.told("closing"))["code"] == 1001
    assert (await raw.until(CLOSE))[:2] == (1001).to_bytes(2)
    assert await raw.ended()
    writer.close()


async def test_a_request_that_opens_no_socket_gets_a_typed_error() -> None:
    async with doors() as here, ClientSession() as client:
        async with client.get(f"{here.url}/v1/connect") as answer:
            assert answer.status == 400
            assert (await answer.json())["error"]["field"] == "Upgrade"
        headers = {
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "12",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }  # fmt: skip
        async with client.get(f"{here.url}/v1/connect", headers=headers) as answer:
            assert (answer.status, answer.headers["Sec-WebSocket-Version"]) == (426, "13")


async def test_a_handshake_with_a_body_is_refused() -> None:
    async with doors() as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(HANDSHAKE.replace(b"Host: x\r\n", b"Host: x\r\nContent-Length: 2\r\n") + b"hi")
        async with asyncio.timeout(WAIT_S):
            assert (await reader.readuntil(b"\r\n")).split()[1] == b"400"
        writer.close()
