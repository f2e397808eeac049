"""A tab is duplicated while it talks: the copy finds the tab's storage, but neither its slot nor its voice."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from media.engines.openai import wav
from tests.e2e.test_page_heard import SOUND
from tests.support.chromium import extended, watched
from tests.support.page import Reader
from tests.support.processes import ROOT, running
from tests.support.spoken import silence

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

DUPLICATOR: Final = ROOT / "tests" / "support" / "duplicator"
CAME: Final = "performance.getEntriesByType('navigation')[0].type"
"""What a copy says must not be what a reloaded tab says: that one takes its slot for its own at once."""

TALKS: Final = "globalThis.legatoVoice?.current.state === 'live' && legatoVoice.output.ready"
ELSEWHERE: Final = "You are talking on your other browser"
ANSWER: Final = "You are welcome. The session stays here, should you come back."
CALLS: Final = "Object.values(legato.view.state.attachments).map((one) => one.call).filter((call) => call)"


async def test_a_duplicated_tab_is_another_and_takes_the_voice_from_none(tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.wav"
    quiet.write_bytes(wav(silence(5_000), 48_000))
    async with (
        running("demo", *SOUND) as hub,
        extended(DUPLICATOR, quiet, tmp_path / "profile") as (context, worker),
    ):
        first = Reader(watched(await context.new_page(), context))
        await first.page.goto(hub.url)
        await first.talks()
        await first.page.reload()
        await first.until(TALKS, 40)
        await first.until(f"{CALLS}.length === 1")
        calls = await first.page.evaluate(CALLS)

        async with context.expect_page() as made:
            await worker.evaluate("(address) => duplicate(address)", hub.url)
        copy = Reader(watched(await made.value, context))
        assert await copy.page.evaluate(CAME) == "back_forward"
        await told_where(copy)
        assert await copy.page.evaluate("legato.slot") != await first.page.evaluate("legato.slot")
        await copy.shot("duplicated")

        await copy.page.reload()
        await told_where(copy)
        await copy.say("thanks")
        for reader in (first, copy):
            await reader.begin_with(ANSWER, 2)  # whoever talks is shown words as they are spoken
            await reader.quiet()
            await reader.shows_the_log(hub.url)
            assert await reader.tally() == (0, 0)
            assert await reader.page.evaluate(CALLS) == calls, "the call that stood, and no other"
            assert "switched to" not in await reader.page.inner_text(".transcript"), "nothing was switched"
            assert reader.tab.errors == []
        assert await first.page.evaluate(TALKS)


async def told_where(copy: Reader) -> None:
    """The copy is connected, and its page says which tab has the voice."""
    await copy.live()
    await copy.until(f"document.body.innerText.includes({ELSEWHERE!r})")
    await copy.until("legatoVoice.current.state === 'off'")
