"""What a worker answers to offers: it is the judge of its capacity, and no offer is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from aiohttp import web

from legato.agent.worker import Worker
from legato.client.carrier import Carrier
from legato.client.client import always
from legato.errors import SessionClosed
from legato.wire import down as d
from legato.wire.carried import ENDS, OPENS, TEXT, Piece, decode_carried

PATIENCE_S = 30


class Hub:
    """A hub of one socket: it offers what it is told to, and keeps what the worker says."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.socket: web.WebSocketResponse | None = None
        self.carried: list[Piece] = []
        self.knocked = asyncio.Event()
        self.gone: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.open = asyncio.Event()
        self.open.set()

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        self.knocked.set()
        await self.open.wait()
        socket = web.WebSocketResponse(protocols=("legato.1",))
        await socket.prepare(request)
        self.socket = socket
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                self.carried += decode_carried(message.data)
            else:
                self.said.put_nowait(message.json())
        self.gone.put_nowait(socket)
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
async def at_work(
    capacity: int = 8,
    beat_ms: int = 60_000,
    carrier: Carrier | None = None,
    work: Work | None = None,
) -> AsyncIterator[tuple[Hub, Work]]:
    hub, work = Hub(), work or Work()
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
        carrier=carrier,
    )
    async with aiohttp.ClientSession() as http:
        running = asyncio.create_task(worker.run(http))
        try:
            assert (await hub.says("work")).get("capacity", 1) == capacity
            await hub.tell(d.Working(node="n", beat_ms=beat_ms, carries=carrier is not None))
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


async def test_a_session_that_fails_in_a_way_nobody_foresaw_is_declined_and_the_others_go_on() -> None:
    async with at_work() as (hub, work):
        await hub.offer("o_1", "s_1")
        _, failing = await work.next()
        await hub.offer("o_2", "s_2")
        _, going_on = await work.next()
        failing.set_exception(KeyError("unforeseen"))
        assert (await hub.says("capacity"))["free"] == 7
        assert await hub.says("decline") == {"type": "decline", "offer": "o_1", "reason": "failed"}
        assert not going_on.done()
        await hub.offer("o_3", "s_3")
        assert (await work.next())[0] == "o_3"
        going_on.set_result(None)
        assert (await hub.says("capacity"))["free"] == 7


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


async def test_a_hub_that_falls_silent_is_given_up_and_sought_anew() -> None:
    async with at_work(beat_ms=20) as (hub, _):
        hub.knocked.clear()
        async with asyncio.timeout(PATIENCE_S):
            await hub.knocked.wait()
        assert (await hub.says("work"))["worker"] == "k_1"


async def test_a_hub_that_speaks_again_before_a_second_way_opens_keeps_its_worker() -> None:
    async with at_work(beat_ms=600) as (hub, work):
        hub.open.clear()
        hub.knocked.clear()
        async with asyncio.timeout(PATIENCE_S):
            await hub.knocked.wait()
        await hub.offer("o_1", "s_1")
        offer, end = await work.next()
        assert offer == "o_1"
        end.set_result(None)
        await hub.says("capacity")
        hub.open.set()
        while not hub.said.empty():
            assert hub.said.get_nowait()["type"] != "work"


class Carried(Work):
    """Engagements that have a channel, and a last word to say."""

    def __init__(self, carrier: Carrier) -> None:
        super().__init__()
        self._carrier = carrier
        self.over = asyncio.Event()
        """The channel is."""

    async def engaged(self, offered: d.Offered) -> None:
        channel = self._carrier.connect(
            self._carrier.hub,
            lambda here: here.send(b"attach"),
            lambda _, raw: None,
            lambda raw: None,
            lambda _: self.over.set(),
        )
        async with aiohttp.ClientSession() as http:
            running = asyncio.create_task(channel.run(http))
            try:
                await super().engaged(offered)
            finally:
                await asyncio.sleep(0)
                channel.send(b"released")
                channel.close()
                await running


async def test_a_worker_that_goes_says_the_last_words_of_its_sessions_before_its_connection_ends() -> None:
    carrier = Carrier()
    async with at_work(carrier=carrier, work=Carried(carrier)) as (hub, work):
        await hub.offer("o_1", "s_1")
        await work.next()
    assert [(piece.what, piece.envelope) for piece in hub.carried] == [
        (OPENS, b"attach"),
        (TEXT, b"released"),
        (ENDS, b""),
    ]


async def test_a_worker_goes_to_a_second_way_before_it_closes_a_dead_one() -> None:
    carrier = Carrier()
    work = Carried(carrier)
    async with at_work(beat_ms=200, carrier=carrier, work=work) as (hub, _):
        await hub.offer("o_1", "s_1")
        _, end = await work.next()
        first = hub.socket
        assert first is not None
        assert (await hub.says("work"))["worker"] == "k_1"
        assert hub.socket is not first
        assert not first.closed
        await asyncio.wait_for(work.over.wait(), PATIENCE_S)
        await hub.tell(d.Working(node="n", beat_ms=60_000))
        async with asyncio.timeout(PATIENCE_S):
            while await hub.gone.get() is not first:
                pass
        end.set_result(None)
