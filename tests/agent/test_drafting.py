"""An agent drafts for the person who answers in its place: once a turn, and for no turn that needs none any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

from legato.agent.drafting import Asked, Drafting, OnDraft
from legato.agent.duties import Claim, duties
from legato.session import commands as c
from tests.agent.rehearsal import Rehearsal
from tests.session.talk import ADA, BOT, OPERATOR, WORDS, Talk


class Desk:
    """A session that a person answers, and its agent."""

    def __init__(self, handler: OnDraft | None) -> None:
        talk = Talk()
        talk.do(ADA, c.PostMessage(message="t", parts=WORDS))
        talk.do(OPERATOR, c.TakeOver())
        self.session = Rehearsal(talk)
        session: Any = self.session  # all of a client that is used
        self.drafting = Drafting(session, handler)
        self.tasks: list[asyncio.Task[None]] = []

    async def rest(self) -> list[str]:
        """What is drafted in the end."""
        before = -1
        while self.session.asked or before != self.session.talk.state.offset:
            before = self.session.talk.state.offset
            await self.session.come_to_rest()
            self.look()
            await self.session.breathe()
        return [each.text for each in self.session.talk.state.drafts]

    def look(self) -> None:
        duty = duties(self.session.state, "bot", "p_bot", "w1", Claim(asked=0, had=True))
        for work in self.drafting.due(SimpleNamespace(history=[]), duty.draft):
            self.tasks.append(asyncio.ensure_future(work))


async def echo(asked: Asked) -> str:
    return f"You said {asked.text} in {asked.turn}."


async def words(asked: Asked) -> AsyncIterator[str]:
    for word in ("Word ", "by ", "word. "):
        yield word


async def test_what_the_handler_returns_or_yields_is_offered_once_for_the_turn() -> None:
    desk = Desk(echo)
    assert await desk.rest() == ["You said hello in t."]
    assert await desk.rest() == ["You said hello in t."]
    assert await Desk(words).rest() == ["Word by word."]
    assert await Desk(None).rest() == []


async def test_what_was_dismissed_is_not_drafted_again_and_what_is_said_next_is() -> None:
    desk = Desk(echo)
    await desk.rest()
    desk.session.store(c.DismissDraft(draft="d_1"), by=OPERATOR)
    assert await desk.rest() == []
    desk.session.store(c.PostMessage(message="t2", parts=WORDS), by=ADA)
    assert await desk.rest() == ["You said hello in t2."]


async def test_a_handler_is_stopped_when_its_turn_was_answered() -> None:
    begun: list[str] = []

    async def slow(asked: Asked) -> str:
        begun.append(asked.turn)
        await asyncio.Event().wait()
        return "too late"

    desk = Desk(slow)
    await desk.rest()
    desk.session.store(c.PostMessage(message="m", parts=WORDS), by=OPERATOR)
    assert await desk.rest() == []
    (task,) = desk.tasks
    assert (begun, task.cancelled()) == (["t"], True)


async def test_a_turn_that_is_answered_before_its_handler_begins_is_not_drafted_for() -> None:
    begun: list[str] = []

    async def handler(asked: Asked) -> str:
        begun.append(asked.turn)
        return "too late"

    desk = Desk(handler)
    (work,) = desk.drafting.due(SimpleNamespace(history=[]), "t")
    assert desk.drafting.due(SimpleNamespace(history=[]), "") == []
    await work
    assert begun == []


async def test_a_handler_that_fails_or_says_nothing_leaves_the_session_as_it_is() -> None:
    async def broken(asked: Asked) -> str:
        raise RuntimeError(asked.turn)

    async def silent(_: Asked) -> str:
        return " "

    for handler in (broken, silent):
        desk = Desk(handler)
        assert await desk.rest() == []
        assert [task.exception() for task in desk.tasks] == [None]


async def test_nothing_is_drafted_while_the_agent_answers_itself() -> None:
    desk = Desk(echo)
    desk.session.store(c.HandBack(), by=OPERATOR)
    assert await desk.rest() == []
    assert desk.session.talk.state.responder == "p_bot"
    assert desk.session.talk.refused(BOT, c.OfferDraft(draft="d", text="x")) == "wrong_order"
