"""Agents that bring their own sound and hear for themselves, and engines elsewhere: over real sockets, on a phone."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np
import pytest

import legato
from hub.store.embedded import EmbeddedStore
from hub.store.embedded import Options as StoreOptions
from hub.store.promise import SessionKey
from legato.session.events import Role
from legato.session.state import Message, State
from legato.session.tickets import CEILINGS, Ticket
from legato.speech import Pcm, SpeechFailed
from media.engines.openai import HttpEars, HttpVoice, Service
from media.outbound import OutboundFailed
from signaling.demo.directions import Directions
from signaling.demo.model import Model
from signaling.options import Options
from signaling.outbound import HttpOutbound
from signaling.serve import Serving, serving
from tests.media.builders import tone as pcm_tone
from tests.support.at_work import at_work
from tests.support.openai_service import VOICE_HERTZ, Fault, OpenAI, openai_service
from tests.support.phone import Phone, phone
from tests.support.sound import RATE, Samples, pitch, tone
from tests.support.spoken import speech_pcm

pytestmark = [pytest.mark.store, pytest.mark.timeout(180)]

PATIENCE_S: Final = 60.0
SOON_S: Final = 0.3
"""How long a service is waited for that does not answer; one that does may take `PATIENCE_S`."""


@asynccontextmanager
async def node(folder: Path, **more: Any) -> AsyncIterator[Serving]:
    """A node with a session `s_1` that wants the agent `own`."""
    options = Options(port=0, data=folder, **{"ears": "none", "voice": "none", **more})
    try:
        async with serving(options) as here:
            await here.node.create(SessionKey("main", "s_1"), "p_boss", {"agent": "own"}, "")
            yield here
    finally:
        store = await EmbeddedStore.start(StoreOptions(folder / "store"), random=lambda: 0.5)
        await store.stop()


def ticket(here: Serving, role: Role, participant: str, session: str = "s_1") -> str:
    now = int(time.time())
    return here.signer.mint(
        Ticket(
            kind="access", tenant="main", session=session, participant=participant, role=role,
            capabilities=frozenset(CEILINGS[role]), id=f"j_{os.urandom(8).hex()}", issued=now,
            not_before=now, expires=now + 600,
        )
    )  # fmt: skip


@asynccontextmanager
async def listening(here: Serving, heard: list[legato.Sound]) -> AsyncIterator[None]:
    """An agent that only listens, for itself, inside."""

    async def listen() -> None:
        async for piece in scribe.hear(rate=16_000):
            heard.append(piece)  # noqa: PERF401 - it never ends

    async with legato.Client(here.url, ticket=ticket(here, "agent", "p_scribe", "s_1")) as scribe:
        task = asyncio.create_task(listen())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def answered(state: State) -> bool:
    return not state.turns and not state.responses


def sung(ada: Phone) -> Samples:
    """What was heard, from its first loud sample to the last."""
    heard = ada.heard()
    loud = np.flatnonzero(np.abs(heard.astype(np.int32)) > 1_000)
    return heard[loud[0] : loud[-1]] if len(loud) else heard[:0]


def texts(state: State) -> list[str]:
    entries = [entry for entry in state.transcript() if isinstance(entry, Message)]
    return ["".join(part.text for part in entry.parts) for entry in entries]


# --- sound of the agent's own


async def test_an_agent_speaks_with_a_voice_of_its_own_and_hears_for_itself(socket_folder: Path) -> None:
    agent = legato.Agent("own")
    heard: list[legato.Sound] = []

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        async def sound() -> AsyncIterator[bytes]:
            for _ in range(10):
                yield pcm_tone(660, 2_400, 24_000)

        await turn.speak(sound(), rate=24_000, text="La la la.")

    async with (
        node(socket_folder) as here,
        at_work(agent, here.url, ticket(here, "agent", "p_own", "*")),
        listening(here, heard),
    ):
        async with phone(here.url, "s_1", ticket(here, "user", "p_ada")) as ada:
            await ada.client.until(lambda state: bool(state.responder), PATIENCE_S)
            while len(heard) < 40:  # what an agent hears is live: what it missed it does not hear later
                await ada.say(tone(440, 1.0), then_s=0.5)
            await ada.client.say("sing, please")
            await ada.until(lambda: len(sung(ada)) >= 0.9 * RATE)
            await ada.say(tone(440, 0.0), then_s=0.5)
            song = sung(ada)
            assert abs(pitch(song) - 660) < 5
            assert 0.9 <= len(song) / RATE <= 1.3, "all of it, once"
            await ada.client.until(answered, PATIENCE_S)
            assert texts(ada.client.state)[-1] == "La la la."
        assert {(piece.participant, piece.pcm.rate) for piece in heard} == {("p_ada", 16_000)}
        samples = np.frombuffer(b"".join(piece.pcm.samples for piece in heard), dtype=np.int16)
        assert abs(pitch(samples) / 3 - 440) < 5, "a third of 48 kHz"


# --- services that speak OpenAI's HTTP


@pytest.mark.voice
async def test_a_call_is_heard_thought_about_and_answered_by_services_elsewhere(
    socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = legato.Agent("own")

    @agent.tool
    async def order(number: str) -> dict[str, str]:
        """Look up an order."""
        return {"number": number, "item": "cello"}

    @agent.on_turn
    async def answer(turn: legato.Turn) -> None:
        model = Model.from_environment()
        assert model is not None
        await model.answer(turn, agent.tools, Directions())

    speech = np.frombuffer(await asyncio.to_thread(speech_pcm, "Where is my order?"), dtype=np.int16)
    async with openai_service() as service:
        service.transcript = "where is my order"
        service.answer = [{"name": "order", "arguments": {"number": "4711"}}]
        service.then = ["It is ", "a cello."]
        monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        async with (
            node(socket_folder, ears="openai", voice="openai") as here,
            at_work(agent, here.url, ticket(here, "agent", "p_own", "*")),
            phone(here.url, "s_1", ticket(here, "user", "p_ada")) as ada,
        ):
            await ada.client.until(lambda state: bool(state.responder), PATIENCE_S)
            await ada.say(speech, then_s=2.0)
            await ada.client.until(lambda state: "It is a cello." in texts(state), PATIENCE_S)
            await ada.until(lambda: bool(service.spoken) and len(sung(ada)) > RATE // 2, PATIENCE_S)
            assert "where is my order" in texts(ada.client.state)
            assert abs(pitch(sung(ada)[: RATE // 2]) - VOICE_HERTZ) < 5
    assert service.heard
    assert abs(service.heard[0] - len(speech) / RATE) < 1.5
    assert service.spoken == ["It is a cello."]
    assert [message["role"] for message in service.asked[1]["messages"]][-2:] == ["assistant", "tool"]
    assert set(service.keys) == {"Bearer sk-test"}


@pytest.mark.parametrize("fault", ["busy", "refused", "cut", "hang", "garbage"])
async def test_an_answer_that_a_model_breaks_off_fails_and_the_session_goes_on(
    socket_folder: Path, fault: Fault
) -> None:
    agent = legato.Agent("own")
    async with openai_service() as service:
        waits = [SOON_S if fault == "hang" else PATIENCE_S]

        @agent.on_turn
        async def answer(turn: legato.Turn) -> None:
            timeout = aiohttp.ClientTimeout(sock_read=waits[0])
            await Model(service.url, "", "m", timeout).answer(turn, agent.tools, Directions())

        service.faults, service.then = [fault], ["All ", "well."]
        async with (
            node(socket_folder) as here,
            at_work(agent, here.url, ticket(here, "agent", "p_own", "*")),
            legato.Client(here.url, ticket=ticket(here, "user", "p_ada")) as ada,
        ):
            ended: list[str] = []
            ada.on.events.append(lambda events: ended.extend(getattr(each, "outcome", "") for each in events))
            await ada.say("hello?")
            await ada.until(answered, PATIENCE_S)
            assert "failed" in ended
            service.faults, service.answer, waits[0] = [], ["All ", "well."], PATIENCE_S
            await ada.say("and now?")
            await ada.until(lambda state: "All well." in texts(state) and answered(state), PATIENCE_S)


def engines(http: aiohttp.ClientSession, service: OpenAI, fault: Fault = "") -> tuple[HttpEars, HttpVoice]:
    outbound = HttpOutbound(http, service.url, read_s=SOON_S if fault == "hang" else PATIENCE_S)
    return HttpEars(outbound, Service(service.url)), HttpVoice(outbound, Service(service.url))


async def utterance() -> AsyncIterator[Pcm]:
    yield Pcm(pcm_tone(300, 24_000, 24_000), 24_000, 0)


async def words() -> AsyncIterator[str]:
    yield "Hello there."


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("busy", "busy"), ("refused", "refused"), ("hang", "timeout"), ("garbage", "refused")],
)
async def test_ears_elsewhere_that_fail_say_why(fault: Fault, reason: str) -> None:
    async with openai_service() as service, aiohttp.ClientSession() as http:
        ears, _ = engines(http, service, fault)
        service.faults = [fault, fault]
        with pytest.raises(SpeechFailed) as failed:
            await anext(ears.hear(utterance()))
        assert failed.value.reason == reason
        service.faults = []
        ears, _ = engines(http, service)
        assert (await anext(ears.hear(utterance()))).text == "hello", "and hear again"
        service.faults = ["busy"]
        assert (await anext(ears.hear(utterance()))).text == "hello", "one fault is borne"


@pytest.mark.parametrize(
    ("fault", "reason"), [("busy", "busy"), ("refused", "refused"), ("hang", "timeout"), ("cut", "cut")]
)
async def test_a_voice_elsewhere_that_fails_says_why(fault: Fault, reason: str) -> None:
    async with openai_service() as service, aiohttp.ClientSession() as http:
        _, voice = engines(http, service, fault)
        service.faults = [fault, fault]
        with pytest.raises(SpeechFailed) as failed:
            async for _ in voice.speak(words()):
                pass
        assert failed.value.reason == reason
        service.faults = []
        _, voice = engines(http, service)
        said = b"".join([piece.pcm async for piece in voice.speak(words())])
        assert len(said) == 2 * 24_000


async def test_only_the_named_service_is_reached() -> None:
    async with openai_service() as service, aiohttp.ClientSession() as http:
        outbound = HttpOutbound(http, service.url)
        for url in ("http://127.0.0.1:1/v1/audio/speech", service.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(OutboundFailed) as refused:
                async with outbound.post(url, {}, b""):
                    pass
            assert refused.value.reason == "forbidden"
        unheard = HttpOutbound(http, "http://127.0.0.1:1/v1")
        with pytest.raises(OutboundFailed) as nobody:
            async with unheard.post("http://127.0.0.1:1/v1/x", {}, b""):
                pass
        assert nobody.value.reason == "unreachable"
