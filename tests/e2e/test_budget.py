"""A session's budget stops its agent in mid answer; when an operator raises it, what waited is answered."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiohttp
import pytest

import legato
from legato.session import commands as c
from legato.session.events import BudgetExhausted, BudgetNeared, ResponseEnded
from legato.session.state import Message, State
from signaling.cli.tickets import mint_here, signer_here
from tests.e2e.minting import created, ticket_for
from tests.support.patience import comes
from tests.support.processes import ROOT, folder, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

MANY = 50

spender = legato.Agent("spender")


@spender.on_turn
async def answer(turn: legato.Turn) -> None:
    for _ in range(MANY if turn.text == "much" else 1):
        await turn.say("word ")
        await turn.usage(tokens_out=1)


async def test_an_answer_ends_where_its_budget_does_and_turns_wait_until_it_is_raised() -> None:
    async with folder() as shared:
        data = shared / "data"
        async with running("serve", data=data) as hub, aiohttp.ClientSession() as http:
            signer = await signer_here(data, os.environ)
            session = await created(http, hub.url, signer, agent="spender", budget_tokens="5")
            credential = await mint_here(data, os.environ, agent="spender")
            working = asyncio.create_task(spender.work(hub.url, ticket=credential))
            told: list[object] = []
            operator = ticket_for(signer, session, "p_olga", "operator")
            async with (
                legato.Client(hub.url, ticket=ticket_for(signer, session, "p_ada")) as ada,
                legato.Client(hub.url, ticket=operator) as olga,
            ):
                ada.on.events.append(told.extend)
                await ada.say("much")
                await ada.until(lambda _: any(isinstance(event, ResponseEnded) for event in told), 30)
                (ended,) = (event for event in told if isinstance(event, ResponseEnded))
                assert (ended.outcome, ended.reason) == ("failed", "budget exhausted")
                warned = [event.what for event in told if isinstance(event, BudgetNeared | BudgetExhausted)]
                assert warned == ["tokens", "tokens"]
                assert ada.state.usage is not None
                spent = ada.state.usage.tokens_out
                assert 5 <= spent <= 6, "the word that was on its way is counted, and no other"
                turn = await ada.say("a little")
                await comes(ada, lambda state: turn in state.turns, "her turn")
                await olga.do(c.LabelSession(labels={"budget_tokens": "100"}))
                await ada.until(lambda state: turn not in state.turns, 30)
                assert ada.state.usage.tokens_out == spent + 1
            await tells_the_usage(hub.url, data, session, spent + 1)
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working


counter = legato.Agent("counter")
ENOUGH = asyncio.Event()
"""It counts until then."""


@counter.on_turn
async def count(turn: legato.Turn) -> None:
    for number in itertools.count():
        await turn.say(f"{number} ")
        if ENOUGH.is_set():
            return
        await asyncio.sleep(0.05)


async def test_an_answer_that_nobody_attends_waits_and_goes_on_from_the_same_word_when_somebody_is_back() -> (
    None
):
    async with (
        folder() as shared,
        running("serve", "--budget-unattended", "1", data=shared / "data") as hub,
        aiohttp.ClientSession() as http,
    ):
        data = shared / "data"
        signer = await signer_here(data, os.environ)
        session = await created(http, hub.url, signer, agent="counter")
        credential = await mint_here(data, os.environ, agent="counter")
        working = asyncio.create_task(counter.work(hub.url, ticket=credential))
        ticket = ticket_for(signer, session, "p_ada")
        async with legato.Client(hub.url, ticket=ticket) as ada:
            assert ada.state.labels["budget_unattended"] == "1"
            await ada.say("count")
            await ada.until(lambda state: "3 " in spoken(state), 30)
        async with asyncio.timeout(30):
            while not await waits(http, f"{hub.url}/v1/sessions/{session}", ticket):  # noqa: ASYNC110 - who looks is told nothing
                await asyncio.sleep(0.2)
        async with legato.Client(hub.url, ticket=ticket) as ada:
            before = spoken(ada.state)
            await ada.until(lambda state: len(spoken(state)) > len(before), 30)
            ENOUGH.set()
            await ada.until(lambda state: not state.responses, 30)
            words = spoken(ada.state).split()
            assert words == [str(number) for number in range(len(words))], "no word is lost or said twice"
            assert ada.state.paused == ""
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def waits(http: aiohttp.ClientSession, url: str, ticket: str) -> bool:
    """Whether an answer waits, as somebody sees who only looks."""
    async with http.get(url, headers={"Authorization": f"Bearer {ticket}"}) as answer:
        answer.raise_for_status()
        state = (await answer.json())["state"]
    return bool(state.get("paused")) and not any(each.get("pausing") for each in state["responses"].values())


def spoken(state: State) -> str:
    """What the agent said."""
    entries = [entry for entry in state.transcript() if isinstance(entry, Message) and entry.response]
    return "".join(part.text for entry in entries for part in entry.parts)


async def tells_the_usage(url: str, data: Path, session: str, tokens: int) -> None:
    """`legato usage` has the day and the total, and with `--each` a line for the session."""
    command = (sys.executable, "-m", "signaling", "usage", "--hub", url, "--data", str(data))

    async def told(*more: str) -> dict[str, list[str]]:
        process = await asyncio.create_subprocess_exec(
            *command, *more, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        return {name: row for name, *row in map(str.split, out.decode().splitlines())}

    wanted = ["0", str(tokens), "0", "0"]
    async with asyncio.timeout(30):
        while (await told())["total"] != wanted:  # noqa: ASYNC110 — another process counts
            await asyncio.sleep(0.1)
        while session not in (rows := await told("--each")):  # noqa: ASYNC110 — the index follows the session
            await asyncio.sleep(0.1)
    assert rows[session] == rows["total"] == wanted
    assert (await told("--to", "2020-01-01"))["total"] == ["0"] * 4


async def test_a_node_that_is_killed_in_the_middle_leaves_totals_that_are_the_sum_over_the_sessions() -> None:
    async with folder() as shared:
        data = shared / "data"
        async with running("serve", data=data) as hub, aiohttp.ClientSession() as http:
            signer = await signer_here(data, os.environ)
            credential = await mint_here(data, os.environ, agent="spender")
            working = asyncio.create_task(spender.work(hub.url, ticket=credential))
            sessions = [await created(http, hub.url, signer, agent="spender") for _ in range(3)]
            async with AsyncExitStack() as stack:
                people = [
                    await stack.enter_async_context(
                        legato.Client(hub.url, ticket=ticket_for(signer, session, "p_ada"))
                    )
                    for session in sessions
                ]
                turns = [await each.say("much") for each in people]
                await people[0].until(
                    lambda state: state.usage is not None and state.usage.tokens_out > 5, 30
                )
                node = await hub.kill("node")
                await hub.replaced("node", node)
                for person, turn in zip(people, turns, strict=True):
                    await person.until(lambda state, turn=turn: turn not in state.turns, 60)  # type: ignore[misc]
                spent = sum(each.state.usage.tokens_out for each in people if each.state.usage is not None)
                assert spent >= len(people) * MANY
                bearer = {"Authorization": f"Bearer {ticket_for(signer, '*', 'p_boss', 'supervisor')}"}
                counted = -1
                async with asyncio.timeout(30):
                    while counted != spent:
                        assert counted < spent
                        async with http.get(f"{hub.url}/v1/usage", headers=bearer) as answer:
                            counted = sum(day["tokens_out"] for day in (await answer.json())["days"])
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
