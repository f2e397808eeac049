"""The voice of a page comes back with its session: a real Chromium whose network was away while it called."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Final

import pytest

from media.engines.openai import wav
from signaling.bench.link import Link, detour, free_port
from tests.support.chromium import launched, opened
from tests.support.page import Reader
from tests.support.processes import running
from tests.support.spoken import silence

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PEERS: Final = """(() => {
  const peers = globalThis.peers = new Set();
  globalThis.made = 0;
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...how) {
      super(...how);
      peers.add(this);
      made += 1;
    }
    close() {
      super.close();
      peers.delete(this);
    }
  };
})()"""
"""Counts the peers that were made, and has those that are open."""

NO_CALL: Final = """() => {
  legato.requests.call = () => Promise.reject(new Error("no way"));
  globalThis.states = new Set();
  legatoVoice.onChange(({ state }) => states.add(state));
}"""
"""No call gets through by being offered either; and what the page takes its voice for."""
NO_SOCKET: Final = """() => {
  globalThis.WebSocket = class {
    constructor() {
      setTimeout(() => this.onerror(), 0);
    }
    close() {}
  };
  legato.cut();
}"""
"""The connection is lost, and WebSockets get through no more."""
NO_WAY: Final = "Voice does not get through here"

MINUTE_MS: Final = 60_000


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """A microphone into which nobody speaks."""
    file = tmp_path / "quiet.wav"
    file.write_bytes(wav(silence(5_000), 48_000))
    return file


async def test_who_presses_talk_without_a_network_talks_once_the_same_hub_is_reached(quiet: Path) -> None:
    port, away = free_port(), False
    async with (
        running("demo", "--ears", "auto", "--voice", "espeak", "--media-port", str(port)) as hub,
        Link(port, Random(1), lost=lambda _: away).open() as link,
        launched(quiet) as browser,
        opened(browser, hub.url, script=f"{detour(port, link.port)};{PEERS}") as tab,
    ):
        reader = Reader(tab)
        await reader.live()
        await reader.agent_here()
        await reader.until("legatoVoice.waits", 30)
        node = await tab.page.evaluate("legato.node")
        away = True
        await tab.page.evaluate(f"() => {{ legato.cut({MINUTE_MS}); made = 0; }}")
        await tab.page.click("[data-voice]")
        # The peer that was made before called in vain, and one more was made that nobody can call by.
        await reader.until("made > 0 && peers.size === 0", 30)
        away = False
        await tab.page.evaluate("() => legato.cut()")
        await reader.live()
        assert await tab.page.evaluate("legato.node") == node
        await reader.until(
            "legatoVoice.current.state === 'live' && legatoVoice.current.way === 'call'"
            " && legatoVoice.sounding !== null",
            30,
        )
        assert tab.errors == []


async def test_where_neither_calls_nor_websockets_get_through_the_page_says_so(quiet: Path) -> None:
    port = free_port()
    async with (
        running("demo", "--ears", "auto", "--voice", "espeak", "--media-port", str(port)) as hub,
        Link(port, Random(1), lost=lambda _: True).open() as link,
        launched(quiet) as browser,
        opened(browser, f"{hub.url}/?stream", script=detour(port, link.port)) as tab,
    ):
        reader = Reader(tab)
        await reader.live()
        await reader.agent_here()
        await tab.page.evaluate(NO_CALL)
        await tab.page.click("[data-voice]")
        await reader.until(f"document.querySelector('.voice-strip')?.textContent.includes('{NO_WAY}')", 60)
        assert "live" not in await tab.page.evaluate("[...states]")
        await reader.say("my order number is 4711")
        await reader.says("cello bow")
        assert tab.errors == []


async def test_a_stream_that_takes_a_websockets_place_does_not_carry_the_voice_on(quiet: Path) -> None:
    port = free_port()
    async with (
        running("demo", "--ears", "auto", "--voice", "espeak", "--media-port", str(port)) as hub,
        Link(port, Random(1), lost=lambda _: True).open() as link,
        launched(quiet) as browser,
        opened(browser, hub.url, script=detour(port, link.port)) as tab,
    ):
        reader = Reader(tab)
        await reader.live()
        await reader.agent_here()
        await tab.page.evaluate(NO_CALL)
        await tab.page.click("[data-voice]")
        await reader.until("legatoVoice.current.way === 'connection' && legatoVoice.sounding !== null", 60)
        await tab.page.evaluate(NO_SOCKET)
        await reader.until("legato.view.way === 'stream' && legato.view.phase === 'live'", 30)
        await reader.until(
            "legatoVoice.current.state === 'calling' && legatoVoice.current.way === 'call'", 30
        )
        assert tab.errors == []
