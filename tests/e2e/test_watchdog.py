"""A node whose loop hangs is killed, and its sessions go on; one that is only stopped is left alone."""

from __future__ import annotations

import asyncio
import os
import signal

import aiohttp
import pytest

import legato
from tests.support.processes import invited, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

STOPPED_S = 1.5
"""Three times what a hanging node is given."""


async def test_a_node_whose_loop_hangs_is_killed_and_the_session_goes_on() -> None:
    async with running("demo") as hub, aiohttp.ClientSession() as http:
        way = await invited(http, hub.url)
        old = await hub.pid("node")
        async with legato.Client(hub.url, ticket=way.ticket) as client:
            before = await client.say("before")
            async with http.post(f"{hub.url}/demo/kill", json={"what": "loop"}) as answer:
                assert answer.status == 202
            await hub.replaced("node", old)
            after = await client.say("after")
            await client.until(lambda state: after not in state.turns, timeout=30)
            assert {before, after} <= client.state.entries.keys()
        assert "loop hangs; it is killed" in hub.log.read_text()


async def test_a_node_that_is_stopped_for_a_while_lives_on() -> None:
    async with running("demo") as hub, aiohttp.ClientSession() as http:
        way = await invited(http, hub.url)
        old = await hub.pid("node")
        async with legato.Client(hub.url, ticket=way.ticket) as client:
            os.kill(old, signal.SIGSTOP)
            await asyncio.sleep(STOPPED_S)
            os.kill(old, signal.SIGCONT)
            await client.say("after")
            assert await hub.pid("node") == old


async def test_no_node_is_killed_for_hanging_where_nobody_watches() -> None:
    async with running("demo", "--hang-ms", "0") as hub, aiohttp.ClientSession() as http:
        old = await hub.pid("node")
        async with http.post(f"{hub.url}/demo/kill", json={"what": "loop"}) as answer:
            assert answer.status == 202
        await asyncio.sleep(STOPPED_S)
        assert old in hub.members()
        await hub.kill("node")
        await hub.replaced("node", old)
