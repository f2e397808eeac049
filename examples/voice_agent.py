"""An agent that is called: it greets who calls, chimes with a sound of its own, and speaks what it writes.

export LEGATO_TICKET=$(legato ticket --agent bell)
python examples/voice_agent.py ws://127.0.0.1:7070
"""

import math
import sys
from array import array
from collections.abc import AsyncIterator

import legato

RATE = 24_000
agent = legato.Agent("bell")


async def chime() -> AsyncIterator[bytes]:
    """Half a second of a bell: PCM, as a voice of your own would bring it, in pieces and as fast as it likes."""
    for piece in range(0, RATE // 2, 2_400):
        times = (at / RATE for at in range(piece, piece + 2_400))
        yield array(
            "h", (int(12_000 * math.exp(-4 * t) * math.sin(2 * math.pi * 880 * t)) for t in times)
        ).tobytes()


@agent.on_voice  # a call begins, from whatever device; after a reload it is the same greeting, and not said again
async def greet(session: legato.Engagement, caller: str) -> None:
    await session.greet("Hello, I can hear you. Say something.", once=f"hello {caller}")


@agent.on_turn  # somebody finished speaking, or typed: it is one conversation
async def answer(turn: legato.Turn) -> None:
    await turn.speak(chime(), rate=RATE, text="Ding. ")  # a sound of your own, and what it says to who reads
    for word in f"You said: {turn.text}".split(" "):
        await turn.say(word + " ")  # spoken by the hub's voice; who speaks into it stops it


agent.run(sys.argv[1])
