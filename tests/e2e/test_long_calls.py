"""Calls of a page that has made peers before, in a real Chromium: it lets a page have five hundred, and counts closed
ones until it collects them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests.e2e.test_three_people import NOBODY
from tests.support.chromium import launched
from tests.support.page import Reader, reading
from tests.support.processes import running
from tests.support.sound import RATE, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.asyncio]

PEERS: Final = """{
  const Real = RTCPeerConnection;
  let made = 0;
  globalThis.made = () => made;
  globalThis.looking = [];
  globalThis.useUp = () => {
    try {
      for (;;) new Real().close();
    } catch (error) {
      return String(error);
    }
  };
  globalThis.RTCPeerConnection = class extends Real {
    constructor(...given) {
      super(...given);
      made += 1;
    }
    setLocalDescription(...given) {
      if (given[0]?.type !== "rollback") {
        this.looks ??= [];
        this.looks.push(made);
        if (this.looks.length === 4) looking.push(this.looks);
      }
      return super.setLocalDescription(...given);
    }
  };
}"""
"""For each time that a peer looks for addresses, how many peers there had been."""

PATIENCE_S: Final = 60.0


@asynccontextmanager
async def in_a_call(folder: Path) -> AsyncIterator[Reader]:
    """A page into whose microphone nobody speaks."""
    quiet = write_wav(folder / "quiet.wav", np.zeros(5 * RATE, dtype=np.int16))
    async with (
        running("demo", "--ears", "openai", "--voice", "none", OPENAI_BASE_URL=NOBODY) as hub,
        launched(quiet) as browser,
        reading(browser, hub.url, script=PEERS) as reader,
    ):
        await reader.talks()
        yield reader


async def test_a_call_looks_for_networks_and_makes_no_peer_for_it(tmp_path: Path) -> None:
    async with in_a_call(tmp_path) as reader:
        await reader.until("looking.length > 0", PATIENCE_S)
        looks = await reader.page.evaluate("looking[0]")
    assert looks[3] == looks[1]


async def test_a_page_that_has_used_its_peers_up_makes_another_and_calls_by_it(tmp_path: Path) -> None:
    async with in_a_call(tmp_path) as reader:
        for _ in range(2):  # one peer was made beforehand
            assert "so many" in await reader.page.evaluate("useUp()")
            made = await reader.page.evaluate("made()")
            await reader.page.evaluate("legatoVoice.redial()")
            await reader.until(f"made() > {made} && legatoVoice.current.state === 'live'", PATIENCE_S)
