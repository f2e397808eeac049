"""An agent's process for `bench agents` that takes every session it is offered, and thinks: answering is not measured.

Started as `python -m signaling.bench.taker URL…`, with `LEGATO_TICKET`, and with what the agent is called as
`LEGATO_BENCH_AGENT`. It waits for a line to begin: what the start of an interpreter costs is not the hub's.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

import legato

AGENT: Final = "taker"
CAPACITY: Final = 10_000

agent = legato.Agent(os.environ.get("LEGATO_BENCH_AGENT", AGENT), capacity=CAPACITY)


@agent.on_turn
async def answer(turn: legato.Turn) -> None:
    """Think until it is over."""
    await asyncio.Event().wait()


if __name__ == "__main__":
    print("ready 0", flush=True)
    sys.stdin.readline()
    asyncio.run(agent.work(sys.argv[1:]))
