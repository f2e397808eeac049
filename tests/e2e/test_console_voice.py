"""An operator takes over in voice from the console, a supervisor beside them: three people in three browsers. Everybody
speaks a pitch of their own, so that it is heard who hears whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

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
from tests.support.page import Reader
from tests.support.processes import Tree, running
from tests.support.sound import tone, write_wav

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

CALL: Final = "(({ state, attachment }) => state.attachments[attachment].call)(legato.view)"


@asynccontextmanager
async def calling(hub: Tree, microphone: Path) -> AsyncIterator[Reader]:
    """A caller in voice, who may be heard."""
    async with (
        launched(microphone) as browser,
        opened(browser, hub.url, script=AS_IT_IS + ";" + COUNTED) as tab,
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
    async with launched(microphone) as browser, opened(browser, url, script=AS_IT_IS) as tab:
        desk, ears = Console(tab), Reader(tab, patience_s=SECONDS)
        await desk.sees("#queue")
        await desk.open(caller.session)
        await desk.place("monitor")
        await desk.page.click(".listening button:text-is('Listen')")
        await ears.until("legatoVoice.current.state === 'live' && legatoVoice.output.ready", SECONDS)
        assert await desk.page.get_attribute(".listening", "data-microphone") == "off"
        await desk.page.evaluate(LISTEN)
        yield desk, ears


async def arm(desk: Console) -> None:
    await desk.page.click("text=Arm microphone")
    await desk.sees("[data-microphone='armed']")


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
        await come_to_hear((operator, {CALLER}), (supervisor, {CALLER}), (caller, set()))
        await arm(desk)
        await never_hears(caller, OPERATOR)
        await desk.shot("voice-armed")
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
        assert await caller.page.evaluate(CALL) == call != ""
        assert await caller.page.evaluate("negotiated") == negotiated
