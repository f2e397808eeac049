"""Sessions that wait for an agent: how fast they are given out, and what they cost at rest."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from http import HTTPStatus
from random import random
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from hub.store.endpoint import Endpoint
from hub.store.real import RealStore
from legato.session.ids import MAIN
from legato.session.tickets import ANY_SESSION
from signaling.bench.crew import Crew
from signaling.bench.figures import Result, Value
from signaling.bench.leased import measure_stall
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig, open_rig
from signaling.bench.taker import AGENT

AT_ONCE: Final = 32
LOOK_S: Final = 0.01
PATIENCE_S: Final = 120.0
AGAIN_S: Final = 0.5
ROOMS: Final = "legato_rooms "


async def measure_dispatch(rig: Rig, plan: Plan) -> list[Result]:
    """Sessions taken a second, from the first to the last that waited, and the store's memory a waiting session. On a
    store of its own each time: what a run before took waits again once its workers are killed. Those that nobody takes
    are at rest before the others come: no node has them open, nor anything to write of them."""
    async with AsyncExitStack() as stack:
        if rig.store_pid:
            rig = await stack.enter_async_context(open_rig(seed=rig.rng.getrandbits(32), profile=rig.profile))
        while len(rig.nodes) < plan.nodes:
            await rig.start_node(plan.idle_close_ms)
        store = await RealStore.open(
            Endpoint.from_url(rig.redis), level="buffered", random_bytes=secrets.token_bytes, random=random
        )
        stack.push_async_callback(store.close)
        plan.says(
            f"agents: {plan.waiting} sessions that nobody takes, {plan.dispatched} that wait for workers"
        )
        before, _ = await store.memory()
        await asked(
            rig, [f"s_w{secrets.token_hex(10)}" for _ in range(plan.waiting)], "nobody", nodes=plan.nodes
        )
        await at_rest(rig)
        after, _ = await store.memory()
        crew = Crew(rig, "signaling.bench.taker", AGENT)
        stack.push_async_callback(crew.end)
        sessions = [f"s_d{secrets.token_hex(10)}" for _ in range(plan.dispatched)]
        await asked(rig, sessions, AGENT)
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            begun = group.create_task(fewer_wait(store, plan.dispatched))
            await crew.fill()
            over = await fewer_wait(store, 1)
        rate = plan.dispatched / (over - begun.result())
        stalled = await measure_stall(rig, plan, store, sessions)
    kb = (after - before) / 1024 / plan.waiting
    return [Value("dispatched_per_s", rate, least=500), Value("waiting_kb", kb, most=10), *stalled]


async def asked(rig: Rig, sessions: Sequence[str], agent: str, *, nodes: int = 1) -> None:
    """Create the sessions at the first `nodes`, each with a question that waits for the agent."""
    headers = {"Authorization": f"Bearer {rig.ticket(ANY_SESSION, 'p_bench', 'supervisor')}"}
    urls = [f"http://127.0.0.1:{node.port}/v1/sessions" for node in rig.nodes[:nodes]]
    waiting = list(sessions)
    command = {"type": "post_message", "message": "m_1", "parts": [{"text": "is anybody there?"}]}
    async with (
        ClientSession(
            connector=TCPConnector(limit=AT_ONCE), timeout=ClientTimeout(total=60), headers=headers
        ) as http,
        asyncio.TaskGroup() as group,
    ):

        async def put(to: str, body: dict[str, Any]) -> None:
            """As a client does: a hub that is busy for a moment is asked again."""
            while True:
                async with http.post(to, json=body) as answer:
                    if to in urls and answer.status == HTTPStatus.CONFLICT:
                        return  # it was made at the first try
                    if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                        answer.raise_for_status()
                        return
                await asyncio.sleep(AGAIN_S)

        async def ask() -> None:
            while waiting:
                url, session = urls[len(waiting) % len(urls)], waiting.pop()
                await put(url, {"session": session, "labels": {"agent": agent}})
                await put(
                    f"{url}/{session}/commands", {"producer": "w_bench", "seq": 1, "commands": [command]}
                )

        for _ in range(AT_ONCE):
            group.create_task(ask())


async def at_rest(rig: Rig) -> None:
    """Wait until no node has a session open. Raises `TimeoutError`."""
    async with ClientSession() as http, asyncio.timeout(PATIENCE_S):
        for port in rig.ports():
            while await _rooms(http, port):  # noqa: ASYNC110 — another process closes them
                await asyncio.sleep(AGAIN_S)


async def _rooms(http: ClientSession, port: int) -> float:
    async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
        answer.raise_for_status()
        told = [line for line in (await answer.text()).splitlines() if line.startswith(ROOMS)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in told)


async def fewer_wait(store: RealStore, count: int) -> float:
    """When (`time.perf_counter`) fewer sessions than `count` wait for the agent."""
    while len(await store.wanted(MAIN, AGENT, count)) >= count:  # noqa: ASYNC110 — other processes take them
        await asyncio.sleep(LOOK_S)
    return time.perf_counter()
