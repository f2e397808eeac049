"""A person at a terminal listens in, takes the conversation over from its agent, answers, and hands it back.

export LEGATO_TICKET=$(legato ticket --role operator --session s_… --name Olga)
python examples/takeover.py ws://127.0.0.1:7070
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any

import legato
from legato.session import commands as c
from legato.session.events import MessagePosted, ReplyDrafted

VERBS = {"/hold": c.HoldUsers(), "/back": c.ReleaseUsers()}  # on a call they hear a tone meanwhile


def shown(events: Sequence[Any]) -> None:
    """What is said meanwhile, as it comes."""
    for event in events:
        if isinstance(event, ReplyDrafted):  # the agent listens on; only who answers is shown it
            print(f"draft: {event.text} (/draft sends it)", flush=True)
        if isinstance(event, MessagePosted):
            print(f"{event.by}: {' '.join(part.text for part in event.parts)}", flush=True)


async def main(hub: str) -> None:
    """Listen, take over, answer until an empty line, hand back with a briefing, and say how it went."""
    async with legato.Client(hub, ticket=os.environ["LEGATO_TICKET"]) as session:
        session.on.events.append(shown)
        await session.do(c.ChangeStance(stance="monitor"))
        await asyncio.to_thread(input, "You listen, and no user knows. Enter takes over. ")
        await session.take_over()  # what the agent was saying ends here, in mid word if need be
        print("You answer now. An empty line hands back.", flush=True)
        while words := await asyncio.to_thread(input):
            drafts = session.state.drafts
            if words == "/draft" and drafts:
                await session.say(drafts[-1].text, draft=drafts[-1].id)  # the log says whose draft it was
            elif words in VERBS:
                await session.do(VERBS[words])
            else:
                await session.say(words)  # on a call it is spoken, too
        briefing = await asyncio.to_thread(input, "What should the agent know? ")
        await session.hand_back(briefing)
        await session.do(c.WrapUp(disposition="solved", notes=briefing))  # users see none of it


asyncio.run(main(sys.argv[1]))
