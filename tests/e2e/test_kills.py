"""kill -9, at random moments of real answers: of the node, of the agent, of the store's server, of the supervisor.

A real demo, its agent recorded like the clients. What the clients hold in the end is the log's fold, byte for byte,
and the judge (`tests/checker`) finds nothing lost, doubled, out of order, or answered twice.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import aiohttp
import pytest

import legato
from tests.checker.chronicle import at_socket
from tests.e2e.recorded import Run, recorded
from tests.support.processes import ROOT, Tree, folder, invited, running

pytestmark = pytest.mark.e2e

KILLS: Final = 20
WORDS: Final = (
    "tell me a story",
    "where is order 4711",
    "hello there",
    "refund it",
    "thanks",
    "a longer story",
)


@dataclass
class Scene:
    """A demo with people in one session."""

    hub: Tree
    run: Run
    people: list[legato.Client]

    @property
    def loud(self) -> legato.Client:
        """The first of them."""
        return self.people[0]


@asynccontextmanager
async def scene(people: int) -> AsyncIterator[Scene]:
    """A demo, `people` attached, the agent there."""
    async with folder() as records:
        path = f"{ROOT}:{Path(__file__).parent.parent / 'support' / 'recorded_agent'}"
        async with (
            running("demo", LEGATO_RECORD=str(records), PYTHONPATH=path) as hub,
            aiohttp.ClientSession() as http,
        ):
            socket = hub.folder / "store" / "store.sock"
            first = await invited(http, hub.url)
            session, data = first.session, hub.folder
            async with recorded(records, [hub.url], session, data, lambda: at_socket(socket)) as run:
                joined = [await run.client("p0", first.ticket)]
                for number in range(1, people):
                    way = await invited(http, hub.url, session)
                    joined.append(await run.client(f"p{number}", way.ticket))
                yield Scene(hub, run, joined)


async def asks(client: legato.Client, text: str) -> str:
    """Say something and wait until an answer to it grows; the turn."""
    turn = await client.say(text)
    await growing(client, turn)
    return turn


async def growing(client: legato.Client, turn: str) -> None:
    """Wait until an answer to `turn` grows, or has come to an end."""

    def begun(state: legato.session.state.State) -> bool:
        if turn not in state.turns:
            return True
        response = state.turns[turn].response
        return any(each.response == response and each.deltas > 0 for each in state.open_messages())

    await client.until(begun, timeout=20)


async def finished(client: legato.Client, turn: str) -> None:
    """Wait until `turn` was answered."""
    await client.until(lambda state: turn not in state.turns, timeout=30)


async def chatter(client: legato.Client, random: Random, until: asyncio.Event) -> list[str]:
    """Somebody who types all the time; the turns."""
    turns = []
    while not until.is_set():
        turns.append(await client.say(f"{random.choice(WORDS[1:5])} ({random.randrange(1000)})"))
        await finished(client, turns[-1])
    return turns


@pytest.mark.timeout(240)
async def test_twenty_kills_of_the_node_cut_no_answer(run_seed: int) -> None:
    random = Random(run_seed)
    print(f"seed {run_seed}")
    async with scene(people=2) as here:
        store, done = await here.hub.pid("store"), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            typing = [
                tasks.create_task(chatter(each, Random(random.random()), done)) for each in here.people[1:]
            ]
            stories = 0
            turn = ""
            for _ in range(KILLS):
                if turn not in here.loud.state.turns:
                    turn, stories = await asks(here.loud, "tell me a story"), stories + 1
                await asyncio.sleep(random.uniform(0.0, 1.2))  # a random moment of it
                old = await here.hub.kill("node")
                await here.hub.replaced("node", old)
            await finished(here.loud, turn)
            done.set()
        resting = await here.run.at_rest()
        asked = stories + sum(len(task.result()) for task in typing)
        entries = await here.run.judge(resting)
        here.run.agree_on_texts()
        assert await here.hub.pid("store") == store, "the store was adopted"
        assert here.run.outcomes() == ["finished"] * asked, "no answer was cut, none given twice"
        crashed = [entry.offset for entry in entries if entry.event["type"] == "agent_crashed"]
        assert crashed == [], "the hub's death is not the agent's"


@pytest.mark.timeout(120)
async def test_whatever_is_killed_in_mid_answer_every_turn_is_answered_once(run_seed: int) -> None:
    """The agent, the node, the store's server and the agent again, then the supervisor with all its children but
    the store, and a new one on the same folder."""
    random = Random(run_seed)
    print(f"seed {run_seed}")
    async with scene(people=2) as here:
        hub, turns = here.hub, []
        for victim in ("agent", "store", "node", "agent"):
            turns.append(await asks(here.loud, "tell me a story"))
            await asyncio.sleep(random.uniform(0.0, 0.5))
            old = await hub.kill(victim)
            if victim == "agent":
                here.run.gone.add(f"agent-{old}")
            await hub.replaced(victim, old)
            turns.append(await here.people[1].say("hello"))
            for turn in turns:
                await finished(here.loud, turn)
        store, agent = await hub.pid("store"), await hub.pid("agent")
        turns.append(await asks(here.loud, "tell me a story"))
        here.run.gone.add(f"agent-{agent}")  # it ends with its supervisor
        os.kill(await hub.pid("supervisor"), signal.SIGKILL)
        await hub.start(again=True)
        turns.append(await here.people[1].say("hello again"))
        for turn in turns:
            await finished(here.people[1], turn)
        assert await hub.pid("store") == store, "the store was adopted"
        resting = await here.run.at_rest()
        entries = await here.run.judge(resting)
        here.run.agree_on_texts()
        begun = [entry.event for entry in entries if entry.event["type"] == "response_started"]
        unasked = {event["response"] for event in begun if not event.get("turn")}  # greetings
        ended = [entry.event for entry in entries if entry.event["type"] == "response_ended"]
        answered = [event for event in ended if event["response"] not in unasked]
        whole = [event for event in answered if event["outcome"] == "finished"]
        assert len(whole) == len(turns)
        assert all(event.get("turn_waits") for event in answered if event not in whole)
