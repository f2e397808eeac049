"""A store that loses its tail, hangs, or forgets everything, under two nodes and people who type.

The nodes reach the store through an address that an operator switches (`Address`); the replica's link goes through
a proxy that blackholes it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

import legato
from hub.keys.signer import TicketSigner
from legato.session import commands as c
from legato.session.state import Message, State
from signaling.cli.tickets import mint_here, signer_here
from tests.checker.chronicle import at_socket
from tests.e2e.minting import created, ticket_for
from tests.e2e.recorded import Run, recorded
from tests.support.processes import Tree, folder, running
from tests.support.proxy import TcpProxy
from tests.support.stores import SERVERS, Server
from tests.support.stores import running as store_running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
PATIENCE_S: Final = 30.0


@dataclass
class House:
    """Two nodes on one store behind an address that can be switched. `serving` is who serves now."""

    address: TcpProxy
    serving: Server
    nodes: list[Tree]
    data: Path
    session: str
    signer: TicketSigner
    run: Run
    agents: list[asyncio.Task[None]] = field(default_factory=list)

    def switch(self, server: Server) -> None:
        """The address leads to another server from here on; open connections are reset."""
        self.serving = server
        self.address.port_there = server.port
        self.address.cut()

    async def person(self, name: str, node: int) -> legato.Client:
        """Somebody who comes to that node first."""
        urls = [self.nodes[node].url, self.nodes[1 - node].url]
        return await self.run.client(name, ticket_for(self.signer, self.session, name), *urls)

    def agent(self, work: legato.Agent, ticket: str) -> None:
        """An agent of this process, at both nodes."""
        urls = [node.url for node in self.nodes]
        self.agents.append(asyncio.create_task(work.work(urls, ticket=ticket)))


@asynccontextmanager
async def house(primary: Server) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        shared = await stack.enter_async_context(folder())
        records = await stack.enter_async_context(folder())
        data = shared / "data"
        address = await stack.enter_async_context(TcpProxy("127.0.0.1", primary.port))
        url = f"redis://127.0.0.1:{address.port}"
        nodes = [
            await stack.enter_async_context(running("node", "--redis", url, data=data)) for _ in range(2)
        ]
        signer = await signer_here(data, os.environ)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        session = await created(http, nodes[0].url, signer, agent="echo")
        holder: list[House] = []

        def store() -> Any:
            return at_socket(holder[0].serving.path if holder else primary.path)

        run = await stack.enter_async_context(
            recorded(records, [node.url for node in nodes], session, data, store)
        )
        here = House(address, primary, nodes, data, session, signer, run)
        holder.append(here)
        stack.push_async_callback(dismissed, here)
        yield here


async def dismissed(here: House) -> None:
    """End the agents of this process."""
    for task in here.agents:
        task.cancel()
    await asyncio.gather(*here.agents, return_exceptions=True)


@pytest.fixture(params=SERVERS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which server."""
    return str(request.param)


def echo() -> legato.Agent:
    """An agent that says what it heard, word by word."""
    agent = legato.Agent("echo")

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        for word in turn.text.split():
            await turn.say(word + " ")

    return agent


async def typed(client: legato.Client, words: Sequence[str]) -> str:
    """A message that grows, each word acknowledged; the level that the acks name."""
    message, level = client.new_id("m"), ""
    await client.do(c.StartMessage(message=message))
    for index, word in enumerate(words):
        level = await client.do(c.GrowMessage(message=message, index=index, text=word + " "))
    await client.do(c.EndMessage(message=message))
    return level


def losses_told_to(client: legato.Client) -> list[tuple[int, int]]:
    """The first and last offsets of each loss that the client is told of from here on."""
    told: list[tuple[int, int]] = []
    client.on.lost.append(lambda first, last: told.append((first, last)))
    return told


async def promoted(replica: Server) -> None:
    """Make a primary of it."""
    admin = replica.admin()
    await admin.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
    await admin.aclose()


def gone(turn: str, state: State) -> bool:
    """The turn was answered."""
    return turn not in state.turns


def answered(state: State) -> bool:
    """No turn is open."""
    return not state.turns and not state.responses


def spoken(state: State) -> str:
    """Every word of the transcript."""
    entries = [entry for entry in state.transcript() if isinstance(entry, Message)]
    return "|".join(part.text for entry in entries for part in entry.parts)


async def caught_up(primary: Server, replica: Server, session: str) -> None:
    """Wait until the replica has the primary's log."""
    one, other = primary.admin(), replica.admin()
    name = f"legato:1:{{main/{session}}}:log"
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if await one.xlen(name) == await other.xlen(name):
                    return
                await asyncio.sleep(0.02)  # a replica says nothing when it has caught up
    finally:
        await one.aclose()
        await other.aclose()


async def test_a_promoted_replica_without_the_tail_is_told_to_everybody_exactly(kind: str) -> None:
    replication = ("--repl-diskless-sync-delay", "0")
    with store_running(kind, *replication) as primary:
        async with TcpProxy("127.0.0.1", primary.port) as link, house(primary) as here:
            with store_running(kind, "--replicaof", f"127.0.0.1 {link.port}") as replica:
                here.agent(echo(), await mint_here(here.data, os.environ, agent="echo"))
                ada, bob = await here.person("ada", 0), await here.person("bob", 1)
                told = [losses_told_to(ada), losses_told_to(bob)]
                await ada.say("before the cut")
                await ada.until(answered, PATIENCE_S)
                await here.run.at_rest()
                await caught_up(primary, replica, here.session)
                survived = ada.state.offset
                link.blackhole()
                level = await typed(ada, [f"lost{index}" for index in range(20)])
                assert level in ("buffered", "memory")
                await bob.until(lambda state: state.offset >= ada.state.offset, PATIENCE_S)
                await typed(bob, [f"gone{index}" for index in range(20)])
                await here.run.chronicle.read()
                await asyncio.to_thread(primary.kill)
                await promoted(replica)
                here.switch(replica)
                await ada.until(lambda _: bool(told[0]), PATIENCE_S)
                await bob.until(lambda _: bool(told[1]), PATIENCE_S)
                turn = await bob.say("after the promotion")
                await bob.until(lambda state: turn not in state.turns, PATIENCE_S)
                entries = await here.run.judge(await here.run.at_rest())
                here.run.agree_on_texts()
                assert {first for ranges in told for first, _ in ranges} == {survived + 1}
                reopened = [entry for entry in entries if entry.event["type"] == "log_reopened"]
                assert len(reopened) == 1
                held = here.run.chronicle.lost
                assert held, "something was lost"
                words = "".join(str(entry.event.get("text", "")) for entry in entries)
                for index in range(20):
                    assert f"lost{index} " in words, "sent again"
                    assert f"gone{index} " in words, "sent again"
                grants = [entry for entry in entries if entry.event["type"] == "right_granted"]
                granted = [grant.offset for grant in grants if grant.event["right"] == "worker:echo"]
                assert granted[-1] > reopened[0].offset, "the token was void: the agent accepted anew"


async def test_a_store_that_hangs_for_five_seconds_loses_nothing_and_no_right(kind: str) -> None:
    with store_running(kind) as server:
        async with house(server) as here:
            here.agent(echo(), await mint_here(here.data, os.environ, agent="echo"))
            ada, bob = await here.person("ada", 0), await here.person("bob", 1)
            await ada.say("before the store hangs")
            await ada.until(answered, PATIENCE_S)
            assert server.process is not None
            os.kill(server.process.pid, signal.SIGSTOP)
            try:
                saying = [asyncio.create_task(each.say("while it hangs")) for each in (ada, bob)]
                await asyncio.sleep(5)  # the fault itself
            finally:
                os.kill(server.process.pid, signal.SIGCONT)
            turns = await asyncio.wait_for(asyncio.gather(*saying), PATIENCE_S)
            for turn in turns:
                await ada.until(partial(gone, turn), PATIENCE_S)
            entries = await here.run.judge(await here.run.at_rest())
            kinds = [entry.event["type"] for entry in entries]
            assert "agent_crashed" not in kinds, "no lease was lost"
            assert "log_reopened" not in kinds
            assert here.run.outcomes() == ["finished"] * 3


async def forgets(server: Server) -> None:
    """FLUSHALL."""
    admin = server.admin()
    await admin.flushall()
    await admin.aclose()


async def kept(here: House) -> None:
    """Wait until the vault has something of the session."""
    manifest = here.data / "vault" / "main" / here.session / "manifest"
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(manifest.exists):  # noqa: ASYNC110 - the vault tells nobody
            await asyncio.sleep(0.1)


async def test_what_a_store_forgot_comes_back_from_the_vault_and_the_rest_is_named(kind: str) -> None:
    with store_running(kind) as server:
        async with house(server) as here:
            here.agent(echo(), await mint_here(here.data, os.environ, agent="echo"))
            ada, bob = await here.person("ada", 0), await here.person("bob", 1)
            told = [losses_told_to(ada), losses_told_to(bob)]
            await ada.say("before everything is forgotten")
            await ada.until(answered, PATIENCE_S)
            await kept(here)
            await typed(ada, [f"lost{index}" for index in range(20)])
            await bob.until(lambda state: state.offset >= ada.state.offset, PATIENCE_S)
            newest = ada.state.offset
            await forgets(server)
            turn = await ada.say("is anybody there?")
            await ada.until(partial(gone, turn), PATIENCE_S)
            await bob.until(lambda _: bool(told[1]), PATIENCE_S)
            for ranges in told:
                assert ranges[0][0] <= newest
                assert ranges[0][1] >= newest
            # What was there, what was sent again, and what came after, for somebody who comes now.
            carl = await here.person("carl", 1)
            await carl.until(partial(gone, turn), PATIENCE_S)
            await carl.until(lambda state: spoken(state) == spoken(ada.state), PATIENCE_S)
            words = spoken(carl.state)
            for each in ("before everything is forgotten", "is anybody there?", "lost0 ", "lost19 "):
                assert words.count(each) >= 1, each
            assert len(carl.state.reopened) == 1


async def test_what_a_store_forgot_and_no_vault_has_is_gone_and_said_to_be(kind: str) -> None:
    with store_running(kind) as server:
        async with house(server) as here:
            ada = await here.person("ada", 0)
            await forgets(server)
            with pytest.raises((legato.Refused, legato.SessionClosed)) as told:
                await asyncio.wait_for(ada.say("is anybody there?"), PATIENCE_S)
            if isinstance(told.value, legato.Refused):
                assert told.value.refusal.reason == "session_erased"
            with pytest.raises(legato.SessionClosed) as closed:
                await here.person("bob", 1)
            assert closed.value.code == 4010
