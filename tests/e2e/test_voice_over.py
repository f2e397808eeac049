"""The conversation ends while a page is in its call: its microphone closes, and the goodbye is heard out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

import legato
from legato.session import commands as c
from media.engines.openai import wav
from signaling.cli.tickets import signer_here
from tests.e2e.minting import ticket_for
from tests.support.chromium import launched, opened
from tests.support.page import Reader
from tests.support.processes import running
from tests.support.spoken import silence

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

GOODBYE: Final = (
    "Thank you for your call. I wish you a nice day with all of your string instruments. Goodbye."
)
WATCH: Final = """() => {
  globalThis.track = legatoVoice.microphone.track;
  globalThis.heard = 0;
  setInterval(() => { heard += legato.view.state.ended && legatoVoice.output.level() > 0.02; }, 50);
}"""
"""Counts how often sound is found after the end."""
A_SECOND: Final = 20


async def test_the_microphone_closes_with_the_session_and_the_agents_last_words_are_heard(
    tmp_path: Path,
) -> None:
    quiet = tmp_path / "quiet.wav"
    quiet.write_bytes(wav(silence(5_000), 48_000))
    async with (
        running("demo", "--ears", "auto", "--voice", "espeak") as hub,
        launched(quiet) as browser,
        opened(browser, hub.url) as tab,
    ):
        reader = Reader(tab)
        signer = await signer_here(hub.folder, os.environ)
        await reader.talks()
        await reader.until("legatoVoice.microphone.track?.readyState === 'live'", 30)
        await tab.page.evaluate(WATCH)
        ticket = ticket_for(signer, reader.session, "p_usher", "agent")
        async with legato.Client(hub.url, ticket=ticket, device="agent") as agent:
            message = agent.new_id("m")
            await agent.do(c.AcceptSession(right="worker:usher", worker=agent.new_id("k")))
            await agent.do(c.StartMessage(message=message))
            await agent.do(c.GrowMessage(message=message, index=0, text=GOODBYE))
            await agent.do(c.EndMessage(message=message))
            await agent.end("done")
        await reader.until("track.readyState === 'ended' && legato.view.state.ended", 30)
        await reader.until("legatoVoice.current.state === 'off'", 60)
        assert await tab.page.evaluate("heard") > A_SECOND
        assert tab.errors == []
