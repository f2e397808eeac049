"""Calls that a client runs, as the agent waits for them: over clients that go, and over its own crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from legato.agent.calling import Calls
from legato.agent.tools import Proposed, describe
from legato.errors import ToolFailed
from legato.session import commands as c
from legato.session.actors import Actor
from legato.session.deadlines import fired
from legato.session.presence_rules import attached, closed
from legato.session.state import ToolCall
from tests.agent.rehearsal import Rehearsal
from tests.session.talk import ADA, ALL, OPERATOR, Talk

PHONE = Actor("ada", "user", ALL, attachment="phone")


async def where(city: str) -> dict[str, int]:
    raise NotImplementedError


def session() -> Rehearsal:
    talk = Talk().answering()
    for who in (ADA, PHONE):
        talk.put(attached(talk.state, "ada", who.attachment, 7))
        talk.do(who, c.AnnounceTools(tools=("where",)))
    return Rehearsal(talk)


def calling(session: Any, *, idempotent: bool = False) -> asyncio.Task[Any]:
    tool = describe(where, idempotent=idempotent, approval="", in_doubt="user", runs="client")
    return asyncio.create_task(Calls(session, "t", "r", {"where": tool}).call("where", {"city": "x"}))


def newest(session: Rehearsal) -> ToolCall:
    return [each for each in session.state.transcript() if isinstance(each, ToolCall)][-1]


async def runner_goes(session: Rehearsal) -> None:
    """The phone begins it, and is gone for good."""
    await session.come_to_rest()
    assert session.store(c.StartTool(call=newest(session).id), by=PHONE)
    for make in (lambda: closed(session.talk.state, "phone"), lambda: overdue(session)):
        happen(session, make)
    await session.come_to_rest()


def overdue(session: Rehearsal) -> list[Any]:
    return list(fired(session.talk.state, session.talk.state.time)[0].events)


def happen(session: Rehearsal, make: Callable[[], list[Any]]) -> None:
    events = session.talk.put(make())
    session.log += events
    session._unseen += events


async def test_the_result_is_what_the_client_says_as_the_tool_declares_it() -> None:
    it = session()
    work = calling(it)
    await it.come_to_rest()
    assert (newest(it).runs, newest(it).participant, newest(it).claim_ms) == ("client", "ada", 60_000)
    it.store(c.StartTool(call=newest(it).id), by=PHONE)
    it.store(c.EndTool(call=newest(it).id, result='{"n":"3"}'), by=PHONE)
    await it.come_to_rest()
    assert await work == {"n": 3}


async def test_what_a_client_says_against_the_declaration_is_a_failure() -> None:
    it = session()
    work = calling(it)
    await it.come_to_rest()
    it.store(c.StartTool(call=newest(it).id), by=PHONE)
    it.store(c.EndTool(call=newest(it).id, result='{"n":"three"}'), by=PHONE)
    await it.come_to_rest()
    with pytest.raises(ToolFailed) as failure:
        await work
    assert failure.value.outcome == "failed"


async def test_what_can_be_done_again_is_asked_for_again_under_its_key() -> None:
    it = session()
    work = calling(it, idempotent=True)
    await runner_goes(it)
    assert newest(it).status == "requested"
    first = next(each for each in it.state.transcript() if isinstance(each, ToolCall))
    assert (first.status, first.key) == ("interrupted", newest(it).key)
    it.store(c.StartTool(call=newest(it).id), by=ADA)
    it.store(c.EndTool(call=newest(it).id, result="{}"), by=ADA)
    await it.come_to_rest()
    assert await work == {}


@pytest.mark.parametrize("done", [True, False])
async def test_of_the_rest_a_person_is_asked_whether_it_was_done(done: bool) -> None:
    it = session()
    work = calling(it)
    await runner_goes(it)
    assert (newest(it).unknown, newest(it).approval) == (True, "user")
    it.store(c.DecideTool(call=newest(it).id, approved=False, done=done), by=ADA)
    await it.come_to_rest()
    if done:
        assert await work is None
        return
    with pytest.raises(ToolFailed) as failure:
        await work
    assert failure.value.outcome == "unknown"


async def test_the_next_worker_waits_for_what_a_client_runs_already() -> None:
    it = session()
    work = calling(it)
    await it.come_to_rest()
    it.store(c.StartTool(call=newest(it).id), by=PHONE)
    await it.come_to_rest()
    work.cancel()
    again = calling(it)
    await it.come_to_rest()
    assert sum(isinstance(each, ToolCall) for each in it.state.transcript()) == 1
    it.store(c.EndTool(call=newest(it).id, result="{}"), by=PHONE)
    await it.come_to_rest()
    assert await again == {}


@pytest.mark.parametrize(("amount", "policy", "approval"), [(49, "small", ""), (50, "", "operator")])
async def test_a_policy_says_yes_and_a_person_is_asked_for_the_rest(
    amount: int, policy: str, approval: str
) -> None:
    def small(call: Proposed) -> bool:
        return bool(call.args["amount"] < 50)

    async def pay(amount: int) -> int:
        return amount

    it: Any = session()
    tool = describe(pay, idempotent=False, approval="operator", allow=small, approval_s=2.0)
    work = asyncio.create_task(Calls(it, "t", "r", {"pay": tool}).call("pay", {"amount": amount}))
    await it.come_to_rest()
    assert (newest(it).policy, newest(it).approval) == (policy, approval)
    assert newest(it).approval_ms == (2_000 if approval else 0)
    if approval:
        it.store(c.DecideTool(call=newest(it).id, approved=True), by=OPERATOR)
        await it.come_to_rest()
    assert await work == amount
