"""An agent's own sound at a real node: what came before the session's voice was open is taken in turns, all of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import legato
from legato.agent.voice import bring
from legato.session import commands as c
from legato.wire.audio import Audio
from media.voice.bringing import Bringing
from media.voice.streams import Hearer
from signaling.connection.websocket import MOST_AT_ONCE
from tests.signaling.test_microphone import node, ticket
from tests.support.sound import RATE, tone

pytestmark = [pytest.mark.store, pytest.mark.timeout(120)]

SOUND_S = 15.0


async def sound() -> AsyncIterator[bytes]:
    yield tone(440.0, SOUND_S).tobytes()


async def test_what_came_before_the_voice_was_open_is_taken_in_turns_with_everybody_else(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, passes, taken = asyncio.get_running_loop(), 0, Counter[int]()
    add = Bringing.add

    def passed() -> None:
        nonlocal passes
        passes += 1
        loop.call_soon(passed)

    def took(bringing: Bringing, owner: Hearer, audio: Audio) -> None:
        taken[passes] += 1
        add(bringing, owner, audio)

    monkeypatch.setattr(Bringing, "add", took)
    async with (
        node(socket_folder) as here,
        legato.Client(here.url, ticket=ticket(here)) as user,
        legato.Client(here.url, ticket=ticket(here, "agent")) as agent,
    ):
        await user.do(c.ChangeModality(takes=("text", "audio"), gives=("text",)))
        await agent.do(c.AcceptSession(right="worker:agent", worker="k_1"))
        await agent.do(c.StartMessage(message="m_own", brought=True))
        await agent.until(lambda state: any("audio" in each.takes for each in state.attachments.values()), 45)
        loop.call_soon(passed)
        await bring(agent, "m_own", sound(), RATE, 7)
        await agent.do(c.EndMessage(message="m_own"))
        state = await agent.until(lambda state: bool(state.entries["m_own"].speech), 45)  # type: ignore[union-attr]
    (stretch,) = state.entries["m_own"].speech  # type: ignore[union-attr]
    assert stretch.end - stretch.start >= SOUND_S * RATE
    assert max(taken.values()) <= MOST_AT_ONCE
