"""Two agents in one session: one receives, and hands over to the other whatever is about money. Nobody re-dials.

export RECEPTION=$(legato ticket --agent reception) BILLING=$(legato ticket --agent billing)
python examples/two_agents.py ws://127.0.0.1:7070
"""

import asyncio
import os
import sys

import legato

reception, billing = legato.Agent("reception"), legato.Agent("billing")


@reception.on_turn
async def receive(turn: legato.Turn) -> None:
    """Answer, or let billing answer this very turn."""
    if "invoice" in turn.text:
        await turn.say("I hand you over to billing.")
        await turn.handover("billing", f"They asked: {turn.text}")
    else:
        await turn.say("Welcome. Ask me about an invoice.")


@billing.on_turn
async def bill(turn: legato.Turn) -> None:
    """The whole conversation is in `turn.history`, and what the other agent left in `turn.briefing`."""
    if "thanks" in turn.text:
        await turn.say("You are welcome. Back to the reception.")
        await turn.handover("reception")
    else:
        await turn.say(f"Billing here. {turn.briefing}")


async def main(hub: str) -> None:
    """Both in one process here; each may as well be on a machine of its own."""
    async with asyncio.TaskGroup() as group:
        group.create_task(reception.work(hub, ticket=os.environ["RECEPTION"]))
        group.create_task(billing.work(hub, ticket=os.environ["BILLING"]))


asyncio.run(main(sys.argv[1]))
