"""SIGTERM: a node sends its people to another one and ends; nobody loses a word, no command fails."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from functools import partial
from random import Random

import aiohttp
import pytest

import legato
from legato.session import commands as c
from legato.session.state import State
from legato.wire import down as d
from signaling.cli.tickets import signer_here
from tests.checker.chronicle import at_socket
from tests.e2e.minting import created, ticket_for
from tests.e2e.recorded import recorded
from tests.support.processes import folder, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]
WRITERS = 6


async def test_a_node_that_ends_sends_its_people_on_and_nothing_fails() -> None:
    async with folder() as shared, folder() as records:
        data = shared / "data"
        async with running("node", data=data) as old, running("node", data=data) as new:
            signer = await signer_here(data, os.environ)
            async with aiohttp.ClientSession() as http:
                session = await created(http, old.url, signer)
            socket = data / "store" / "store.sock"
            hubs = [old.url, new.url]
            async with recorded(records, hubs, session, data, lambda: at_socket(socket)) as run:
                clients, gone, gaps = [], list[d.Down](), list[float]()
                for number in range(WRITERS):
                    name = f"p{number}"
                    client = await run.client(name, ticket_for(signer, session, name))
                    client.on.told.append(gone.append)
                    clients.append(client)
                done = asyncio.Event()
                async with asyncio.TaskGroup() as tasks:
                    writing = [tasks.create_task(write(each, done, gaps)) for each in clients]
                    here = {each.attached.node for each in clients if each.attached is not None}
                    await clients[0].until(lambda state: state.offset > 60, timeout=20)
                    assert old.process is not None
                    begun = time.monotonic()
                    old.process.send_signal(signal.SIGTERM)
                    code = await old.ended()
                    took = time.monotonic() - begun
                    for each in clients:
                        await each.until(partial(elsewhere, each, here), timeout=20)
                    done.set()
                print(f"text gap: worst {max(gaps) * 1000:.0f} ms, drained in {took:.2f} s")
                sent = sum(task.result() for task in writing)
                entries = await run.judge(await run.at_rest())
                assert code == 0
                assert took <= 30
                assert sum(isinstance(each, d.Draining) for each in gone) == WRITERS, "everybody was told"
                said = [entry for entry in entries if entry.event["type"] == "message_grown"]
                assert len(said) == sent, "every word is there once"


def elsewhere(client: legato.Client, here: set[str], _: State) -> bool:
    """Whether the client is at a node that is not `here`."""
    return client.attached is not None and client.attached.node not in here


async def write(client: legato.Client, done: asyncio.Event, gaps: list[float]) -> int:
    """Grow a message word by word until told to stop; any refusal would be raised. The words."""
    message, random = client.new_id("m"), Random(0)
    await client.do(c.StartMessage(message=message))
    index = 0
    while not done.is_set():
        begun = time.monotonic()
        await client.do(c.GrowMessage(message=message, index=index, text=f"word{index} "))
        gaps.append(time.monotonic() - begun)
        index += 1
        await asyncio.sleep(random.uniform(0.005, 0.02))  # as somebody types
    await client.do(c.EndMessage(message=message))
    return index


async def test_a_hub_that_is_told_to_end_leaves_nothing_running() -> None:
    async with running("serve") as hub:
        assert await hub.pid("store")
        assert hub.process is not None
        hub.process.send_signal(signal.SIGTERM)
        assert await hub.ended() == 0
        assert hub.members() == {}
