"""An answer's words come into the log in order and once, however slowly they land; and none comes into a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legato.agent.turn import Turn
from legato.agent.writing import IN_FLIGHT, Writing
from legato.errors import Refused
from legato.session import commands as c
from legato.session import events as e
from legato.session.parts import Part
from legato.session.state import Message
from tests.agent.rehearsal import Rehearsal
from tests.session.talk import ADA, BOT, WORDS, Talk

PAUSE, GO_ON = c.PauseResponse(response="r"), c.ContinueResponse(response="r")
SAY = st.tuples(st.sampled_from(["text", "text", "reasoning"]), st.text("ab ", min_size=1, max_size=4))
STEPS = st.one_of(
    SAY,
    st.just(("end", "")),
    st.tuples(st.just("land"), st.integers(1, 12)),
    st.tuples(st.just("see"), st.integers(1, 12)),
    st.sampled_from([("pause", ""), ("go on", "")]),
)


def asked() -> Rehearsal:
    talk = Talk()
    talk.do(ADA, c.PostMessage(message="t", parts=WORDS))
    talk.do(BOT, c.StartResponse(response="r", turn="t"))
    return Rehearsal(talk)


def written(session: Rehearsal) -> list[tuple[str, str]]:
    """Runs of one kind, message by message, as the log has them."""
    messages = (entry for entry in session.talk.state.transcript() if isinstance(entry, Message))
    return [(part.kind, part.text) for each in messages if each.by == "p_bot" for part in each.parts]


def said(steps: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    runs: list[tuple[str, str]] = []
    for kind, words in steps:
        if kind == "end":
            runs.append(("", ""))
        elif runs and runs[-1][0] == kind:
            runs[-1] = (kind, runs[-1][1] + words)
        else:
            runs.append((kind, words))
    return [run for run in runs if run[0]]


async def handler(writing: Writing, steps: list[tuple[str, Any]], done: list[str]) -> None:
    for kind, words in steps:
        match kind:
            case "text" | "reasoning":
                await writing.add(words, kind)
            case _:
                await writing.end()
        done.append(kind)
    await writing.settle()


async def play(steps: list[tuple[str, Any]]) -> None:
    session = asked()
    writing = Writing(session, "r")  # type: ignore[arg-type]  # all of a client that it uses
    speaking = [step for step in steps if step[0] in ("text", "reasoning", "end")]
    work = asyncio.create_task(handler(writing, speaking, []))
    do: dict[str, Callable[[Any], object]] = {
        "land": session.land,
        "see": session.see,
        "pause": lambda _: session.store(PAUSE, by=ADA),
        "go on": lambda _: session.store(GO_ON, by=ADA),
    }
    for kind, number in steps:
        if kind in do:
            do[kind](number)
        paused = writing.paused
        before = [grow for grow in session.asked if isinstance(grow[0][0], c.GrowMessage)]
        await session.breathe()
        grows = [grow for grow in session.asked if isinstance(grow[0][0], c.GrowMessage)]
        assert len(grows) <= IN_FLIGHT
        assert not paused or grows == before, "nothing leaves into a pause that is seen"
    await session.come_to_rest()
    if session.store(GO_ON, by=ADA):
        await session.come_to_rest()
    await asyncio.wait_for(work, 30)
    assert written(session) == said(speaking)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_words_come_in_order_and_once_and_none_leaves_into_a_pause(steps: list[tuple[str, Any]]) -> None:
    asyncio.run(play(steps))


async def test_what_is_said_faster_than_it_lands_travels_together() -> None:
    session = asked()
    writing = Writing(session, "r")  # type: ignore[arg-type]  # all of a client that it uses
    work = asyncio.create_task(handler(writing, [("text", "x")] * 100, []))
    await session.come_to_rest()
    await work
    grown = [event for event in session.log if isinstance(event, e.MessageGrown)]
    assert "".join(event.text for event in grown) == "x" * 100
    assert len(grown) < 30


async def test_who_says_far_more_than_lands_waits() -> None:
    session = asked()
    writing = Writing(session, "r")  # type: ignore[arg-type]  # all of a client that it uses
    done: list[str] = []
    work = asyncio.create_task(handler(writing, [("text", "x" * 1_000)] * 40, done))
    await session.breathe()
    session.land()
    await session.breathe()
    assert len(done) < 40
    await session.come_to_rest()
    await work
    assert len(done) == 40


async def test_words_of_an_answer_that_was_taken_away_are_refused_and_the_handler_is_told() -> None:
    session = asked()
    writing = Writing(session, "r")  # type: ignore[arg-type]  # all of a client that it uses
    work = asyncio.create_task(handler(writing, [("text", "x")], []))
    await session.breathe()
    session.store(c.EndResponse(response="r", outcome="failed"))
    await session.come_to_rest()
    with pytest.raises(Refused, match="already_ended"):
        await work


async def test_a_whole_part_stands_behind_the_words_before_it() -> None:
    session = asked()
    writing = Writing(session, "r")  # type: ignore[arg-type]  # all of a client that it uses
    steps: list[Awaitable[None]] = [
        writing.add("look ", "text"),
        writing.show(Part("data", "{}")),
        writing.add("here", "text"),
        writing.end(),
    ]

    async def all_of_them() -> None:
        for step in steps:
            await step

    work = asyncio.create_task(all_of_them())
    await session.come_to_rest()
    await work
    assert written(session) == [("text", "look "), ("data", "{}"), ("text", "here")]


async def test_what_waits_is_forgotten_when_the_answer_is_dropped() -> None:
    session = asked()
    writing = Writing(session, "r")  # type: ignore[arg-type]  # all of a client that it uses
    work = asyncio.create_task(handler(writing, [("text", "one ")], []))
    await session.come_to_rest()
    await work
    session.store(PAUSE, by=ADA)
    session.see()
    adding = asyncio.create_task(writing.add("two", "text"))
    await session.breathe()
    adding.cancel()
    await writing.drop()
    session.store(GO_ON, by=ADA)
    await session.come_to_rest()
    assert written(session) == [("text", "one ")]


async def finishing(session: Rehearsal) -> list[tuple[type[c.Command], ...]]:
    """What an answer that is said at once and then finished asks for, before anything of it has landed."""
    turn = Turn(session, "t", "r", {})  # type: ignore[arg-type]  # all of a client that it uses
    await turn.say("All of it.")
    work = asyncio.create_task(turn.finish("finished"))
    await session.breathe()
    asked_for = [tuple(type(command) for command in commands) for commands, _ in session.asked]
    await session.come_to_rest()
    await work
    assert written(session) == [("text", "All of it.")]
    assert session.state.responses == {}
    return asked_for


async def test_the_end_of_an_answer_follows_its_last_words_at_once() -> None:
    assert await finishing(asked()) == [(c.StartMessage, c.GrowMessage), (c.EndResponse,)]


async def test_where_a_budget_may_refuse_the_last_words_the_end_waits_for_them() -> None:
    session = asked()
    session.state.labels["budget_tokens"] = "1000"
    assert await finishing(session) == [(c.StartMessage, c.GrowMessage)]


async def test_last_words_that_are_refused_are_told_though_the_end_has_left() -> None:
    session = asked()
    turn = Turn(session, "t", "r", {})  # type: ignore[arg-type]  # all of a client that it uses
    await turn.say("All of it.")
    work = asyncio.create_task(turn.finish("finished"))
    await session.breathe()
    session.store(c.EndResponse(response="r", outcome="failed"))
    await session.come_to_rest()
    with pytest.raises(Refused, match="already_ended"):
        await work
