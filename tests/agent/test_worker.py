"""What a worker answers to offers: it is the judge of its capacity, and no offer is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from aiohttp import web

from legato.agent.worker import Worker
from legato.client.client import always
from legato.errors import SessionClosed
from legato.wire import down as d

PATIENCE_S = 10


class Hub:
    """A hub of one socket: it offers what it is told to, and keeps what the worker says."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.socket: web.WebSocketResponse | None = None
        self.knocked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        self.knocked.set()
        await self.open.wait()
        socket = web.WebSocketResponse(protocols=("legato.1",))
        await socket.prepare(request)
        self.socket = socket
        async for message in socket:
            self.said.put_nowait(message.json())
        return socket

    async def says(self, kind: str) -> dict[str, Any]:
        """The next envelope of that type from the worker."""
        async with asyncio.timeout(PATIENCE_S):
            while (said := await self.said.get())["type"] != kind:
                pass
        return said

    async def tell(self, envelope: d.Down) -> None:
        assert self.socket is not None
        await self.socket.send_str(d.encode_down(envelope).decode())

    async def offer(self, name: str, session: str, expires_ms: int = 60_000) -> None:
        offered = d.Offered(
            offer=name, session=session, tenant="main", ticket="t", participant="p", expires_ms=expires_ms
        )
        await self.tell(offered)


class Work:
    """Engagements that end when the test says so."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[tuple[str, asyncio.Future[None]]] = asyncio.Queue()

    async def engaged(self, offered: d.Offered) -> None:
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.begun.put_nowait((offered.offer, end))
        await end

    async def next(self) -> tuple[str, asyncio.Future[None]]:
        async with asyncio.timeout(PATIENCE_S):
            return await self.begun.get()


@asynccontextmanager
async def at_work(capacity: int = 8) -> AsyncIterator[tuple[Hub, Work]]:
    hub, work = Hub(), Work()
    app = web.Application()
    app.router.add_get("/v1/connect", hub.connect)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    worker = Worker(
        [f"http://127.0.0.1:{port}"],
        always("ticket"),
        agent="concierge",
        worker="k_1",
        capacity=capacity,
        engaged=work.engaged,
    )
    async with aiohttp.ClientSession() as http:
        running = asyncio.create_task(worker.run(http))
        try:
            assert (await hub.says("work")).get("capacity", 1) == capacity
            await hub.tell(d.Working(node="n", beat_ms=60_000, nodes=[]))
            assert (await hub.says("capacity"))["free"] == capacity
            yield hub, work
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await runner.cleanup()


async def test_an_offer_that_comes_while_the_session_is_being_left_is_taken_up_when_it_is_left() -> None:
    async with at_work() as (hub, work):
        await hub.offer("o_1", "s_1")
        first, end = await work.next()
        await hub.offer("o_2", "s_1")
        await hub.offer("o_3", "s_2")
        assert (first, (await work.next())[0]) == ("o_1", "o_3")
        end.set_result(None)
        assert (await work.next())[0] == "o_2"


async def test_an_offer_that_is_no_longer_good_is_not_taken_up() -> None:
    async with at_work() as (hub, work):
        await hub.offer("o_1", "s_1")
        _, end = await work.next()
        await hub.offer("o_2", "s_1", expires_ms=0)
        await hub.offer("o_3", "s_2")
        await work.next()
        end.set_result(None)
        assert (await hub.says("capacity"))["free"] == 7
        assert work.begun.empty()


async def test_a_worker_that_is_full_says_so_and_declines() -> None:
    async with at_work(capacity=1) as (hub, work):
        await hub.offer("o_1", "s_1")
        await work.next()
        await hub.offer("o_2", "s_2")
        assert (await hub.says("capacity"))["free"] == 0
        assert await hub.says("decline") == {"type": "decline", "offer": "o_2", "reason": "full"}


async def test_a_session_that_cannot_be_joined_is_declined_after_the_worker_said_that_it_has_room() -> None:
    async with at_work() as (hub, work):
        await hub.offer("o_1", "s_1")
        _, end = await work.next()
        end.set_exception(SessionClosed(4004, "not_found"))
        assert (await hub.says("capacity"))["free"] == 8
        assert await hub.says("decline") == {"type": "decline", "offer": "o_1", "reason": "failed"}


async def test_a_worker_that_comes_back_says_nothing_before_it_says_who_it_is() -> None:
    async with at_work() as (hub, work):
        await hub.offer("o_1", "s_1")
        _, end = await work.next()
        hub.open.clear()
        hub.knocked.clear()
        assert hub.socket is not None
        await hub.socket.close()
        async with asyncio.timeout(PATIENCE_S):
            await hub.knocked.wait()
        end.set_exception(SessionClosed(4000, "wrong_order"))
        await asyncio.sleep(0)
        while not hub.said.empty():
            hub.said.get_nowait()
        hub.open.set()
        async with asyncio.timeout(PATIENCE_S):
            assert (await hub.said.get())["type"] == "work"
