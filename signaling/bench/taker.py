"""An agent's process for `bench agents` that takes every session it is offered, and says one word in each.

Started as `python -m signaling.bench.taker URL…`, with `LEGATO_TICKET`; it says `ready 0` at once, so that what is
measured holds its coming.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final

import legato

AGENT: Final = "taker"
CAPACITY: Final = 10_000

agent = legato.Agent(AGENT, capacity=CAPACITY)


@agent.on_turn
async def answer(turn: legato.Turn) -> None:
    """Say that somebody is there."""
    await turn.say("yes")


if __name__ == "__main__":
    print("ready 0", flush=True)
    asyncio.run(agent.work(sys.argv[1:]))
