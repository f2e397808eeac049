"""A person at a terminal takes a conversation over from its agent, answers, and hands it back.

export LEGATO_TICKET=$(legato ticket --role operator --session s_… --name Olga)
python examples/takeover.py ws://127.0.0.1:7070
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any

import legato
from legato.session.events import MessagePosted


def shown(events: Sequence[Any]) -> None:
    """What is said meanwhile, as it comes."""
    for event in events:
        if isinstance(event, MessagePosted):
            print(f"{event.by}: {' '.join(part.text for part in event.parts)}", flush=True)


async def main(hub: str) -> None:
    """Take over, answer until an empty line, hand back with a briefing."""
    async with legato.Client(hub, ticket=os.environ["LEGATO_TICKET"]) as session:
        session.on.events.append(shown)
        await session.take_over()  # what the agent was saying ends here, in mid word if need be
        print("You answer now. An empty line hands back.", flush=True)
        while words := await asyncio.to_thread(input):
            await session.say(words)  # on a call it is spoken, too
        briefing = await asyncio.to_thread(input, "What should the agent know? ")
        await session.hand_back(briefing)


asyncio.run(main(sys.argv[1]))
