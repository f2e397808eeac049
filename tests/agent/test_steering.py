"""Whatever people ask of an answer, and however late the agent sees it: each request is answered once, and truly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legato.agent.duties import Claim, duties
from legato.agent.steering import NO_DIRECTIONS, STEERED, OnSteer, Steering
from legato.agent.turn import Turn
from legato.errors import Refused
from legato.session import commands as c
from legato.session import events as e
from tests.agent.rehearsal import Rehearsal
from tests.agent.test_writing import asked
from tests.session.talk import ADA, OPERATOR

STEPS = st.one_of(
    st.tuples(st.just("say"), st.text("ab", min_size=1, max_size=3)),
    st.tuples(st.just("land"), st.integers(1, 6)),
    st.tuples(st.just("see"), st.integers(1, 6)),
    st.tuples(st.sampled_from(["pause", "go on", "steer"]), st.sampled_from([ADA, OPERATOR])),
)
ASKS: dict[str, c.Command] = {
    "pause": c.PauseResponse(response="r"),
    "go on": c.ContinueResponse(response="r"),
    "steer": c.SteerResponse(response="r", text="shorter"),
}


class Answer:
    """An answer in progress, and what its agent does about what is asked of it."""

    def __init__(self, on_steer: OnSteer | None) -> None:
        self.session: Rehearsal = asked()
        session: Any = self.session  # all of a client that they use
        self.turn = Turn(session, "t", "r", {})
        self.steering = Steering(session, on_steer)
        self.steering.begun("r", self.turn)
        self.tasks: list[asyncio.Task[None]] = []

    async def look(self) -> None:
        """The agent looks at what it sees, as often as it likes, and works."""
        for _ in range(2):
            duty = duties(self.session.state, "bot", "p_bot", "w1", Claim(asked=0, had=True))
            for work in self.steering.due(duty):
                self.tasks.append(asyncio.create_task(_unless_refused(work)))
        await self.session.breathe()

    async def rest(self) -> None:
        before = -1
        while self.session.asked or before != self.session.talk.state.offset:
            before = self.session.talk.state.offset
            await self.session.come_to_rest()
            await self.look()

    def answers(self, asked: str) -> list[e.SteeringAnswered]:
        said = [event for event in self.session.log if isinstance(event, e.SteeringAnswered)]
        return [event for event in said if event.asked == asked]


async def _unless_refused(work: Awaitable[None]) -> None:
    with suppress(
        Refused
    ):  # who went on before the pause was answered is answered for going on, or for pausing anew
        await work


async def play(steps: list[tuple[str, Any]]) -> None:
    given: list[str] = []

    async def on_steer(turn: Turn, words: str) -> str | None:
        given.append(words)
        return None

    answer = Answer(on_steer)
    session, spoken = answer.session, [words for kind, words in steps if kind == "say"]

    async def speak() -> None:
        for words in spoken:
            await answer.turn.say(words)

    speaking = asyncio.create_task(speak())
    for kind, detail in steps:
        if kind in ASKS:
            session.store(ASKS[kind], by=detail)
        elif kind == "land":
            session.land(detail)
        elif kind == "see":
            session.see(detail)
        await answer.look()
    await answer.rest()
    judge(session, given)
    session.store(ASKS["go on"], by=ADA)
    await answer.rest()
    await speaking
    assert "".join(event.text for event in session.log if isinstance(event, e.MessageGrown)) == "".join(
        spoken
    )


def judge(session: Rehearsal, given: list[str]) -> None:
    response = session.talk.state.responses["r"]
    assert (response.steer, response.pausing) == ("", ""), "nothing that was asked is unanswered"
    steered = [e for e in session.log if getattr(e, "asked", "") == "steer"]
    assert [event.type for event in steered] == ["steering_requested", "steering_answered"] * len(given)
    waits = False
    for event in session.log:
        if isinstance(event, e.SteeringAnswered) and event.asked == "pause":
            waits = True
        elif isinstance(event, e.SteeringRequested) and event.asked != "steer":
            waits = False
        assert not (waits and isinstance(event, e.MessageGrown)), "not a word after it said that it paused"


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_each_request_is_answered_once_and_no_word_follows_an_answered_pause(
    steps: list[tuple[str, Any]],
) -> None:
    asyncio.run(play(steps))


async def test_an_agent_without_a_hook_says_that_it_takes_no_directions() -> None:
    answer = Answer(None)
    answer.session.store(ASKS["steer"], by=ADA)
    await answer.rest()
    (said,) = answer.answers("steer")
    assert (said.done, said.detail) == (False, NO_DIRECTIONS)


@pytest.mark.parametrize("detail", [None, "x" * 900])
async def test_what_the_author_says_was_done_is_told_to_everybody(detail: str | None) -> None:
    async def on_steer(turn: Turn, words: str) -> str | None:
        return detail

    answer = Answer(on_steer)
    answer.session.store(ASKS["steer"], by=ADA)
    await answer.rest()
    (said,) = answer.answers("steer")
    assert (said.done, said.detail) == (True, STEERED if detail is None else "x" * 200)


async def test_a_hook_that_fails_costs_the_direction_and_not_the_answer() -> None:
    async def on_steer(turn: Turn, words: str) -> str | None:
        raise ValueError(words)

    answer = Answer(on_steer)
    answer.session.store(ASKS["steer"], by=ADA)
    await answer.rest()
    (said,) = answer.answers("steer")
    assert (said.done, said.detail) == (False, "it failed: ValueError")
    assert "r" in answer.session.talk.state.responses


async def test_what_is_asked_of_an_answer_that_is_over_is_not_taken_up() -> None:
    answer = Answer(None)
    answer.session.store(ASKS["steer"], by=ADA)
    answer.steering.ended("r")
    await answer.rest()
    assert answer.answers("steer") == []
