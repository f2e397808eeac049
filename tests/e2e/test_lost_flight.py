"""The browser's last flight of the handshake never comes: a real Chromium hears all the same, and waits for nothing."""

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

CHANGE_CIPHER: Final = 20
"""What a DTLS server's last flight begins with."""

HEARD: Final = "legatoVoice.current.state === 'live' && legatoVoice.sounding !== null"


async def test_calls_stand_though_the_browsers_last_flight_is_lost_each_time(tmp_path: Path) -> None:
    quiet, port, lost = tmp_path / "quiet.wav", free_port(), 0
    quiet.write_bytes(wav(silence(5_000), 48_000))

    def last_flight(datagram: bytes) -> bool:
        nonlocal lost
        lost += datagram[0] == CHANGE_CIPHER
        return datagram[0] == CHANGE_CIPHER

    async with (
        running("demo", "--ears", "auto", "--voice", "espeak", "--media-port", str(port)) as hub,
        Link(port, Random(1), lost=last_flight).open() as link,
        launched(quiet) as browser,
        opened(browser, hub.url, script=detour(port, link.port)) as tab,
    ):
        reader = Reader(tab)
        await reader.live()
        await tab.page.click("[data-voice]")
        await reader.until(HEARD, 40)
        for _ in range(3):
            await tab.page.evaluate(
                "() => { globalThis.left = legatoVoice.sounding.by; legatoVoice.redial(); }"
            )
            await reader.until(f"{HEARD} && legatoVoice.sounding.by !== left", 20)
            # The microphone is kept only if the hub takes what this call protects.
            kept = "legato.view.state.attachments[legato.view.attachment].call !== ''"
            await reader.until(kept)
        assert lost > 0
        assert tab.errors == []
