"""Tools that the user's devices run: of two that can, one does, and when it goes the other goes on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import pytest

import legato
from legato.session.state import Message, State, ToolCall
from legato.session.tickets import ANY_SESSION
from signaling.bench.rig import Rig, open_rig

CALLS = 8
PATIENCE_S = 20.0

pytestmark = [pytest.mark.e2e, pytest.mark.store, pytest.mark.timeout(90)]

agent = legato.Agent("asker")


@agent.tool(runs="client", idempotent=True)
async def look(number: int) -> int:
    """Look for it on the user's device."""
    raise NotImplementedError


@agent.on_turn
async def answer(turn: legato.Turn) -> None:
    first, last = map(int, turn.text.split())
    for number in range(first, last):
        await turn.say(f"{await turn.call('look', number=number)} ")


def said(state: State) -> str:
    texts = (each for each in state.transcript() if isinstance(each, Message) and each.by == "p_asker")
    return "".join(part.text for each in texts for part in each.parts)


async def session_of(rig: Rig, url: str) -> None:
    headers = {"Authorization": f"Bearer {rig.ticket(ANY_SESSION, 'p_test', 'supervisor')}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        asked = {"session": "s_1", "labels": {"agent": "asker"}}
        async with http.post(f"{url}/v1/sessions", json=asked) as made:
            assert made.status == 201


@asynccontextmanager
async def hub_and_agent() -> AsyncIterator[tuple[str, list[str]]]:
    """The user's ticket, and the nodes."""
    async with open_rig() as rig:
        await rig.start_node()
        urls = [f"http://127.0.0.1:{node.port}" for node in rig.nodes]
        await session_of(rig, urls[0])
        work = asyncio.create_task(agent.work(urls, ticket=rig.ticket(ANY_SESSION, "p_asker", "agent")))
        yield rig.ticket("s_1", "p_ada"), urls
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def test_each_call_is_run_by_one_of_two_devices_and_survives_its_going() -> None:
    ran, began = Counter[int](), asyncio.Event()

    async def run(number: int) -> int:
        await legato.progress("looking", step=1, steps=2)
        ran[number] += 1
        return number

    async def never(number: int) -> None:
        began.set()
        await asyncio.Event().wait()

    async with hub_and_agent() as (ada, urls), AsyncExitStack() as stack:
        devices = [legato.Client(url, ticket=ada) for url in (urls[0], urls[-1])]
        for device in devices:
            device.tool("look", run)
            await stack.enter_async_context(device)
        phone = legato.Client(urls[0], ticket=ada)
        await devices[0].say(f"0 {CALLS}")
        state = await devices[0].until(lambda state: f"{CALLS - 1} " in said(state), PATIENCE_S)
        assert ran == dict.fromkeys(range(CALLS), 1)
        assert said(state) == "".join(f"{number} " for number in range(CALLS))
        for device in devices:
            device.tool("look", never)
        async with phone:
            await phone.say(f"{CALLS} {CALLS + 1}")
            await asyncio.wait_for(began.wait(), PATIENCE_S)
            state = await phone.until(
                lambda state: any(each.runner for each in state.open_tools()), PATIENCE_S
            )
            holder = next(each.runner for each in state.open_tools())
            gone = next(each for each in devices if each.attached and each.attached.attachment == holder)
            for device in devices:
                device.tool("look", run)
            await gone.__aexit__()  # in the midst of it
            state = await phone.until(lambda state: f"{CALLS} " in said(state), PATIENCE_S)
        calls = [each for each in state.transcript() if isinstance(each, ToolCall)][-2:]
        assert [each.status for each in calls] == ["interrupted", "finished"]
        assert calls[0].key == calls[1].key
        assert (calls[0].runner, ran[CALLS]) == (holder, 1)
