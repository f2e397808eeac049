"""An agent whose refunds want a yes first, and are never made twice: not even when it is killed in the midst of one.

export LEGATO_TICKET=$(legato ticket --agent cashier)
python examples/tool_approval.py ws://127.0.0.1:7070
"""

import asyncio
import sys

import legato

agent = legato.Agent("cashier")


@agent.tool(approval="user")  # the page shows a card: Allow, or Refuse
async def refund(order: str) -> str:
    """Give the money for an order back."""
    print(f"the bank is asked to refund {order}", flush=True)
    await asyncio.sleep(1)  # killed here? Then nobody knows, and the page asks: was it done?
    return f"R{order}"


@agent.on_turn
async def answer(turn: legato.Turn) -> None:
    order = "".join(filter(str.isdigit, turn.text))
    if not order:
        await turn.say("Which order shall I refund?")
        return
    try:
        receipt = await turn.call("refund", order=order)
    except legato.ToolFailed as failure:  # refused, given up, or nobody answered in time
        await turn.say(f"No refund: {failure.reason}.")
    else:
        await turn.say(f"Refunded, under receipt {receipt}." if receipt else "Then it is refunded already.")


agent.run(sys.argv[1])
