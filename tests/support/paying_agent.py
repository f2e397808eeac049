"""An agent's process for the tests of tool calls under kills: two payments and one letter a turn, kept in a folder.

The callee of `pay` honours keys: it does nothing twice under one. `send` cannot be taken back: every start of it is
written down. Started as `python -m tests.support.paying_agent URL…` with `LEGATO_TICKET` and `LEGATO_BOOKS`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import legato

AGENT = "cashier"
BOOKS = Path(os.environ["LEGATO_BOOKS"])
WORK_S = 0.04

agent = legato.Agent(AGENT)


@agent.tool(idempotent=True)
async def pay(order: str, part: int) -> str:
    """Pay a part of an order, once under each key."""
    await asyncio.sleep(WORK_S)
    note(f"paid {order} {part} {legato.call_key()}", unless_there=True)
    await asyncio.sleep(WORK_S)
    return f"{order}/{part}"


@agent.tool(in_doubt="")
async def send(order: str) -> str:
    """Send a letter: what was sent is sent."""
    note(f"sent {order} {os.getpid()}")
    await asyncio.sleep(WORK_S)
    return order


def note(line: str, *, unless_there: bool = False) -> None:
    """Write it down for good, in one step."""
    try:
        os.close(os.open(BOOKS / line, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        assert unless_there, line


@agent.on_turn
async def answer(turn: legato.Turn) -> None:
    """Pay both parts, send the letter, say what came of it."""
    paid = [await turn.call("pay", order=turn.text, part=part) for part in range(2)]
    try:
        sent = await turn.call("send", order=turn.text)
    except legato.ToolFailed as failed:
        sent = failed.outcome
    await turn.say(f"{' '.join(paid)} {sent}")


if __name__ == "__main__":
    print("ready 0", flush=True)
    asyncio.run(agent.work(sys.argv[1:]))
