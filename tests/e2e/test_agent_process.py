"""An agent's process dies or freezes in mid answer: what people are told, who goes on, and what a zombie may not do."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

import legato
from legato.session.state import Message, State
from signaling.demo import brain
from tests.checker.chronicle import at_socket
from tests.checker.history import load
from tests.e2e.recorded import Run, quiet, recorded
from tests.e2e.test_kills import asks, finished
from tests.support.patience import PATIENCE_S, comes
from tests.support.processes import ROOT, Tree, folder, invited, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[Tree, Run, legato.Client, Path]]:
    """A demo and one person in it, who has been greeted: who asks sooner may find the greeting beside the answer."""
    async with folder() as records:
        path = f"{ROOT}:{Path(__file__).parent.parent / 'support' / 'recorded_agent'}"
        async with (
            running("demo", LEGATO_RECORD=str(records), PYTHONPATH=path) as hub,
            aiohttp.ClientSession() as http,
        ):
            me = await invited(http, hub.url)
            socket = hub.folder / "store" / "store.sock"
            async with recorded(records, [hub.url], me.session, hub.folder, lambda: at_socket(socket)) as run:
                ada = await run.client("ada", me.ticket)
                await comes(ada, lambda state: bool(state.entries) and quiet(state), "the greeting")
                yield hub, run, ada, records


def spoken(state: State) -> str:
    """The words of the open message, if one is."""
    return "".join(part.text for message in state.open_messages() for part in message.parts)


async def test_an_agent_killed_in_mid_answer_is_told_and_the_next_answers_once() -> None:
    async with talking() as (hub, run, ada, _):
        turn = await asks(ada, "tell me a story")
        await comes(ada, lambda state: len(spoken(state)) > 60, "60 characters of the story")
        old = await hub.kill("agent")
        run.gone.add(f"agent-{old}")
        await hub.replaced("agent", old)
        await finished(ada, turn)
        entries = await run.judge(await run.at_rest())
        run.agree_on_texts()
        kinds = [entry.event["type"] for entry in entries]
        assert kinds.index("agent_unreachable") < kinds.index("agent_crashed")
        assert run.outcomes() == ["interrupted", "finished"]
        greeting, cut, whole = [
            entry for entry in ada.state.transcript() if isinstance(entry, Message) and entry.response
        ]
        assert greeting.parts[0].text == brain.WELCOME
        assert (cut.status, whole.status) == ("interrupted", "finished")
        assert whole.parts[0].text.startswith(cut.parts[0].text[:60])


async def test_a_frozen_agent_whose_right_was_taken_over_writes_no_word_more() -> None:
    async with talking() as (hub, run, ada, records):
        turn = await asks(ada, "tell me a story")
        zombie = await hub.send("agent", signal.SIGSTOP)
        run.gone.add(f"agent-{zombie}")
        await ada.until(lambda state: turn in {each.id for each in state.waiting_turns()}, timeout=20)
        fresh = await newcomer(hub)
        await finished(ada, turn)
        after = ada.state.offset
        history = records / f"agent-{zombie}.jsonl"
        known = len(load([history]))
        os.kill(zombie, signal.SIGCONT)
        await back(history, known)
        turn = await asks(ada, "hello")
        await finished(ada, turn)
        entries = await run.judge(await run.at_rest())
        run.agree_on_texts()
        assert after < len(entries)
        assert run.outcomes() == ["interrupted", "finished", "finished"]
        fresh.kill()
        await asyncio.wait_for(fresh.wait(), PATIENCE_S)


async def newcomer(hub: Tree) -> asyncio.subprocess.Process:
    """A second process of the same agent, with the environment of the first (its ticket, its recorder)."""
    pid = await hub.pid("agent")
    raw = await asyncio.to_thread(Path(f"/proc/{pid}/environ").read_bytes)
    words = await asyncio.to_thread(Path(f"/proc/{pid}/cmdline").read_bytes)
    pairs = [each.partition("=") for each in raw.decode().split("\0") if each]
    return await asyncio.create_subprocess_exec(
        *words.decode().split("\0")[:-1],
        cwd=ROOT,
        env={name: value for name, _, value in pairs},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )


async def back(history: Path, known: int) -> None:
    """Wait until the zombie tried to go on, or came back and learned that it lost the session."""
    async with asyncio.timeout(20):
        while True:
            if len(load([history])) > known:
                return
            await asyncio.sleep(0.05)  # another process's file: nothing else says that it grew
