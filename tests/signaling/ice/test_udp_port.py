"""The UDP port hands on every datagram once and in order, in whatever pace they come."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Final

import pytest

from signaling.ice.udp_port import UdpPort

HEAD: Final = bytes([0x80, 111]) + bytes(18)
LAST: Final = HEAD + b"last"


def said(number: int) -> bytes:
    return HEAD + number.to_bytes(4, "big")


async def received(pace: Callable[[int], float]) -> list[bytes]:
    """What a port hands on of 3 000 datagrams, `pace(number)` seconds after each, and one more when it is quiet."""
    port = UdpPort("127.0.0.1", 0)
    came: list[bytes] = []
    news = asyncio.Event()

    def take(datagram: bytes, _: object) -> None:
        came.append(datagram)
        news.set()

    async def until(count: int) -> None:
        while len(came) < count:
            news.clear()
            await news.wait()

    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender, closing(port):
        sender.setblocking(False)
        port.start(take)
        for number in range(3_000):
            sender.sendto(said(number), ("127.0.0.1", port.port))
            await asyncio.sleep(pace(number))
            if number % 100 == 99:  # never more than a socket holds
                await until(number + 1)
        await asyncio.sleep(0.05)
        sender.sendto(LAST, ("127.0.0.1", port.port))
        await until(3_001)
    return came


@pytest.mark.parametrize(
    "pace",
    [lambda _: 0.0, lambda number: 0.0 if number % 100 else 0.003],
    ids=["one after another", "in bursts"],
)
async def test_every_datagram_comes_once_and_in_order(pace: Callable[[int], float]) -> None:
    assert await received(pace) == [said(number) for number in range(3_000)] + [LAST]


async def test_a_port_that_is_closed_while_datagrams_come_hands_on_nothing_more() -> None:
    port = UdpPort("127.0.0.1", 0)
    came: list[bytes] = []
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        port.start(lambda datagram, _: came.append(datagram))
        for number in range(500):
            sender.sendto(said(number), ("127.0.0.1", port.port))
            await asyncio.sleep(0)
        port.close()
        before = len(came)
        await asyncio.sleep(0.01)
        assert len(came) == before


def full_port() -> UdpPort:
    """A port that nobody reads, to which more was sent than its socket holds."""
    port = UdpPort("127.0.0.1", 0)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        for _ in range(20_000):
            sender.sendto(HEAD + bytes(1_000), ("127.0.0.1", port.port))
    return port


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
async def test_what_a_socket_had_no_room_for_is_counted_and_all_else_is_read() -> None:
    with closing(full_port()) as port:
        port.look()
        lost, came = port.lost, asyncio.Event()
        assert 0 < lost < 20_000
        port.start(lambda *_: came.set() if port.read + 64 >= 20_000 - lost else None)
        await came.wait()
        await asyncio.sleep(0.01)
        port.look()
        assert (port.read, port.lost) == (20_000 - lost, lost)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
async def test_what_the_sieve_refuses_was_not_lost() -> None:
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as noise,
        closing(UdpPort("127.0.0.1", 0)) as port,
    ):
        for _ in range(1_000):
            noise.sendto(bytes(20), ("127.0.0.1", port.port))
        port.look()
        assert port.sifted
        assert port.lost == 0
