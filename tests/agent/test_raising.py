"""Whatever an author's handler raises, in one of a worker's sessions: that one goes on, and so do all others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest

from legato.agent.engagement import Engagement, Handlers
from legato.agent.turn import Turn
from legato.errors import Refused, RequestFailed, SessionClosed
from legato.session import commands as c
from legato.session import events as e
from legato.session.commands import Refusal
from legato.wire import down as d
from tests.agent.test_refused_answers import answered, ask
from tests.agent.test_worker import PATIENCE_S, Work, at_work
from tests.agent.test_yielded import Attached
from tests.session.talk import OPERATOR, Talk

FIRST, SECOND = "s_1", "s_2"


class Room(Attached):
    """A session that tells of its events, too, those of the hub's as well."""

    attached: Any = SimpleNamespace(participant="p_bot", accepted=1)

    def happen(self, *events: e.Event) -> None:
        self.talk.put(list(events))
        self.log += events
        self._unseen += events

    def see(self, most: int = 1) -> None:
        coming = tuple(islice(self._unseen, most))
        super().see(most)
        for told in self.on.events:
            told(coming)


class Rooms(Work):
    """What the worker does with the sessions that it is offered."""

    def __init__(self, handlers: Handlers) -> None:
        super().__init__()
        self.handlers = handlers
        self.rooms = {FIRST: Room(Talk()), SECOND: Room(Talk())}
        self.ended: list[str] = []

    async def engaged(self, offered: d.Offered) -> None:
        room: Any = self.rooms[offered.session]  # all of a client that is used
        self.begun.put_nowait((offered.offer, asyncio.get_running_loop().create_future()))
        try:
            await Engagement(room, "bot", "w1", self.handlers).run()
        finally:
            self.ended.append(offered.session)


def comes(room: Room) -> None:
    room.happen(e.ParticipantJoined(by="eve", participant="eve", role="user"))


def opens(room: Room) -> None:
    room.happen(e.AttachmentOpened(by="ada", attachment="tab", participant="ada"))


def calls(room: Room) -> None:
    opens(room)
    room.happen(e.VoiceStarted(by="hub", attachment="tab", call="k", track="mic"))


def whispers(room: Room) -> None:
    assert room.store(c.Whisper(text="be kind"), by=OPERATOR)


PROVOKED: dict[str, Callable[[Room], None]] = {
    "on_join": comes,
    "on_voice": calls,
    "on_whisper": whispers,
    "on_silence": opens,
    "on_audience": opens,
    "on_event": comes,
}
PROBLEMS = [
    KeyError("name"),
    RequestFailed(0, "unavailable"),
    Refused(Refusal("not_allowed")),
    SessionClosed(4004, "another one"),
    ExceptionGroup("several", [ValueError("one")]),
]


async def answer(turn: Turn) -> None:
    await turn.say("here")


async def unlike(*_: object, of_another_shape: str) -> None:
    """It cannot even be called."""


async def provoke(hook: str, handler: object, caplog: pytest.LogCaptureFixture) -> None:
    """The handler fails in the first of two sessions; a turn in each is answered all the same."""
    work = Rooms(Handlers(on_turn=answer, silence_s=0.01, **{hook: handler}))  # type: ignore[arg-type]
    caplog.set_level(logging.INFO, "legato.agent")
    async with at_work(work=work) as (hub, _), asyncio.timeout(PATIENCE_S):
        for session in (FIRST, SECOND):
            await hub.offer(f"o_{session}", session)
            await work.next()
            await work.rooms[session].come_to_rest()
        caplog.clear()
        PROVOKED[hook](work.rooms[FIRST])
        while not caplog.records and not work.ended:
            await work.rooms[FIRST].come_to_rest()
        for room in work.rooms.values():
            ask(room, "t")
            while not answered(room) and not work.ended:
                await room.come_to_rest()
        assert [answered(room) for room in work.rooms.values()] == [["here"], ["here"]]
        assert work.ended == []


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
@pytest.mark.parametrize("hook", PROVOKED)
async def test_a_handler_that_raises_costs_no_session(
    hook: str, problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(session: Engagement, *_: object) -> None:
        raise problem

    await provoke(hook, fail, caplog)


@pytest.mark.parametrize("hook", PROVOKED)
async def test_a_handler_that_cannot_be_called_costs_no_session(
    hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    await provoke(hook, unlike, caplog)
