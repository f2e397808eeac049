"""Parts of an answer run at once, end with their blocks, and one that is stopped alone costs only itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from legato.agent.tools import describe
from legato.agent.turn import Turn, history_of
from legato.session import commands as c
from legato.session import events as e
from legato.session.state import Message, ToolCall
from tests.agent.rehearsal import Rehearsal
from tests.agent.test_writing import asked
from tests.session.talk import ADA


def answering() -> tuple[Rehearsal, Turn]:
    async def look(number: int) -> int:
        return number

    session: Any = asked()
    return session, Turn(session, "t", "r", {"look": describe(look, idempotent=False, approval="")})


async def rest(session: Rehearsal, work: asyncio.Task[Any]) -> None:
    """Until nothing moves."""
    await session.come_to_rest()
    assert not session.asked
    if work.done():
        await work


def ends(session: Rehearsal) -> list[tuple[str, str]]:
    titles = {event.response: event.title for event in session.log if isinstance(event, e.ResponseStarted)}
    ended = (event for event in session.log if isinstance(event, e.ResponseEnded))
    return [(titles.get(event.response, "whole"), event.outcome) for event in ended]


async def test_parts_at_once_have_words_and_progress_of_their_own_and_are_no_part_of_the_history() -> None:
    session, turn = answering()

    async def one(title: str) -> None:
        async with turn.child(title) as part:
            await part.progress("looking", step=1, steps=2)
            await part.say(f"{title} looked")

    work = asyncio.create_task(asyncio.wait([asyncio.create_task(one(title)) for title in ("a", "b")]))
    await rest(session, work)
    said = [entry for entry in session.state.transcript() if isinstance(entry, Message) and entry.aside]
    assert {(each.aside, each.parts[0].text) for each in said} == {("a", "a looked"), ("b", "b looked")}
    assert sorted(ends(session)) == [("a", "finished"), ("b", "finished")]
    assert [line.text for line in history_of(session.state, "p_bot")] == ["hello"]
    assert turn.children == {}


async def test_a_part_that_is_stopped_alone_leaves_its_block_and_the_answer_goes_on() -> None:
    session, turn = answering()
    never = asyncio.Event()
    after: list[str] = []

    async def work() -> None:
        async with turn.child("slow") as part, part.child("slower"):
            await never.wait()
        after.append("on")

    task = asyncio.create_task(work())
    await session.come_to_rest()
    slow = next(iter(turn.children))
    session.store(c.CancelResponse(response=slow), by=ADA)
    for child in list(turn.children.values()):
        child.stop()
    await rest(session, task)
    assert (after, task.cancelling()) == (["on"], 0)
    assert ends(session) == [("slower", "cancelled"), ("slow", "cancelled")]


async def test_a_part_that_is_stopped_as_it_ends_has_finished_and_the_answer_goes_on() -> None:
    session, turn = answering()
    after: list[str] = []

    async def work() -> None:
        async with turn.child("quick") as part:
            part.stop()
        after.append("on")

    task = asyncio.create_task(work())
    await rest(session, task)
    assert (after, ends(session)) == (["on"], [("quick", "finished")])


async def test_a_part_that_fails_says_so_and_its_error_is_the_handlers() -> None:
    session, turn = answering()

    async def work() -> None:
        async with turn.child("part"):
            raise ValueError("too far")

    task = asyncio.create_task(work())
    await session.come_to_rest()
    with pytest.raises(ValueError, match="too far"):
        await task
    (ended,) = (event for event in session.log if isinstance(event, e.ResponseEnded))
    assert (ended.outcome, ended.reason) == ("failed", "ValueError")


async def test_the_same_call_in_two_parts_is_two_calls() -> None:
    session, turn = answering()

    async def one(title: str) -> None:
        async with turn.child(title) as part:
            assert await part.call("look", number=1) == 1

    work = asyncio.create_task(asyncio.wait([asyncio.create_task(one(title)) for title in ("a", "b")]))
    await rest(session, work)
    calls = [entry for entry in session.state.transcript() if isinstance(entry, ToolCall)]
    assert len({call.key for call in calls}) == 2
    assert [call.status for call in calls] == ["finished", "finished"]
    assert set(session.state.turns["t"].started) == {call.key for call in calls}


async def test_the_words_of_a_part_wait_while_the_answer_is_paused() -> None:
    session, turn = answering()

    async def work() -> None:
        async with turn.child("part") as part:
            session.store(c.PauseResponse(response="r"), by=ADA)
            session.see(99)
            await part.say("a word")

    task = asyncio.create_task(work())
    await session.come_to_rest()
    assert not any(isinstance(event, e.MessageGrown) for event in session.log)
    session.store(c.ContinueResponse(response="r"), by=ADA)
    await rest(session, task)
    assert any(isinstance(event, e.MessageGrown) for event in session.log)
