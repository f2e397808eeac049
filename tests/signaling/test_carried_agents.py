"""An agent whose sessions go by its connection: what people notice of it, which is nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

import legato
from hub.store.promise import SessionKey
from legato.agent.agent import Agent
from tests.signaling.doors import WAIT_S, Doors, doors

SESSIONS = tuple(SessionKey("main", f"s_{number}") for number in range(3))


def echo() -> Agent:
    agent = Agent("concierge")

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        await turn.say(f"you said {turn.text}")

    return agent


@asynccontextmanager
async def at_work(here: Doors) -> AsyncIterator[None]:
    ready = asyncio.Event()
    ticket = here.ticket("p_concierge", "agent", "*")
    working = asyncio.create_task(echo().work(here.url, ticket=ticket, ready=ready))
    try:
        async with asyncio.timeout(WAIT_S):
            await ready.wait()
        yield
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


@asynccontextmanager
async def person(here: Doors, session: str) -> AsyncIterator[legato.Client]:
    ticket = here.ticket(f"p_of_{session}", session=session, more=["label"])
    async with legato.Client(here.url, ticket=ticket) as client:
        yield client


async def answered(client: legato.Client, words: str) -> None:
    await client.say(words)
    heard = f"you said {words}"
    await client.until(lambda state: any(_says(each, heard) for each in state.ended_entries()), WAIT_S)


def _says(entry: object, words: str) -> bool:
    return any(part.text == words for part in getattr(entry, "parts", ()))


async def three(here: Doors) -> None:
    for key in SESSIONS:
        room = await here.node.create(key, "p_boss", {"agent": "concierge"}, "")
        here.node.release(room)  # type: ignore[arg-type]  # it was not refused: nobody made it before


async def test_sessions_of_a_worker_need_no_connections_of_their_own() -> None:
    async with doors(sessions=()) as here, at_work(here):
        await three(here)
        async with person(here, "s_0") as ada, person(here, "s_1") as eve, person(here, "s_2") as bob:
            for client in (ada, eve, bob):
                await answered(client, "hello")
            async with asyncio.timeout(WAIT_S):  # a client of a machine that stood still may have come twice
                while (len(here.hall), len(here.gate)) != (7, 4):  # noqa: ASYNC110 - nobody is told
                    await asyncio.sleep(0.01)


async def test_when_the_workers_connection_breaks_its_sessions_go_on_by_their_own() -> None:
    async with doors(sessions=()) as here, at_work(here):
        await three(here)
        async with person(here, "s_0") as ada, person(here, "s_1") as eve:
            for client in (ada, eve):
                await answered(client, "hello")
            (carrier,) = (line for line in here.hall if line.channels is not None)
            carrier.close(1001, "moved")
            for client in (ada, eve):
                await answered(client, "are you there")
                assert not any(who.fault == "crashed" for who in client.state.participants.values())


async def test_a_worker_that_stops_leaves_its_sessions_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legato.agent.engagement.GIVE_BACK_S", WAIT_S)
    async with doors(sessions=()) as here:
        async with at_work(here):
            await three(here)
            async with person(here, "s_0") as ada:
                await answered(ada, "hello")
        async with person(here, "s_0") as ada:
            state = await ada.until(lambda state: len(state.attachments) == 1, WAIT_S)
            assert not state.rights["worker:concierge"].holder
