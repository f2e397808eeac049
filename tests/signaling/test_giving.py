"""A person's voice moves from one program to another in mid sentence, at a real node: each frame is heard once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import aiohttp
import numpy as np
import pytest

import legato
from legato.agent.voice import bring
from legato.client import playout
from legato.session import commands as c
from legato.session.modality_rules import PLAYOUT, owner
from legato.session.state import Message, State
from media.opus import FRAME
from media.voice import earpiece, moving
from tests.e2e.test_going_on import Sounds
from tests.e2e.test_kills_in_speech import kept
from tests.signaling.test_microphone import node, ticket
from tests.support.sound import RATE

pytestmark = [pytest.mark.store, pytest.mark.timeout(60)]

SOUND_S: Final = 3
OWN: Final = "m_own"
PATIENCE_S: Final = 20


async def rising() -> AsyncIterator[bytes]:
    """A tone that rises: no frame is like another."""
    time = np.arange(SOUND_S * RATE) / RATE
    samples = 13_000 * np.sin(2 * np.pi * (200 + 300 * time) * time)
    yield np.asarray(samples, dtype=np.int16).tobytes()


def heard_out(state: State) -> bool:
    message = state.entries.get(OWN)
    return isinstance(message, Message) and "p_user" in message.settled


async def test_another_program_of_the_same_person_goes_on_from_the_very_frame(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The answer is what is waited for here, not for how long: a machine that stands still meanwhile changes nothing.
    monkeypatch.setattr(moving, "WAITS_S", PATIENCE_S)
    monkeypatch.setattr(earpiece, "MOVES", PATIENCE_S * 1_000)
    monkeypatch.setattr(playout, "MOVES_MS", PATIENCE_S * 1_000)
    first, second = Sounds(), Sounds()
    async with (
        node(socket_folder) as here,
        legato.Client(here.url, ticket=ticket(here)) as desk,
        legato.Client(here.url, ticket=ticket(here)) as mobile,
        legato.Client(here.url, ticket=ticket(here, "agent")) as agent,
        aiohttp.ClientSession() as http,
    ):
        async with desk.microphone(first.hear):
            await agent.until(lambda state: any(each.call for each in state.attachments.values()), PATIENCE_S)
            await agent.do(c.AcceptSession(right="worker:agent", worker="k_1"))
            await agent.do(c.StartMessage(message=OWN, brought=True))
            await agent.do(c.GrowMessage(message=OWN, index=0, text="It rises and rises."))
            await bring(agent, OWN, rising(), RATE, 7)
            await agent.do(c.EndMessage(message=OWN))
            await first.more(40)
            async with mobile.microphone(second.hear):
                assert mobile.attached is not None
                mine, right = mobile.attached.attachment, PLAYOUT + mobile.attached.participant
                await mobile.until(lambda state: owner(state, right) == mine, PATIENCE_S)
                state = await mobile.until(heard_out, PATIENCE_S)
        (stretch,) = state.entries[OWN].speech  # type: ignore[union-attr]
        frames = await kept(http, here.url, "s_1", stretch.track, ticket(here, "supervisor"))
    said = [frames[at] for at in range(stretch.start, stretch.end, FRAME)]
    assert 40 <= len(first.frames) < len(said)
    assert first.frames + second.frames == said, "nothing twice, nothing missing"
