"""Sessions that wait for an agent: how fast they are given out, and what they cost at rest."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from random import random
from statistics import median
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


@dataclass(frozen=True, slots=True)
class _Round:
    """Sessions a second; the sessions, and their agent."""

    rate: float
    sessions: list[str]
    agent: str


async def measure_dispatch(rig: Rig, plan: Plan) -> list[Result]:
    """Sessions taken a second, from the first to the last that waited; the same before there were others at rest, which
    no node has open; and the store's memory a waiting session. On a store of its own each time."""
    async with AsyncExitStack() as stack:
        if rig.store_pid:
            rig = await stack.enter_async_context(open_rig(seed=rig.rng.getrandbits(32), profile=rig.profile))
        while len(rig.nodes) < plan.nodes:
            await rig.start_node(plan.idle_close_ms)
        store = await RealStore.open(
            Endpoint.from_url(rig.redis), level="buffered", random_bytes=secrets.token_bytes, random=random
        )
        stack.push_async_callback(store.close)
        alone = await _rounds(rig, plan, store, "alone")
        plan.says(f"agents: {plan.waiting} sessions that nobody takes")
        before, _ = await store.memory()
        await asked(
            rig, [f"s_w{secrets.token_hex(10)}" for _ in range(plan.waiting)], "nobody", nodes=plan.nodes
        )
        await at_rest(rig)
        after, _ = await store.memory()
        beside = await _rounds(rig, plan, store, "beside them", last=stack)
        stalled = await measure_stall(rig, plan, store, beside[-1].sessions, beside[-1].agent)
    rate, before_them = (median(each.rate for each in rounds) for rounds in (beside, alone))
    return [
        Value("dispatched_per_s", rate, least=500),
        Value("dispatched_per_s_alone", before_them),
        Value("dispatch_rate_kept", rate / before_them, least=0.9),
        Value("waiting_kb", (after - before) / 1024 / plan.waiting, most=10),
        *stalled,
    ]


async def _rounds(
    rig: Rig, plan: Plan, store: RealStore, where: str, last: AsyncExitStack | None = None
) -> list[_Round]:
    """Give sessions out, so often. Each time to other workers: those of the time before are killed, and what they had
    is at rest by then; but for the last ones, who end with `last`."""
    done: list[_Round] = []
    for number in range(1, plan.dispatches + 1):
        plan.says(f"agents: {plan.dispatched} sessions that wait for workers, {where} ({number})")
        agent = f"{AGENT}_{secrets.token_hex(4)}"
        async with AsyncExitStack() as stack:
            crew = Crew(rig, "signaling.bench.taker", agent)
            stack.push_async_callback(crew.end)
            done.append(await _given_out(rig, plan, store, agent, crew))
            if last is not None and number == plan.dispatches:
                last.push_async_exit(stack.pop_all())
        if last is None or number < plan.dispatches:
            await at_rest(rig)
    return done


async def _given_out(rig: Rig, plan: Plan, store: RealStore, agent: str, crew: Crew) -> _Round:
    """Let sessions wait for the agent, and its workers begin. Raises `TimeoutError`."""
    sessions = [f"s_d{secrets.token_hex(10)}" for _ in range(plan.dispatched)]
    await crew.fill()
    await asked(rig, sessions, agent)
    async with asyncio.timeout(PATIENCE_S):
        await all_wait(store, agent, plan.dispatched)
        crew.begin()
        begun = await fewer_wait(store, agent, plan.dispatched)
        over = await fewer_wait(store, agent, 1)
    rate = plan.dispatched / (over - begun)
    plan.says(f"agents: {rate:.0f} a second")
    return _Round(rate, sessions, agent)


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


async def all_wait(store: RealStore, agent: str, count: int) -> None:
    """Wait until so many sessions wait for the agent: who asks is not told when."""
    while len(await store.wanted(MAIN, agent, count)) < count:  # noqa: ASYNC110 — other processes note it
        await asyncio.sleep(LOOK_S)


async def fewer_wait(store: RealStore, agent: str, count: int) -> float:
    """When (`time.perf_counter`) fewer sessions than `count` wait for the agent."""
    while len(await store.wanted(MAIN, agent, count)) >= count:  # noqa: ASYNC110 — other processes take them
        await asyncio.sleep(LOOK_S)
    return time.perf_counter()
