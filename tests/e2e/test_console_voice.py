"""An operator takes over in voice from the console, a supervisor beside them: three people in three browsers. Everybody
speaks a pitch of their own, so that it is heard who hears whom."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import numpy as np
import pytest

from signaling.cli.tickets import signer_here
from tests.e2e.minting import ticket_for
from tests.e2e.test_console import Console
from tests.e2e.test_three_people import (
    AS_IT_IS,
    LISTEN,
    NOBODY,
    PITCHES,
    SECONDS,
    come_to_hear,
    heard_now,
    muted,
    unmuted,
)
from tests.support.chromium import launched, opened
from tests.support.demo_page import EARS_RATE, decoded
from tests.support.page import Reader
from tests.support.processes import Tree, running
from tests.support.sound import RATE, strength, tone, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.voice, pytest.mark.timeout(400)]

CALLER, OPERATOR, SUPERVISOR = PITCHES

COUNTED: Final = """(() => {
  globalThis.negotiated = 0;
  for (const name of ["setLocalDescription", "setRemoteDescription"]) {
    const set = RTCPeerConnection.prototype[name];
    RTCPeerConnection.prototype[name] = function (...given) {
      if (this.connectionState === "connected") globalThis.negotiated += 1;
      return set.apply(this, given);
    };
  }
})();"""
"""How often anything was agreed on anew about a call that stands."""

CONNECTED: Final = """(() => {
  globalThis.connections = [];
  const Stock = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Stock {
    constructor(...given) {
      super(...given);
      connections.push(this);
    }
  };
})();"""
SENT: Final = """async () => {
  const all = await Promise.all(connections.map((each) => each.getStats()));
  const sums = all.flatMap((stats) => [...stats.values()].filter(({ type }) => type === "outbound-rtp"));
  return sums.reduce((sum, { packetsSent }) => sum + packetsSent, 0);
}"""
"""Packets of sound that this page has sent."""

HOLES: Final = "legato.view.state.gaps"

PRESENT: Final = 100.0
"""Amplitude of a pitch that a recording holds, of 32 767: what never came in is a hundred times weaker."""

SIGNALLED: Final = """async () => {
  const live = connections.filter(({ connectionState }) => connectionState === "connected");
  const all = await Promise.all(live.map((each) => each.getStats()));
  const heard = all.flatMap((stats) => [...stats.values()].filter(({ type }) => type === "inbound-rtp"));
  const said = live.flatMap((each) => [each.localDescription.sdp, each.remoteDescription.sdp]);
  return JSON.stringify([heard.map(({ ssrc }) => ssrc), said]);
}"""
"""The SSRCs that this page hears, and both descriptions of its call."""

CALL: Final = "(({ state, attachment }) => state.attachments[attachment].call)(legato.view)"


@asynccontextmanager
async def calling(hub: Tree, microphone: Path) -> AsyncIterator[Reader]:
    """A caller in voice, who may be heard."""
    async with (
        launched(microphone) as browser,
        opened(browser, hub.url, script=AS_IT_IS + ";" + COUNTED + CONNECTED) as tab,
    ):
        caller = Reader(tab, patience_s=SECONDS)
        await caller.live()
        await caller.agent_here()
        await caller.say("thanks")  # who has said something is not greeted aloud
        await caller.quiet()
        await caller.page.click("[data-voice]")
        await caller.until(
            "legatoVoice.current.state === 'live' && legatoVoice.current.microphone === 'open'", SECONDS
        )
        await caller.page.evaluate(LISTEN)
        yield caller


@asynccontextmanager
async def helping(
    hub: Tree, microphone: Path, caller: Reader, role: str
) -> AsyncIterator[tuple[Console, Reader]]:
    """Somebody at the console, in the caller's session, who listens and is heard by nobody."""
    url = f"{hub.url.rstrip('/')}/console?role={role}"
    async with (
        launched(microphone) as browser,
        opened(browser, url, script=AS_IT_IS + ";" + CONNECTED) as tab,
    ):
        desk, ears = Console(tab), Reader(tab, patience_s=SECONDS)
        await desk.sees("#queue")
        await desk.open(caller.session)
        await desk.place("monitor")
        await desk.page.click("[data-key='l']")
        await ears.until("legatoVoice.current.state === 'live' && legatoVoice.output.ready", SECONDS)
        assert await desk.page.get_attribute(".listening", "data-microphone") == "off"
        await desk.page.evaluate(LISTEN)
        yield desk, ears


async def arm(desk: Console) -> None:
    await desk.page.click("[data-key='a']")
    await desk.sees("[data-microphone='armed']")


async def sends_nothing(operator: Reader) -> None:
    """Not a packet in a second and a half, not even of silence."""
    before = await operator.page.evaluate(SENT)
    await asyncio.sleep(1.5)
    assert await operator.page.evaluate(SENT) == before


async def kept(hub: Tree, session: str, pitch: float) -> bool:
    """Whether anything that the hub kept of the session's sound has this pitch, asides and all."""
    ticket = ticket_for(await signer_here(hub.folder, os.environ), session, "p_boss", "supervisor")
    headers = {"Authorization": f"Bearer {ticket}"}
    path = f"{hub.url.rstrip('/')}/v1/sessions/{session}/recording"
    async with (
        aiohttp.ClientSession() as http,
        http.get(path, params={"asides": "true"}, headers=headers) as answer,
    ):
        answer.raise_for_status()
        sound = np.frombuffer(decoded(await answer.read()), dtype=np.int16)
    seconds = [sound[start : start + EARS_RATE // 2] for start in range(0, sound.size, EARS_RATE // 2)]
    return any(strength(each, pitch, EARS_RATE) > PRESENT for each in seconds if each.size)


async def arms_and_sends_nothing(hub: Tree, caller: Reader, desk: Console, operator: Reader) -> None:
    """Whatever the microphone hears, nothing of it comes to the hub."""
    await arm(desk)
    await never_hears(caller, OPERATOR)
    await sends_nothing(operator)
    assert await operator.page.evaluate(SENT) == 0, "nothing has ever left this microphone"
    assert await kept(hub, caller.session, CALLER)
    assert not await kept(hub, caller.session, OPERATOR)
    await desk.shot("voice-armed")


async def rests_and_is_heard_again(hub: Tree, caller: Reader, desk: Console, operator: Reader) -> None:
    """The microphone was heard, is armed again, and barges in."""
    assert await kept(hub, caller.session, OPERATOR)
    await sends_nothing(operator)
    await desk.key("b")
    await desk.place("barge")
    await come_to_hear((caller, {OPERATOR}))
    holes = await operator.page.evaluate(HOLES)
    assert all(end - start < RATE for _, start, end in holes), "a rest is no hole"


async def never_hears(reader: Reader, pitch: float) -> None:
    """Not in the next seconds."""
    for _ in range(6):
        assert pitch not in await heard_now(reader)
        await asyncio.sleep(0.4)


async def test_an_operator_takes_over_in_voice_and_a_supervisors_whisper_reaches_nobody_else(
    tmp_path: Path,
) -> None:
    files = [write_wav(tmp_path / f"{hertz:.0f}.wav", tone(hertz, 2.0, 0.2)) for hertz in PITCHES]
    async with (
        running("demo", "--ears", "openai", "--voice", "espeak", OPENAI_BASE_URL=NOBODY) as hub,
        calling(hub, files[0]) as caller,
        helping(hub, files[1], caller, "operator") as (desk, operator),
        helping(hub, files[2], caller, "supervisor") as (boss, supervisor),
    ):
        call, negotiated = await caller.page.evaluate(CALL), await caller.page.evaluate("negotiated")
        signalled = await caller.page.evaluate(SIGNALLED)
        await come_to_hear((operator, {CALLER}), (supervisor, {CALLER}), (caller, set()))
        await arms_and_sends_nothing(hub, caller, desk, operator)
        await desk.key("t")
        await desk.place("answers")
        await desk.sees("[data-microphone='live']")
        await come_to_hear((caller, {OPERATOR}), (supervisor, {CALLER, OPERATOR}), (operator, {CALLER}))
        await arm(boss)
        await never_hears(operator, SUPERVISOR)
        await boss.key("w")
        await boss.place("whisper")
        await come_to_hear((operator, {CALLER, SUPERVISOR}))
        await boss.shot("voice-whispers")
        await never_hears(caller, SUPERVISOR)
        await boss.key("m")
        await muted(caller)
        await come_to_hear((operator, set()), (supervisor, {OPERATOR}))
        await unmuted(caller)
        await desk.key("h")
        await desk.place("monitor")
        await desk.sees("[data-microphone='armed']")
        await come_to_hear((caller, set()), (supervisor, {CALLER}))
        await rests_and_is_heard_again(hub, caller, desk, operator)
        assert await caller.page.evaluate(CALL) == call != ""
        assert await caller.page.evaluate("negotiated") == negotiated
        assert await caller.page.evaluate(SIGNALLED) == signalled
        assert json.loads(signalled)[0], "a call that hears nobody has no SSRC to keep"
