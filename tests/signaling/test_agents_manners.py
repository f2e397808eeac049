"""An agent greets who comes, asks into a silence, asks for a person, heeds what an operator whispers, and may end the
session: through the real doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import legato
from hub.store.promise import SessionKey
from legato.session import commands as c
from legato.session.state import State, ToolCall
from tests.signaling.doors import WAIT_S, Doors, doors

KEY = SessionKey("main", "s_manners")


async def read() -> str:
    """All of it."""
    return "x" * 100_000


def polite(silence_s: float) -> legato.Agent:
    """It asks into a silence of that length."""
    agent = legato.Agent("concierge")
    agent.tool(read)

    @agent.on_join
    async def welcome(session: legato.Engagement, participant: str, returning: bool, away: float) -> None:
        await session.greet(f"welcome {participant} {returning}", once=f"welcome {participant}")

    @agent.on_silence(after=silence_s)
    async def ask(session: legato.Engagement, after: float) -> None:
        await session.greet("are you there?", once="there")

    @agent.on_whisper
    async def heed(session: legato.Engagement, words: str) -> None:
        await session.greet(f"as I am told: {words}")

    @agent.on_audience
    async def seen(session: legato.Engagement, audience: tuple[legato.Attendee, ...]) -> None:
        who = {each.participant: each.attentive for each in audience}
        if (
            who.get("p_ada") is False and audience == session.audience
        ):  # else it is told of the newer one, too
            await session.greet(f"nobody looks: {sorted(who)}", once="unseen")

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        if turn.text == "a person, please":
            await turn.ask_for_human("wants a person", "billing", priority=3)
            await turn.ask_for_human("wants a person, still")
        if turn.text == "and now?":
            await turn.say(f"I was told: {turn.briefing}; {[each.text for each in turn.history][-2:]}")
        if turn.text == "all of it":
            await turn.say("x" * 100_000)
        if turn.text == "look it up":
            await turn.call("read")
        await turn.say("; ".join(["goodbye", *turn.whispers]))
        if turn.text == "bye":
            await turn.end("they said goodbye")

    return agent


def says(state: object, words: str) -> bool:
    entries = getattr(state, "entries").values()  # noqa: B009 — any state
    return any(part.text == words for each in entries for part in getattr(each, "parts", ()))


def fails(state: State) -> bool:
    """A call did."""
    return any(isinstance(each, ToolCall) and each.status == "failed" for each in state.entries.values())


@asynccontextmanager
async def conversation(silence_s: float = 600.0) -> AsyncIterator[tuple[Doors, legato.Client]]:
    """A person in a session of the agent's, who may take their time."""
    ready = asyncio.Event()
    async with doors(sessions=()) as here:
        ticket = here.ticket("p_concierge", "agent", "*")
        working = asyncio.create_task(polite(silence_s).work(here.url, ticket=ticket, ready=ready))
        async with asyncio.timeout(WAIT_S):
            await ready.wait()
        room = await here.node.create(KEY, "p_boss", {"agent": "concierge"}, "")
        here.node.release(room)  # type: ignore[arg-type]  # it was not refused: nobody made it before
        async with legato.Client(here.url, ticket=here.ticket("p_ada", session=KEY.session)) as ada:
            await ada.until(lambda state: says(state, "welcome p_ada False"), WAIT_S)
            yield here, ada
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def test_an_agent_greets_asks_into_the_silence_and_ends_the_session() -> None:
    async with conversation(silence_s=0.2) as (_, ada):
        await ada.until(lambda state: says(state, "are you there?"), WAIT_S)
        await ada.say("bye")
        await ada.until(lambda state: state.ended, WAIT_S)
        assert ada.state.ended_reason == "they said goodbye"
        assert [each.status for each in ada.state.entries.values()][-1] == "finished"


async def test_what_is_too_long_for_an_envelope_ends_neither_the_session_nor_the_agents_work_in_it() -> None:
    async with conversation() as (_, ada):
        await ada.say("all of it")
        whole = "x" * 100_000 + "goodbye"
        await ada.until(lambda state: says(state, whole) and not state.responses, WAIT_S)
        await ada.say("look it up")
        await ada.until(lambda state: fails(state) and not state.responses, WAIT_S)
        await ada.say("and?")
        await ada.until(lambda state: says(state, "goodbye"), WAIT_S)


async def test_an_agent_that_asks_for_a_person_puts_the_session_into_the_queue_once_and_goes_on() -> None:
    async with conversation() as (_, ada):
        await ada.say("a person, please")
        await ada.until(lambda state: says(state, "goodbye"), WAIT_S)
        asking = ada.state.asking
        assert asking is not None
        assert (asking.reason, asking.skill, asking.priority) == ("wants a person", "billing", 3)


async def test_what_an_operator_whispers_reaches_the_agent_and_the_user_sees_only_what_it_makes_of_it() -> (
    None
):
    async with conversation() as (here, ada):
        ticket = here.ticket("p_olga", "operator", KEY.session, more=["monitor"])
        async with legato.Client(here.url, ticket=ticket) as olga:
            await olga.do(c.Whisper(text="offer a discount"))
            await ada.until(lambda state: says(state, "as I am told: offer a discount"), WAIT_S)
            await ada.say("and?")
            await ada.until(lambda state: says(state, "goodbye; offer a discount"), WAIT_S)
            assert not any(each.text or each.to for each in ada.state.whispers)
            assert [each.text for each in olga.state.whispers] == ["offer a discount"]


async def test_who_gets_a_session_back_knows_what_was_said_and_promised_and_greets_nobody_again() -> None:
    async with (
        conversation() as (here, ada),
        legato.Client(here.url, ticket=here.ticket("p_olga", "operator", KEY.session)) as olga,
    ):
        await olga.take_over("she asked for me")
        await olga.say("You get your money.")
        await olga.hand_back("promised: her money on Monday")
        await ada.until(lambda state: state.briefing != "", WAIT_S)
        await ada.say("and now?")
        told = "I was told: promised: her money on Monday; ['You get your money.', 'and now?']"
        await ada.until(lambda state: says(state, f"{told}goodbye"), WAIT_S)
        words = [part.text for each in ada.state.entries.values() for part in getattr(each, "parts", ())]
        assert [each for each in words if each.startswith("welcome")] == ["welcome p_ada False"]


async def test_an_agent_is_told_when_nobody_attends_any_more_whoever_listens_in() -> None:
    async with conversation() as (here, ada):
        ticket = here.ticket("p_olga", "operator", KEY.session, more=["monitor"])
        async with legato.Client(here.url, ticket=ticket) as olga:
            await olga.do(c.ChangeStance(stance="monitor"))
            await ada.do(c.ChangeAttention(attentive=False))
            await ada.until(lambda state: says(state, "nobody looks: ['p_ada', 'p_olga']"), WAIT_S)
            await ada.do(c.ChangeAttention(attentive=True))
            await ada.until(lambda state: all(each.attentive for each in state.attachments.values()), WAIT_S)


async def test_an_author_refuses_a_session_by_what_is_known_of_it_and_another_worker_takes_it() -> None:
    judged: list[tuple[str, list[str], str]] = []
    picky, other = legato.Agent("concierge"), legato.Agent("concierge", labels={"mood": "good"})

    @picky.on_offer
    async def judge(offer: legato.Offer) -> str:
        judged.append((offer.session, [who.id for who in offer.participants], offer.labels["agent"]))
        return "not_mine"

    @other.on_turn
    async def answer(turn: legato.Turn) -> None:
        await turn.say("mine")

    async with doors(sessions=()) as here, asyncio.TaskGroup() as working:
        ready, tasks = [asyncio.Event(), asyncio.Event()], []
        ticket = here.ticket("p_concierge", "agent", "*")
        tasks.append(working.create_task(picky.work(here.url, ticket=ticket, ready=ready[0])))
        async with asyncio.timeout(WAIT_S):
            await ready[0].wait()
        room = await here.node.create(KEY, "p_boss", {"agent": "concierge"}, "")
        here.node.release(room)  # type: ignore[arg-type]  # it was not refused: nobody made it before
        async with legato.Client(here.url, ticket=here.ticket("p_ada", session=KEY.session)) as ada:
            await ada.until(lambda state: state.awaited == "concierge", WAIT_S)
            assert judged == [(KEY.session, ["p_ada"], "concierge")], (
                "once, however often it says it has room"
            )
            tasks.append(working.create_task(other.work(here.url, ticket=ticket, ready=ready[1])))
            await ada.say("whose am I?")
            await ada.until(lambda state: says(state, "mine"), WAIT_S)
        assert len(judged) == 1
        for task in tasks:
            task.cancel()
