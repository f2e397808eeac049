"""The demo's page in Firefox: text as anywhere; a call, where this machine has an address that Firefox calls."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from pathlib import Path

import pytest

from signaling.demo.lan import lan_address
from tests.support.demo_hub import demo_hub
from tests.support.firefox import Firefox, firefox
from tests.support.page import ARTEFACTS

pytestmark = [pytest.mark.e2e, pytest.mark.voice, pytest.mark.timeout(180)]

ENTER = "\ue007"
LONG_S = 60.0

REFUSES = """() => {
  globalThis.AudioContext = class extends AudioContext {
    constructor(options) {
      super(options);
      this.forced = options?.sampleRate !== undefined;
    }
    createMediaStreamSource(stream) {
      if (this.forced) throw new DOMException("another rate", "NotSupportedError");
      return super.createMediaStreamSource(stream);
    }
  };
}"""
"""A Firefox of some years, whose loudspeaker has another rate than the hub."""


async def say(browser: Firefox, text: str) -> None:
    await browser.press("#words")
    await browser.type(text + ENTER)


async def says(browser: Firefox, words: str) -> None:
    await browser.until(f"document.querySelector('.transcript')?.textContent.includes('{words}')", LONG_S)


async def test_firefox_types_survives_a_killed_hub_and_calls(tmp_path: Path) -> None:
    address = await asyncio.to_thread(lan_address)
    # Firefox gathers no loopback addresses: a call needs another one, if there is one.
    callable = not ip_address(address).is_loopback
    options = ("--media-address", address) if callable else ()
    async with demo_hub(tmp_path / "data", *options) as url, firefox() as browser:
        await browser.open(url)
        await browser.until(
            "globalThis.legato?.view?.phase === 'live' && legato.view.state.responder", LONG_S
        )
        await say(browser, "tell me a story")
        await says(browser, "In the third bar")
        node = await browser.evaluate("legato.node")
        await browser.press(".breaks button")
        await browser.until(f"legato.view.phase === 'live' && legato.node !== '{node}'", LONG_S)
        await says(browser, "not one word of it comes twice.")
        tally = await browser.evaluate(
            "(({ lost, doubled }) => [lost, doubled])(document.querySelector('.result').dataset)"
        )
        assert tally == ["0", "0"]
        await browser.press("[data-voice]")
        await browser.until("legatoVoice.current.microphone === 'open'", LONG_S)
        if callable:
            await browser.until("legatoVoice.current.state === 'live'", LONG_S)
            await browser.until(
                "Object.values(legato.view.state.attachments).some((one) => one.call !== '')", LONG_S
            )
        await say(browser, "my order number is 4711")
        await says(browser, "cello bow")
        await asyncio.to_thread(ARTEFACTS.mkdir, exist_ok=True)
        await browser.shot(ARTEFACTS / "page-firefox.png")


async def test_an_older_firefox_whose_loudspeaker_has_another_rate_takes_sound_in_and_out(
    tmp_path: Path,
) -> None:
    async with demo_hub(tmp_path / "data") as url, firefox() as browser:
        await browser.before(REFUSES)
        await browser.open(url)
        await browser.until(
            "globalThis.legato?.view?.phase === 'live' && legato.view.state.responder", LONG_S
        )
        await browser.press("[data-voice]")
        await browser.until("['open', 'denied', 'absent'].includes(legatoVoice.current.microphone)", LONG_S)
        assert await browser.evaluate("legatoVoice.current.microphone") == "open"
        # Without a sound card no context of this browser runs: whether this one would take a call in has to do.
        took = "legatoVoice.output.context.createMediaStreamSource(new MediaStream([legatoVoice.microphone.track]))"
        assert await browser.evaluate(f"{took}.numberOfOutputs") == 1
