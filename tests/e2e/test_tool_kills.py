"""Tool calls while their workers are killed: what can be done again is done once, what cannot is never begun twice.

`LEGATO_TOOL_KILLS` says how many workers die (20).
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import legato
from legato.session.tickets import ANY_SESSION
from signaling.bench.crew import Crew
from signaling.bench.rig import Rig, open_rig

KILLS = int(os.environ.get("LEGATO_TOOL_KILLS", "20"))
PEOPLE = 4
PATIENCE_S = 60.0

pytestmark = [pytest.mark.e2e, pytest.mark.store, pytest.mark.timeout(60 + 3 * KILLS)]


class Customer:
    """Orders one thing after another, and waits for each answer."""

    def __init__(self, session: str, client: legato.Client) -> None:
        self.session, self.client = session, client
        self.orders: list[str] = []

    async def order(self, over: asyncio.Event) -> None:
        """Until it is over, and the last answer has come."""
        while not over.is_set():
            order = f"{self.session}-{len(self.orders)}"
            self.orders.append(order)
            turn = await self.client.say(order)
            await self.client.until(lambda state, turn=turn: turn not in state.turns, timeout=PATIENCE_S)  # type: ignore[misc]


async def customers(stack: AsyncExitStack, rig: Rig) -> AsyncIterator[Customer]:
    headers = {"Authorization": f"Bearer {rig.ticket(ANY_SESSION, 'p_test', 'supervisor')}"}
    for number in range(PEOPLE):
        session, url = f"s_{number}", f"http://127.0.0.1:{rig.nodes[0].port}"
        async with aiohttp.ClientSession(headers=headers) as http:
            asked = {"session": session, "labels": {"agent": "cashier"}}
            async with http.post(f"{url}/v1/sessions", json=asked) as answer:
                assert answer.status == 201
        client = legato.Client(url, ticket=rig.ticket(session, f"p_{number}"))
        yield Customer(session, await stack.enter_async_context(client))


async def log_of(rig: Rig, session: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {rig.ticket(ANY_SESSION, 'p_test', 'supervisor')}"}
    url, events = f"http://127.0.0.1:{rig.nodes[0].port}/v1/sessions/{session}/events", list[dict[str, Any]]()
    async with aiohttp.ClientSession(headers=headers) as http:
        while True:
            after = events[-1]["offset"] if events else 0
            async with http.get(f"{url}?after={after}&limit=500") as answer:
                page = (await answer.json())["events"]
            if not page:
                return events
            events += page


async def test_no_call_is_lost_doubled_or_left_open_by_kills(
    tmp_path: Path, run_seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, over = random.Random(run_seed), asyncio.Event()
    monkeypatch.setenv("LEGATO_BOOKS", str(tmp_path))
    async with open_rig() as rig, AsyncExitStack() as stack:
        await rig.start_node()
        crew = Crew(rig, "tests.support.paying_agent", "cashier")
        stack.push_async_callback(crew.end)
        await crew.fill()
        people = [each async for each in customers(stack, rig)]
        async with asyncio.TaskGroup() as group:
            for each in people:
                group.create_task(each.order(over))
            for _ in range(KILLS):
                await asyncio.sleep(chance.uniform(0.2, 0.6))
                crew.kill(chance.choice(crew.pids))
                await crew.fill()
            over.set()
        for each in people:
            books = await asyncio.to_thread(os.listdir, tmp_path)
            judge(await log_of(rig, each.session), each.orders, books)


def judge(log: list[dict[str, Any]], orders: list[str], books: list[str]) -> None:
    """What the log says, and what the callee has in its books."""
    calls = {event["call"]: event for event in log if event["type"] == "tool_requested"}
    ends = Counter(event["call"] for event in log if event["type"] == "tool_ended")
    assert ends == Counter(calls.keys()), "every call has one end"
    started = Counter(
        calls[event["call"]]["key"]
        for event in log
        if event["type"] == "tool_started" and calls[event["call"]]["name"] == "send"
    )
    assert set(started.values()) <= {1}, "nothing that cannot be done again was begun twice"
    answered = Counter(event["response"] for event in log if event["type"] == "response_ended")
    assert set(answered.values()) <= {1}
    starts = {event["response"]: event.get("turn") for event in log if event["type"] == "response_started"}
    whole = Counter(
        starts[event["response"]]
        for event in log
        if event["type"] == "response_ended" and event.get("outcome", "finished") == "finished"
    )
    turns = [event["message"] for event in log if event["type"] == "message_posted" and event.get("turn")]
    assert whole == Counter(turns), "every turn was answered once"
    assert len(turns) == len(orders)
    for order in orders:
        paid = Counter(line.rpartition(" ")[0] for line in books if line.startswith(f"paid {order} "))
        assert paid == {f"paid {order} 0": 1, f"paid {order} 1": 1}
        assert sum(line.startswith(f"sent {order} ") for line in books) <= 1
