"""Somebody speaks into a real Chromium and reloads the page: what a cut of the network lost with it is named, and
whoever muted it stays muted."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from media.opus import duration
from signaling.bench.link import detour, free_port
from signaling.bench.pilots import packets_in
from tests.e2e.test_speaking_through_gaps import ACKS, recorded
from tests.support.chromium import launched, opened
from tests.support.demo_hub import demo_hub
from tests.support.demo_page import LISTEN, DemoPage
from tests.support.proxy import UdpProxy
from tests.support.sound import samples_of, strength, tone, write_wav

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

SECOND: Final = 48_000
CUT_S: Final = 2
NEAR: Final = SECOND // 4
"""Between what the page and the hub call the beginning and the end of the cut."""

HERTZ: Final = 440
LOUD: Final = 1_000.0
"""Of the tone's 13 000: whoever is heard. Silence has some rounding."""
QUIET: Final = 10.0

BEGINS: Final = SECOND
"""Until then some microphones give a piece, then nothing."""

KEPT: Final = "(JSON.parse(sessionStorage.getItem('legato:said') ?? '[]').at(-1)?.until ?? 0)"
LEFT: Final = f"globalThis.left = {KEPT};"
"""What the page before had kept when it went."""

GAPS: Final = f"() => legato.view.state.gaps.filter(([, start]) => start > {BEGINS})"


async def speaks(page: DemoPage, seconds: float) -> None:
    """Its microphone is acknowledged up to there."""
    await page.tab.page.evaluate(ACKS)
    await page.until(f"acks.length > 0 && acks.at(-1).until > {seconds * SECOND}", 40)


async def reloads(page: DemoPage, udp: UdpProxy) -> tuple[str, list[Any]]:
    """The page is reloaded, then its network is there, and its next microphone acknowledged: the track before, and the
    gaps that the log has of it."""
    track = str(await page.tab.page.evaluate("() => acks.at(-1).track"))
    await page.tab.page.reload()
    udp.dark = False
    await page.until("globalThis.legato?.view?.phase === 'live' && globalThis.legatoVoice", 40)
    await speaks(page, 1)
    assert await page.tab.page.evaluate("() => acks.at(-1).track") != track
    return track, [gap for gap in await page.tab.page.evaluate(GAPS) if gap[0] == track]


async def test_what_was_said_in_a_cut_and_lost_by_a_reload_is_a_gap_with_its_bounds(tmp_path: Path) -> None:
    microphone = write_wav(tmp_path / "tone.wav", tone(HERTZ, 5))
    port = free_port()
    async with (
        demo_hub(tmp_path / "data", "--media-port", str(port)) as url,
        UdpProxy("127.0.0.1", port, Random(1)) as udp,
        launched(microphone=microphone) as browser,
        opened(browser, url, script=f"{detour(port, udp.port)};{LEFT}") as tab,
    ):
        page = DemoPage(tab)
        await page.until("globalThis.legato?.view?.phase === 'live' && globalThis.legatoVoice")
        await tab.page.evaluate(LISTEN)
        await tab.page.click("[data-voice]")
        await speaks(page, 3)
        udp.dark = True
        await tab.page.evaluate("() => legato.cut(60_000)")
        acked = int(await tab.page.evaluate("() => acks.at(-1).until"))
        await page.until(f"{KEPT} > {acked + CUT_S * SECOND}", 20)
        held = int(await tab.page.evaluate(f"() => {KEPT}"))
        track, gaps = await reloads(page, udp)
        ((_, start, end),) = gaps
        assert acked <= start <= acked + NEAR * 2
        assert held <= end == await tab.page.evaluate("left"), "up to the last frame before the page went"
        assert end <= held + 3 * SECOND, "a page goes some time after it is told to"
        samples = sum(duration(packet) for packet in packets_in(await recorded(url, page, track))[2:])
        assert samples == start, "the recording ends where the gap begins"

        await speaks(page, 3)
        track, gaps = await reloads(page, udp)
        samples = sum(duration(packet) for packet in packets_in(await recorded(url, page, track))[2:])
        assert sum(end - start for _, start, end in gaps) < NEAR, "but for what was on its way"
        assert all(start == samples for _, start, _ in gaps)


async def test_a_muted_microphone_is_muted_after_a_reload_from_its_first_frame_on(tmp_path: Path) -> None:
    microphone = write_wav(tmp_path / "tone.wav", tone(HERTZ, 5))
    async with (
        demo_hub(tmp_path / "data") as url,
        launched(microphone=microphone) as browser,
        opened(browser, url) as tab,
    ):
        page = DemoPage(tab)
        await page.until("globalThis.legato?.view?.phase === 'live' && globalThis.legatoVoice")
        await tab.page.click("[data-voice]")
        await speaks(page, 2)
        await tab.page.click("[aria-label=Mute]")
        before = str(await tab.page.evaluate("() => acks.at(-1).track"))
        await tab.page.reload()
        await page.until("globalThis.legato?.view?.phase === 'live' && globalThis.legatoVoice", 40)
        await page.until(
            "legatoVoice.current.state === 'live' && legatoVoice.current.microphone === 'open'", 40
        )
        await speaks(page, 3)
        assert await tab.page.evaluate("() => legatoVoice.current.muted")
        assert not await tab.page.evaluate("() => legatoVoice.microphone.track.enabled")
        track = str(await tab.page.evaluate("() => acks.at(-1).track"))
        assert before != track
        kept = samples_of(packets_in(await recorded(url, page, track))[2:])
        assert len(kept) > 2 * SECOND
        assert max(strength(kept[at : at + NEAR], HERTZ) for at in range(0, len(kept) - NEAR, NEAR)) < QUIET
        assert strength(samples_of(packets_in(await recorded(url, page, before))[2:]), HERTZ) > LOUD

        await tab.page.click("[aria-label=Unmute]")
        said = int(await tab.page.evaluate("() => acks.at(-1).until")) // SECOND
        await speaks(page, said + 3)
        await tab.page.reload()
        await page.until("globalThis.legatoVoice?.current.microphone === 'open'", 40)
        assert not await tab.page.evaluate("() => legatoVoice.current.muted"), "nobody is muted who unmuted"
        assert tab.errors == []
