"""The demo's agent: hears what is typed or spoken, streams its answer word by word, has a few tools.

Offline it thinks with `brain`; with `OPENAI_API_KEY` (and perhaps `OPENAI_BASE_URL`, `OPENAI_MODEL`) set it uses
that model. It imports nothing of the hub: any agent is written like this.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import Any

import legato
from signaling.demo import brain
from signaling.demo.directions import Directions
from signaling.demo.model import Model

WORD_S = 0.03
"""Between two words of the offline brain: about as fast as a model streams."""

MOST_REASON = 200

agent = legato.Agent("concierge")
directions = Directions()


@agent.tool(idempotent=True)
async def order(number: str) -> dict[str, Any]:
    """Look up an order by its four-digit number."""
    await asyncio.sleep(0.2)
    return brain.find_order(number)


@agent.tool(idempotent=True)
async def refund(number: str, amount: float) -> dict[str, Any]:
    """Refund an order; the same order is refunded once however often this is asked."""
    await asyncio.sleep(0.4)
    return {"number": number, "amount": amount, "receipt": f"R{number}"}


@agent.tool
async def taxi(place: str) -> dict[str, Any]:
    """Call a taxi. It comes once for each call, so a crash in the midst of it leaves a question to a person."""
    await asyncio.sleep(2.0)
    return {"place": place, "minutes": 7}


@agent.tool(runs="client", approval="user", idempotent=True)
async def where_am_i() -> dict[str, str]:
    """What the user's browser says of where they are: time zone and language."""
    raise NotImplementedError  # the page does it


async def _specialist(turn: legato.Turn, title: str, steps: tuple[str, ...]) -> None:
    async with turn.child(title) as part:
        for number, step in enumerate(steps, 1):
            await part.progress(step, step=number, steps=len(steps))
            await asyncio.sleep(0.7)
        await part.say(f"Looked at {', '.join(steps)}: nothing to object.")


async def _compare(turn: legato.Turn) -> None:
    await _stream(turn, "Three of us look at it at once. ")
    async with asyncio.TaskGroup() as group:
        for title, steps in brain.SPECIALISTS.items():
            group.create_task(_specialist(turn, title, steps))
    await _stream(turn, "We have compared them: take the cello bow.")


async def _offline(turn: legato.Turn) -> None:
    if brain.compares(turn.text):
        await _compare(turn)
        return
    earlier = " ".join(line.text for line in turn.history if line.role == "user")
    await _follow(turn, brain.plan(turn.text, earlier))
    while words := directions.take(turn.id):
        await _follow(turn, brain.redirected(words))


async def _follow(turn: legato.Turn, plan: brain.Plan) -> None:
    await _stream(turn, plan.say)
    if plan.tool and plan.report is not None:
        try:
            result = await turn.call(plan.tool, **dict(plan.arguments or {}))
        except legato.ToolFailed:
            await _stream(turn, brain.NOT_DONE)
        else:
            await _stream(turn, plan.report(result or {}))


async def _stream(turn: legato.Turn, text: str) -> None:
    for word in brain.words_of(text):
        await turn.say(word)
        await asyncio.sleep(WORD_S)
        if directions.asked(turn.id) and brain.ends_sentence(word):
            return


@agent.on_turn
async def answer(turn: legato.Turn) -> None:
    """Answer with the model if there is one, else with the brain; who wants a person is heard before that."""
    model = Model.from_environment()
    if brain.wants_person(turn.text):
        await turn.ask_for_human(turn.text[:MOST_REASON])
        await _stream(turn, brain.A_PERSON)
    elif model is None:
        await _offline(turn)
    else:
        await model.answer(turn, agent.tools, directions)
    directions.take(turn.id)


@agent.on_draft
async def draft(asked: legato.Asked) -> str:
    """What the person might say who answers in our place: nothing is done for it, orders are only looked up."""
    model = Model.from_environment()
    if model is not None:
        return await model.draft(asked.history)
    earlier = " ".join(line.text for line in asked.history if line.role == "user")
    return brain.draft(asked.text, earlier)


@agent.on_steer
async def steer(turn: legato.Turn, words: str) -> str:
    """Go another way from the next sentence on."""
    directions.ask(turn.id, words)
    return "it goes that way from the next sentence on"


@agent.on_join
async def welcome(session: Any, participant: str, returning: bool, away: float) -> None:
    """Say what can be tried, once: who comes into a conversation that goes on is told by the conversation."""
    if brain.is_fresh(session.session.state, session.participant):
        await session.greet(brain.WELCOME, once="welcome")


@agent.on_voice
async def hello(session: Any, participant: str) -> None:
    """Be heard at once by whoever presses Talk first of all."""
    if brain.is_fresh(session.session.state, session.participant):
        await session.greet(brain.HELLO, once="hello")


def _end_with_supervisor() -> None:
    while os.read(sys.stdin.fileno(), 64):
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    agent.run(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LEGATO_HUB", ""))
