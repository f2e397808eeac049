"""A whole agent: streams its words, calls tools, survives everything.

export LEGATO_TICKET=$(legato ticket --agent concierge)
python examples/concierge.py ws://127.0.0.1:7070
"""

import asyncio
import sys

import legato

agent = legato.Agent("concierge")


@agent.tool(idempotent=True)  # safe to do again with the same arguments after a crash
async def order(number: str) -> dict[str, str]:
    """Look up an order by its number."""
    return {"number": number, "status": "shipped", "arrives": "Thursday"}


@agent.on_turn  # somebody finished speaking or typing
async def answer(turn: legato.Turn) -> None:
    digits = "".join(filter(str.isdigit, turn.text))
    if digits:
        found = await turn.call("order", number=digits)
        await turn.say(f"Order {found['number']} is {found['status']} and arrives {found['arrives']}.")
        return
    for word in f"You said: {turn.text}. Ask me about an order.".split(" "):
        await turn.say(word + " ")  # text for those who read, speech for those who listen
        await asyncio.sleep(0.03)


agent.run(sys.argv[1])
