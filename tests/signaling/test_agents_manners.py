"""An agent greets who comes, asks into a silence, and may end the session: through the real doors."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import legato
from hub.store.promise import SessionKey
from tests.signaling.doors import WAIT_S, Doors, doors

KEY = SessionKey("main", "s_manners")


def polite() -> legato.Agent:
    agent = legato.Agent("concierge")

    @agent.on_join
    async def welcome(session: legato.Engagement, participant: str, returning: bool, away: float) -> None:
        await session.greet(f"welcome {participant} {returning}", once=f"welcome {participant}")

    @agent.on_silence(after=0.2)
    async def ask(session: legato.Engagement, after: float) -> None:
        await session.greet("are you there?", once="there")

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        await turn.say("goodbye")
        if turn.text == "bye":
            await turn.session.end("they said goodbye")

    return agent


def says(state: object, words: str) -> bool:
    entries = getattr(state, "entries").values()  # noqa: B009 — any state
    return any(part.text == words for each in entries for part in getattr(each, "parts", ()))


async def at_work(here: Doors) -> asyncio.Task[None]:
    ready = asyncio.Event()
    ticket = here.ticket("p_ai", "agent", "*")
    working = asyncio.create_task(polite().work(here.url, ticket=ticket, ready=ready))
    async with asyncio.timeout(WAIT_S):
        await ready.wait()
    return working


async def test_an_agent_greets_asks_into_the_silence_and_ends_the_session() -> None:
    async with doors(sessions=()) as here:
        working = await at_work(here)
        room = await here.node.create(KEY, "p_boss", {"agent": "concierge"}, "")
        here.node.release(room)  # type: ignore[arg-type]  # it was not refused: nobody made it before
        ticket = here.ticket("p_ada", session=KEY.session)
        async with legato.Client(here.url, ticket=ticket) as ada:
            await ada.until(lambda state: says(state, "welcome p_ada False"), WAIT_S)
            await ada.until(lambda state: says(state, "are you there?"), WAIT_S)
            await ada.say("bye")
            await ada.until(lambda state: state.ended, WAIT_S)
            assert ada.state.ended_reason == "they said goodbye"
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
