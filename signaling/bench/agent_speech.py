"""An agent that brings numbered frames, for benches that interrupt it."""

from __future__ import annotations

import asyncio
from typing import Final

from legato.client import Client
from legato.errors import Refused
from legato.session import commands as c
from legato.session.actors import WORKER
from legato.session.state import Right
from legato.wire.audio import OPUS, Audio, encode_audio
from legato.wire.up import Speak
from signaling.bench.pilots import FRAME, pilot

SPEECH_FRAMES: Final = 250
AT_ONCE: Final = 50
PAUSE_S: Final = 0.1


async def speaks_again(agent: Client, stream: int) -> str:
    """The agent has the session, and speaks."""
    while True:
        try:
            await has_session(agent)
            return await _speaks(agent, stream)
        except Refused:
            await asyncio.sleep(PAUSE_S)


async def has_session(agent: Client) -> None:
    """It takes the session, if it has it no more: a worker that does not beat loses it after a while."""
    assert agent.attached is not None
    right = WORKER + agent.attached.participant.removeprefix("p_")
    if not agent.state.rights.get(right, Right(0)).holder:
        await agent.do(c.AcceptSession(right=right, worker=agent.new_id("k")))


async def _speaks(agent: Client, stream: int) -> str:
    """The agent says a message of five seconds, all of it at once; returns the message."""
    response, message = agent.new_id("r"), agent.new_id("m")
    text = "word " * (SPEECH_FRAMES // 10)
    await agent.do(
        c.StartResponse(response=response),
        c.StartMessage(message=message, response=response),
        c.GrowMessage(message=message, index=0, text=text),
    )
    agent.tell(Speak(stream=stream, message=message, format="opus", rate=48_000))
    for first in range(0, SPEECH_FRAMES, AT_ONCE):
        frames = tuple(pilot(number) for number in range(first, first + AT_ONCE))
        agent.send_audio(encode_audio(Audio(OPUS, stream, first * FRAME, frames)))
    agent.tell(Speak(stream=stream, message=message, format="opus", rate=48_000, end=True))
    await agent.do(c.EndMessage(message=message), c.EndResponse(response=response))
    return message
