"""How far a tool and an answer are, as everybody sees it in the log."""

from __future__ import annotations

import asyncio
from typing import Any

from legato.agent.tools import describe
from legato.agent.turn import Turn
from legato.client.running import progress
from legato.session.doing import Doing, doing
from tests.agent.rehearsal import Rehearsal
from tests.agent.test_writing import asked


async def test_a_tool_that_takes_long_says_how_far_it_is() -> None:
    session: Any = asked()
    seen = list[Doing]()
    rehearsal: Rehearsal = session
    done = asyncio.Event()

    async def search(number: int) -> int:
        await progress("Page two", step=2, steps=5, eta_s=30)
        await done.wait()
        return number

    turn = Turn(session, "t", "r", {"search": describe(search, idempotent=True, approval="")})
    work = asyncio.create_task(turn.call("search", number=7))
    await rehearsal.come_to_rest()
    seen.append(doing(rehearsal.state, "p_bot"))
    done.set()
    await rehearsal.come_to_rest()
    seen.append(doing(rehearsal.state, "p_bot"))
    assert await work == 7
    assert seen == [Doing("tool", "Page two", 2, 5, 30_000, "search"), Doing("thinking")]


async def test_an_answer_says_how_far_it_is() -> None:
    session: Any = asked()
    turn = Turn(session, "t", "r", {})
    work = asyncio.create_task(turn.progress("Reading", step=1, steps=3, eta_s=4.5))
    await session.come_to_rest()
    await work
    assert doing(session.state, "p_bot") == Doing("thinking", "Reading", 1, 3, 4_500)


async def test_progress_outside_of_a_tool_says_nothing() -> None:
    session: Any = asked()
    before = len(session.log)
    await progress("nobody hears this")
    await session.come_to_rest()
    assert len(session.log) == before
