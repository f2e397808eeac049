"""A way over UDP that is late, lossy, and gets another address when asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import cast

from signaling.bench.link import Link

HOST = "127.0.0.1"
Address = tuple[str, int]


class Socket(asyncio.DatagramProtocol):
    """Keeps what comes, and from where."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.senders: list[Address] = []
        self._arrived = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.received.append(data)
        self.senders.append(addr)
        self._arrived.set()

    def send(self, datagram: bytes, to: Address | None = None) -> None:
        assert self._transport is not None
        self._transport.sendto(datagram, to)

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    async def come(self, count: int) -> None:
        """Until so many datagrams have come."""
        while len(self.received) < count:
            self._arrived.clear()
            await self._arrived.wait()


@asynccontextmanager
async def socket(to: int | None = None) -> AsyncIterator[Socket]:
    local, remote = ((HOST, 0), None) if to is None else (None, (HOST, to))
    transport, made = await asyncio.get_running_loop().create_datagram_endpoint(
        Socket, local_addr=local, remote_addr=remote
    )
    yield made
    transport.abort()


async def test_each_client_is_answered_for_itself() -> None:
    seen: list[bytes] = []
    async with (
        socket() as target,
        Link(target.port, Random(1), watch=seen.append).open() as link,
        socket(link.port) as one,
        socket(link.port) as other,
    ):
        one.send(b"one")
        await target.come(1)
        other.send(b"other")
        await target.come(2)
        first, second = target.senders
        target.send(b"to the other", second)
        await other.come(1)
        target.send(b"to the one", first)
        await one.come(1)
        assert (one.received, other.received) == ([b"to the one"], [b"to the other"])
        assert seen == [b"to the other", b"to the one"]


async def test_another_address_leads_to_the_same_client() -> None:
    async with socket() as target, Link(target.port, Random(1)).open() as link, socket(link.port) as client:
        client.send(b"before")
        await target.come(1)
        await link.rebind()
        client.send(b"after")
        await target.come(2)
        before, after = target.senders
        assert before != after
        target.send(b"back", after)
        await client.come(1)
        assert client.received == [b"back"]


async def test_what_clients_send_and_it_is_told_to_lose_is_lost() -> None:
    async with (
        socket() as target,
        Link(target.port, Random(1), lost=lambda datagram: datagram == b"lost").open() as link,
        socket(link.port) as client,
    ):
        for datagram in (b"lost", b"one", b"lost", b"other"):
            client.send(datagram)
        await target.come(2)
        assert target.received == [b"one", b"other"]


async def test_what_is_late_comes() -> None:
    async with (
        socket() as target,
        Link(target.port, Random(1), delay_ms=1).open() as link,
        socket(link.port) as client,
    ):
        client.send(b"late")
        await target.come(1)
        assert target.received == [b"late"]


async def test_who_is_there_when_it_darkens_is_cut_off_and_who_comes_later_is_not() -> None:
    async with (
        socket() as target,
        Link(target.port, Random(1), jitter_ms=1).open() as link,
        socket(link.port) as early,
        socket(link.port) as late,
    ):
        early.send(b"before")
        await target.come(1)
        link.darken()
        early.send(b"never")
        late.send(b"after")
        await target.come(2)
        target.send(b"never either", target.senders[0])
        target.send(b"back", target.senders[1])
        await late.come(1)
        assert (target.received, early.received, late.received) == ([b"before", b"after"], [], [b"back"])


async def test_the_seed_says_what_is_lost() -> None:
    first = await _arrived(3)
    assert first == await _arrived(3)
    assert first != await _arrived(4)


async def _arrived(seed: int) -> list[bytes]:
    """Which of many datagrams are the first ten to come through."""
    async with (
        socket() as target,
        Link(target.port, Random(seed), lose=0.5).open() as link,
        socket(link.port) as client,
    ):
        for number in range(60):
            client.send(bytes((number,)))
        await target.come(10)
        return target.received[:10]
