"""Tools that the hub calls, while its nodes are killed: one end each, and at a callee that honours keys one effect."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

import legato
from legato.session.tickets import ANY_SESSION
from signaling.bench.rig import Rig, open_rig
from signaling.webhooks import signature
from tests.e2e.test_tool_kills import log_of

KILLS = 5
WORK_S = 0.3
PATIENCE_S = 40.0
KEY = bytes(range(32))

pytestmark = [pytest.mark.e2e, pytest.mark.store, pytest.mark.timeout(180)]

agent = legato.Agent("shop")


@agent.tool(runs="hub")
async def charge(order: str) -> str:
    """Charge it: the hub does it."""
    raise NotImplementedError


@agent.tool(runs="hub", in_doubt="")
async def post(order: str) -> str:
    """Post it: what was posted is posted."""
    raise NotImplementedError


@agent.on_turn
async def answer(turn: legato.Turn) -> None:
    charged = await turn.call("charge", order=turn.text)
    try:
        posted = await turn.call("post", order=turn.text)
    except legato.ToolFailed as failed:
        posted = failed.outcome
    await turn.say(f"{charged} {posted}")


class Callee:
    """A shop's back office: it does nothing twice under one key, and takes a while."""

    def __init__(self) -> None:
        self.effects = Counter[str]()
        self.posted = Counter[str]()
        self.asked = asyncio.Event()
        self._known: dict[str, str] = {}

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        name, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        assert request.headers["webhook-signature"] == signature(KEY, name, at, body)
        data = json.loads(body)["data"]
        order = data["arguments"]["order"]
        self.asked.set()
        if request.path == "/post":
            self.posted[order] += 1
        elif (key := request.headers["Idempotency-Key"]) not in self._known:
            self._known[key] = order
            self.effects[order] += 1
        await asyncio.sleep(WORK_S)
        return web.json_response(f"{data['tool']}d")


@asynccontextmanager
async def back_office(folder: Path) -> AsyncIterator[tuple[Callee, Path]]:
    """It listens inside; the file that names its tools."""
    callee = Callee()
    runner = web.ServerRunner(web.Server(callee), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    secret = f"whsec_{base64.b64encode(KEY).decode()}"
    tools = folder / "tools.toml"
    tools.write_text(
        "".join(
            f'[[tool]]\nname = "{name}"\nurl = "http://127.0.0.1:{runner.addresses[0][1]}/{name}"\n'
            f'secret = "{secret}"\nprivate = true\nidempotent = {once}\n'
            for name, once in (("charge", "true"), ("post", "false"))
        )
    )
    yield callee, tools
    await runner.cleanup()


async def made(rig: Rig) -> None:
    headers = {"Authorization": f"Bearer {rig.ticket(ANY_SESSION, 'p_test', 'supervisor')}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        asked = {"session": "s_1", "labels": {"agent": "shop"}}
        async with http.post(f"http://127.0.0.1:{rig.nodes[0].port}/v1/sessions", json=asked) as answer:
            assert answer.status == 201


async def ordered(ada: legato.Client, over: asyncio.Event) -> list[str]:
    """One thing after another, until it is over."""
    orders = list[str]()
    while not over.is_set():
        orders.append(f"o{len(orders)}")
        turn = await ada.say(orders[-1])
        await ada.until(lambda state, turn=turn: turn not in state.turns, timeout=PATIENCE_S)  # type: ignore[misc]
    return orders


async def test_no_call_of_the_hub_is_lost_doubled_or_left_open_by_kills_of_its_nodes(
    tmp_path: Path, run_seed: int
) -> None:
    chance, over = random.Random(run_seed), asyncio.Event()
    async with back_office(tmp_path) as (callee, tools), open_rig() as rig:
        rig.tools = tools
        for _ in range(2):
            await rig.start_node()
        await made(rig)
        urls = [f"http://127.0.0.1:{node.port}" for node in rig.nodes]
        work = asyncio.create_task(agent.work(urls, ticket=rig.ticket(ANY_SESSION, "p_shop", "agent")))
        async with legato.Client(urls, ticket=rig.ticket("s_1", "p_ada")) as ada:
            shopping = asyncio.create_task(ordered(ada, over))
            for _ in range(KILLS):
                callee.asked.clear()
                await asyncio.wait_for(callee.asked.wait(), PATIENCE_S)
                await asyncio.sleep(chance.uniform(0, WORK_S))
                await rig.replace_node(chance.randrange(2))
            over.set()
            orders = await shopping
        judge(await log_of(rig, "s_1"), orders, callee)
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


def judge(log: list[dict[str, object]], orders: list[str], callee: Callee) -> None:
    """What the log says, and what the callee did."""
    calls = {event["call"]: event for event in log if event["type"] == "tool_requested"}
    ends = Counter(event["call"] for event in log if event["type"] == "tool_ended")
    assert ends == Counter(calls.keys()), "every call has one end"
    starts = Counter(event["call"] for event in log if event["type"] == "tool_started")
    assert all(count == 1 for call, count in starts.items() if calls[call]["name"] == "post")
    charged = [
        each for each in log if each["type"] == "tool_ended" and calls[each["call"]]["name"] == "charge"
    ]
    assert {each["outcome"] for each in charged} == {"finished"}
    assert callee.effects == dict.fromkeys(orders, 1), "one effect under each key"
    assert set(callee.posted.values()) <= {1}, "nothing that cannot be done again was begun twice"
