"""A store that dies under sessions that workers have, and its replica in its place: nobody may be taken for dead."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from random import random
from typing import Final

from hub.store.endpoint import Endpoint
from hub.store.real import RealStore
from signaling.bench.crew import Crew
from signaling.bench.dispatching import PATIENCE_S, asked, fewer_wait
from signaling.bench.figures import Result, Value
from signaling.bench.leased import lost_rights
from signaling.bench.plan import Plan
from signaling.bench.rig import Rig, open_rig
from signaling.bench.taker import AGENT
from signaling.bench.two_stores import HERE, two_stores

SETTLED_S: Final = 5.0
"""Whoever holds somebody for dead has said so by then: silence is taken for death after 3 s."""


async def measure_failover(rig: Rig, plan: Plan) -> list[Result]:
    """Sessions whose worker lost its right, of `leased`. On stores of its own; not measured on one that was not started
    here."""
    if not rig.store_pid:
        return []
    plan.says(f"agents: a failover of the store under {plan.leased} sessions that workers have")
    async with AsyncExitStack() as stack:
        stores, first = await stack.enter_async_context(two_stores())
        url = f"redis://{HERE}:{stores.port}"
        mine = await stack.enter_async_context(open_rig(url))
        await mine.at_least(plan.nodes)
        crew = Crew(mine, "signaling.bench.taker", AGENT)
        stack.push_async_callback(crew.end)
        await crew.fill()
        crew.begin()
        sessions = [f"s_f{secrets.token_hex(10)}" for _ in range(plan.leased)]
        await asked(mine, sessions, AGENT)
        store = await RealStore.open(
            Endpoint.from_url(url), level="buffered", random_bytes=secrets.token_bytes, random=random
        )
        stack.push_async_callback(store.close)
        async with asyncio.timeout(PATIENCE_S):
            await fewer_wait(store, AGENT, 1)
        await stores.fail_over(first)
        await asyncio.sleep(SETTLED_S)
        lost = await lost_rights(store, sessions, AGENT)
    return [Value("failover_leased", len(sessions)), Value("false_crashes_failover", len(lost), 0)]
