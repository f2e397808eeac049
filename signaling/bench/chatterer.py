"""An agent's process for `bench agents`: it needs no time to think, and talks until it is killed.

Its every word begins with its process id, so that whoever listens knows whom to kill, and when its generator is closed
it says so by the signal `closed`, with the time of this machine's monotonic clock (s). Started as `python -m
signaling.bench.chatterer URL…`, with `LEGATO_TICKET`; it says `ready 0` once a hub has it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from typing import Final

import legato

AGENT: Final = "chatterer"
WORD_S: Final = 0.02
CLOSED: Final = "closed"
WORDS_EACH: Final = 20_000
"""Words of one message; the answer goes on with another."""

agent = legato.Agent(AGENT)


@agent.on_turn
async def answer(turn: legato.Turn) -> AsyncIterator[str]:
    """Talk."""
    try:
        for count in range(WORDS_EACH):
            yield f"{os.getpid()}:{count} "
            await asyncio.sleep(WORD_S)
    finally:
        turn.session.signal(CLOSED, {"turn": turn.id, "at": time.monotonic()})


async def _work(hubs: list[str]) -> None:
    ready = asyncio.Event()

    async def tell() -> None:
        await ready.wait()
        print("ready 0", flush=True)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(tell())
        tasks.create_task(agent.work(hubs, ready=ready))


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1:]))
