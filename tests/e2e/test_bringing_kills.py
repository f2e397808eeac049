"""An agent brings its own sound, and its connection is cut, and its node is killed, in the midst of it: the listener
hears every frame once, and no sample is missing where it goes on.

The sound is a sweep, whose pitch tells the moment, so that what was heard can be read off (`tests.support.sweep`).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import pytest

import legato
from legato.session.state import Message, State
from legato.session.tickets import ANY_SESSION
from media.opus import FRAME
from signaling.cli.tickets import signer_here
from tests.e2e.minting import created, ticket_for
from tests.e2e.test_kills_in_speech import said, stretches
from tests.support.at_work import at_work
from tests.support.call_listener import CallListener, listening
from tests.support.processes import Tree, running
from tests.support.proxy import TcpProxy
from tests.support.sound import RATE, samples_of
from tests.support.sweep import STEP_S, positions_of, sweep

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

SECONDS: Final = 5.0
AHEAD: Final = 60
"""Frames that the agent brings ahead of what was heard."""

PIECE: Final = FRAME * 5
SOUND_HZ: Final = 24_000
TEXT: Final = "A tone that rises."
UNSTEADY_S: Final = 0.012
"""A pitch is read as a moment give or take this: three fifths of a frame."""

FIRST: Final = 3
SEAM: Final = 4
"""Frames that may read as another moment where another codec goes on: a decoder knows them from the ones before."""


def sung(state: State) -> Message | None:
    found = [each for each in state.transcript() if isinstance(each, Message) and each.brought]
    return found[0] if found else None


def heard_out(state: State) -> bool:
    message = sung(state)
    return message is not None and message.status == "finished" and len(TEXT) in message.heard.values()


def singer(listener: list[CallListener]) -> legato.Agent:
    """An agent that sings the sweep, as fast as it is heard and a little ahead."""
    agent = legato.Agent("own")

    async def sound() -> AsyncIterator[bytes]:
        samples = sweep(SECONDS)[:: RATE // SOUND_HZ]
        for at in range(0, len(samples), PIECE):
            brought = at * RATE // SOUND_HZ // FRAME
            await listener[0].more(max(0, brought - AHEAD - len(listener[0].frames)))
            yield samples[at : at + PIECE].tobytes()

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        await turn.speak(sound(), rate=SOUND_HZ, text=TEXT)

    return agent


@asynccontextmanager
async def singing() -> AsyncIterator[tuple[Tree, TcpProxy, legato.Client, CallListener, str]]:
    """Somebody in a call to whom an agent sings, whose connection goes by a proxy."""
    listeners: list[CallListener] = []
    async with running("demo") as hub, aiohttp.ClientSession() as http:
        signer = await signer_here(hub.folder, os.environ)
        session = await created(http, hub.url, signer, agent="own")
        worker = ticket_for(signer, ANY_SESSION, "p_own", "agent")
        async with (
            TcpProxy("127.0.0.1", int(hub.url.rpartition(":")[2])) as proxy,
            at_work(singer(listeners), f"ws://127.0.0.1:{proxy.port}", worker),
            legato.Client(hub.url, ticket=ticket_for(signer, session, "p_ada")) as ada,
            listening(ada, http, hub.url) as listener,
        ):
            listeners.append(listener)
            await ada.until(lambda state: state.responder == "p_own", timeout=20)
            await ada.until(lambda state: any(each.call for each in state.attachments.values()), timeout=20)
            await ada.say("sing")
            await ada.until(lambda state: sung(state) is not None, timeout=20)
            message = sung(ada.state)
            assert message is not None
            listener.message = message.id
            yield hub, proxy, ada, listener, session


async def judge(hub: Tree, ada: legato.Client, listener: CallListener, session: str, seams: int = 0) -> None:
    """Every frame once, in order; and each moment of the sound, though the codec was changed at so many `seams`."""
    message = sung(ada.state)
    assert message is not None
    async with aiohttp.ClientSession() as http:
        signer = await signer_here(hub.folder, os.environ)
        ticket = ticket_for(signer, session, "p_boss", "supervisor")
        events = await log(http, hub.url, session, ticket)
        kept = await said(http, hub.url, session, stretches(events, message.id), ticket)
    assert listener.frames == kept, "every frame once, in order"
    moments = positions_of(samples_of(listener.frames))[: round(SECONDS / STEP_S) - 1]
    first = moments[FIRST]
    assert first is not None
    late = [None if one is None else one - first - at * STEP_S for at, one in enumerate(moments[FIRST:])]
    wrong = [at for at, one in enumerate(late) if one is None or abs(one) > UNSTEADY_S]
    assert len(wrong) <= SEAM * seams, (
        "each moment of it when it is due: nothing is missing, nothing comes twice"
    )
    assert not wrong or wrong[-1] < len(late) - SEAM, "to its end"


async def log(http: aiohttp.ClientSession, url: str, session: str, ticket: str) -> list[dict[str, Any]]:
    """The session's events."""
    events: list[dict[str, Any]] = []
    while True:
        path = f"{url}/v1/sessions/{session}/events?after={len(events)}"
        async with http.get(path, headers={"Authorization": f"Bearer {ticket}"}) as answer:
            answer.raise_for_status()
            page = (await answer.json())["events"]
        if not page:
            return events
        events += page


async def test_what_an_agent_brings_goes_on_over_its_broken_connection() -> None:
    async with singing() as (hub, proxy, ada, listener, session):
        for _ in range(3):
            await listener.more(40)
            proxy.cut()
        await ada.until(heard_out, timeout=30)
        await judge(hub, ada, listener, session)
        assert proxy.accepted > 3


async def test_what_an_agent_brings_goes_on_after_its_node_was_killed() -> None:
    async with singing() as (hub, _, ada, listener, session):
        for _ in range(2):
            await listener.more(60)
            old = await hub.kill("node")
            await hub.replaced("node", old)
        await ada.until(heard_out, timeout=40)
        await judge(hub, ada, listener, session, seams=2)
        assert listener.calls >= 3
