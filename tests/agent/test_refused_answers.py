"""An answer of which something was refused has an end, and so does what it called: the agent goes on answering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from legato.agent.calling import RESULT_TOO_LONG
from legato.agent.engagement import Engagement, Handlers, OnTurn
from legato.agent.tools import Tool, ToolFunction, describe
from legato.agent.turn import Turn
from legato.errors import Refused, Superseded, ToolFailed
from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.commands import Refusal
from legato.session.parts import Part
from legato.session.state import Message
from tests.agent.rehearsal import Rehearsal
from tests.agent.test_yielded import Attached
from tests.session.talk import ADA, BOT, WORDS, Talk


def ask(session: Rehearsal, turn: str) -> None:
    assert session.store(c.PostMessage(message=turn, parts=WORDS), by=ADA)


@asynccontextmanager
async def at_work(on_turn: OnTurn, *functions: ToolFunction) -> AsyncIterator[tuple[Attached, Engagement]]:
    """A session with the agent in it."""
    session: Any = Attached(Talk())
    tools: dict[str, Tool] = {
        each.__name__: describe(each, idempotent=False, approval="") for each in functions
    }
    engagement = Engagement(session, "bot", "w1", Handlers(on_turn=on_turn, tools=tools))
    working = asyncio.create_task(engagement.run())
    await session.come_to_rest()
    yield session, engagement
    assert not working.done()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


def ends(session: Rehearsal) -> list[tuple[str, str, str]]:
    """What ended otherwise than it should, and how."""
    kinds = (e.ToolEnded, e.MessageEnded, e.ResponseEnded)
    ended = (event for event in session.log if isinstance(event, kinds))
    return [(each.type, each.outcome, each.reason) for each in ended if each.outcome != "finished"]


def answered(session: Rehearsal) -> list[str]:
    """What the agent said that is whole."""
    said = (each for each in session.talk.state.entries.values() if isinstance(each, Message))
    return ["".join(part.text for part in each.parts) for each in said if each.by == "p_bot"]


# long: two turns, and what the log says of each
async def test_a_result_that_is_too_long_fails_its_call_and_its_answer_and_the_next_turn_is_answered() -> (
    None
):
    async def read() -> str:
        return "x" * 20_000

    async def answer(turn: Turn) -> None:
        if turn.id == "t1":
            await turn.call("read")
        await turn.say("here")

    async with at_work(answer, read) as (session, _):
        ask(session, "t1")
        await session.come_to_rest()
        assert ends(session) == [
            ("tool_ended", "failed", RESULT_TOO_LONG),
            ("response_ended", "failed", "ToolFailed"),
        ]
        ask(session, "t2")
        await session.come_to_rest()
        assert answered(session) == ["here"]
        assert session.talk.state.responses == {}


async def test_an_author_who_heeds_the_failure_answers_all_the_same() -> None:
    async def read() -> str:
        return "x" * 20_000

    async def odd() -> object:
        return object()  # no JSON says it

    async def answer(turn: Turn) -> None:
        for name in ("read", "odd"):
            with pytest.raises(ToolFailed, match="failed"):
                await turn.call(name)
        await turn.say("without it")

    async with at_work(answer, read, odd) as (session, _):
        ask(session, "t1")
        await session.come_to_rest()
        assert [end[:2] for end in ends(session)] == [("tool_ended", "failed")] * 2
        assert answered(session) == ["without it"]


async def test_arguments_that_are_too_long_fail_before_anybody_is_asked() -> None:
    async def write(words: str) -> None:
        raise AssertionError(words)

    async def answer(turn: Turn) -> None:
        with pytest.raises(ToolFailed, match="arguments"):
            await turn.call("write", words="x" * 100_000)
        await turn.say("it is too much")

    async with at_work(answer, write) as (session, _):
        ask(session, "t1")
        await session.come_to_rest()
        assert not any(isinstance(event, e.ToolRequested) for event in session.log)
        assert answered(session) == ["it is too much"]


@pytest.mark.parametrize(
    "words", ["x" * 100_000, "\N{SPEAKING HEAD IN SILHOUETTE}" * 20_000, "\x01" * 20_000]
)
async def test_words_too_long_for_one_delta_leave_in_several(words: str) -> None:
    async def answer(turn: Turn) -> None:
        await turn.say(words)

    async with at_work(answer) as (session, _):
        ask(session, "t1")
        await session.come_to_rest()
        assert answered(session) == [words]
        assert ends(session) == []
        assert max(map(limits.weight, session.log)) < limits.EVENT_BYTES


async def test_an_answer_longer_than_a_message_may_be_fails_and_the_session_is_never_deaf() -> None:
    async def answer(turn: Turn) -> None:
        await turn.say("x" * 400_000 if turn.id != "last" else "still here")

    async with at_work(answer) as (session, _):
        for number in range(limits.OPEN_RESPONSES + 1):
            ask(session, f"t{number}")
            await session.come_to_rest()
        failed = [end for end in ends(session) if end[0] == "response_ended"]
        assert failed == [("response_ended", "failed", "too large")] * (limits.OPEN_RESPONSES + 1)
        ask(session, "last")
        await session.come_to_rest()
        assert answered(session)[-1] == "still here"


async def test_a_part_that_is_too_large_fails_the_answer() -> None:
    async def answer(turn: Turn) -> None:
        await turn.show(Part("data", "x" * (limits.PART_BYTES + 1)))

    async with at_work(answer) as (session, _):
        ask(session, "t1")
        await session.come_to_rest()
        assert ends(session)[-1] == ("response_ended", "failed", "too large")


async def test_a_greeting_is_cut_into_deltas_and_one_that_is_refused_ends() -> None:
    async def answer(turn: Turn) -> None:
        await turn.say("here")

    async with at_work(answer) as (session, engagement):
        long = asyncio.create_task(engagement.greet("x" * 100_000))
        await session.come_to_rest()
        await long
        assert answered(session) == ["x" * 100_000]
        longer = asyncio.create_task(engagement.greet("x" * 400_000))
        await session.come_to_rest()
        with pytest.raises(Refused, match="too_large"):
            await longer
        assert ends(session)[-1] == ("response_ended", "failed", "too large")


async def test_what_nobody_works_at_any_more_is_cancelled_when_somebody_stops_it() -> None:
    async def answer(turn: Turn) -> None:
        await turn.say("here")

    async with at_work(answer) as (session, _):
        session.store(c.StartResponse(response="left"), by=BOT)
        await session.come_to_rest()
        session.store(c.CancelResponse(response="left"), by=ADA)
        await session.come_to_rest()
        assert ends(session) == [("response_ended", "cancelled", "")]
        assert not session.talk.state.responses


async def test_who_lost_the_session_ends_nothing_in_it() -> None:
    begun = asyncio.Event()

    async def answer(turn: Turn) -> None:
        begun.set()
        raise Superseded(Refusal("stale_token"))

    async with at_work(answer) as (session, _):
        ask(session, "t1")
        await session.come_to_rest()
        assert begun.is_set()
        assert ends(session) == []
