"""An operator who speaks takes over a chat: what they say aloud is text to the user, who types. Everything by keys."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.e2e.test_console import Console
from tests.support.chromium import launched, opened
from tests.support.demo_hub import demo_hub
from tests.support.page import Reader, reading
from tests.support.spoken import speech_wav

pytestmark = [pytest.mark.e2e, pytest.mark.voice, pytest.mark.timeout(120)]

WORDS: Final = "Hello, this is a person. You get your money back on Monday."
SPEECH_S: Final = 60.0
SPOKEN: Final = """({ state }) => Object.values(state.entries).filter((one) => one.entry === "message"
  && one.spoken !== null && state.participants[one.by].role === "operator")"""


async def test_an_operator_who_speaks_takes_over_a_chat_and_the_user_reads_what_they_say(
    tmp_path: Path,
) -> None:
    microphone = speech_wav(WORDS, lead_ms=1_000, tail_ms=3_000)
    async with (
        demo_hub(tmp_path / "data") as url,
        launched() as callers,
        reading(callers, url) as caller,
        launched(microphone) as operators,
        opened(operators, f"{url.rstrip('/')}/console") as tab,
    ):
        desk, operator = Console(tab), Reader(tab, patience_s=SPEECH_S)
        await caller.say("where is my money")
        await caller.quiet()
        await desk.open(caller.session)
        await desk.key("l")
        await operator.until("legatoVoice.current.state === 'live'")
        assert await desk.page.get_attribute(".listening", "data-microphone") == "off"
        await desk.key("l")
        await desk.sees(".listening[data-hears='off']")
        await desk.key("a")  # which listens, too
        await desk.sees(".listening[data-hears='live'][data-microphone='armed']")
        assert await caller.page.evaluate(f"({SPOKEN})(legato.view).length") == 0
        await desk.key("t")
        await desk.place("answers")
        await desk.sees(".listening[data-microphone='live']")
        await caller.until(
            f"({SPOKEN})(legato.view).some((one) => /money/i.test(one.parts.map((part) => part.text).join('')))",
            SPEECH_S,
        )
        shown = "[...document.querySelectorAll('[data-message] .text')].map((one) => one.textContent).join()"
        await caller.until(f"/person/i.test({shown}) && /monday/i.test({shown})", SPEECH_S)
        waits = "Object.values(legato.view.state.turns).filter((one) => one.status === 'waiting').length"
        assert await caller.page.evaluate(waits) == 0, "it is an answer: the agent is asked nothing"
        await caller.shot("operator-spoke")
        await desk.key("h")
        await desk.place("monitor")
        await desk.sees(".listening[data-microphone='armed']")
        assert caller.tab.errors == []
