"""Voice as somebody at the page meets it: first words, a microphone that is not there, what was said heard again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Page

from media.engines.openai import wav
from signaling.demo import brain
from tests.support.chromium import Tab, launched, opened
from tests.support.demo_hub import demo_hub
from tests.support.page import Reader, serious_findings
from tests.support.spoken import silence, speech_wav

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.voice,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]

FAKE_DEVICES: Final = "--use-fake-device-for-media-stream"
VOICE_S: Final = 40.0
"""How long the first words may take on a machine that does a lot else."""

QUESTION: Final = "Where is my order, number four seven one one?"
SAYS_S: Final = 14.0
"""In so long the question is said all through at least once."""
LISTEN: Final = "() => { globalThis.seen = []; legato.onEvents((events) => seen.push(...events)); }"
TURNS: Final = "() => seen.filter((event) => event.type === 'turn_started').length"

AT_WORD: Final = """(word) => {
  const text = [...document.querySelectorAll(".audible")].at(-1);
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const place = node.nodeValue.indexOf(word);
    if (place < 0) continue;
    const range = document.createRange();
    range.setStart(node, place);
    range.setEnd(node, place + word.length);
    const { x, y, width, height } = range.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  }
}"""
ROOM: Final = (
    "(({ clientWidth, clientHeight }) => [clientWidth, clientHeight])(document.querySelector('#words'))"
)
BUSY: Final = """() => {
  // No flag of Chromium makes another program have its fake device.
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotReadableError"));
}"""
MARKED: Final = "[...(CSS.highlights.get('heard-again') ?? [])].map(String).join()"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """One hub with its speech engines for all: each test has a browser and a session of its own."""
    async with demo_hub(tmp_path_factory.mktemp("hub") / "data") as url:
        yield url


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A microphone into which nobody speaks."""
    file = tmp_path_factory.mktemp("sound") / "quiet.wav"
    file.write_bytes(wav(silence(5_000), 48_000))
    return file


@asynccontextmanager
async def visiting(
    hub: str,
    microphone: Path | None = None,
    *,
    arguments: Sequence[str] = (),
    without: Sequence[str] = (),
    permissions: Sequence[str] = ("microphone",),
) -> AsyncIterator[Reader]:
    """Somebody at the page, who has not clicked anything yet."""
    async with (
        launched(microphone, arguments=arguments, without=without) as browser,
        opened(browser, hub, permissions) as tab,
    ):
        reader = Reader(tab)
        await reader.live()
        await reader.agent_here()
        yield reader


async def microphone_is(reader: Reader, state: str) -> None:
    """The voice is on, and the strip says so of the microphone."""
    await reader.until(f"document.querySelector('.voice-strip')?.dataset.microphone === '{state}'", VOICE_S)


async def type_and_be_answered(reader: Reader) -> None:
    await reader.say("my order number is 4711")
    await reader.says("cello bow")


async def test_whoever_comes_is_told_what_can_be_tried_and_hears_it_at_the_first_click(
    hub: str, quiet: Path
) -> None:
    async with visiting(hub, quiet) as reader:
        await reader.says("Press Talk to speak with me")
        await reader.page.click("[data-voice]")
        await reader.until("legatoVoice.output.level() > 0.02", VOICE_S)
        await reader.says("Hello!")
        await reader.until("document.querySelectorAll('.again').length === 1")
        await reader.page.reload()
        await reader.live()
        await reader.until("legatoVoice.current.state === 'live'")
        await reader.page.click("text='Where is order 4711?'")
        await reader.says("cello bow")
        texts = list((await reader.texts()).values())
        assert texts.count(brain.WELCOME) == 1
        assert len([text for text in texts if text.startswith("Hello!")]) == 1, (
            "who comes back is not greeted"
        )
        assert reader.tab.errors == []


async def test_a_spoken_answer_is_stopped_and_any_word_of_it_heard_again(hub: str, quiet: Path) -> None:
    async with visiting(hub, quiet) as reader:
        page = reader.page
        await page.click("[data-voice]")
        await reader.until("document.querySelector('[data-speech=cut] .again')", VOICE_S)
        await reader.say("tell me a story")
        await reader.until(
            "Object.values(legato.view.state.entries).some((one) => one.parts?.[0]?.text?.startsWith('Legato means')"
            " && one.ordinal > 0 && Object.values(one.heard)[0] > 30)",
            VOICE_S,
        )
        shown = list((await reader.texts()).values())[-1]
        assert len(shown) < len(brain.STORY) / 2, "who listens reads a sentence ahead, not the end"
        await page.keyboard.press("Escape")
        await reader.says("heard until the mark")
        await reader.until("document.querySelector('[aria-label=\"Stop the answer\"]') === null")
        await reader.shot("voice-stopped")
        await page.click("text='Show the rest'")
        assert brain.STORY in (await reader.texts()).values()
        await page.click("[data-voice]")
        await heard_from(page, reader, "break")
        await reader.shot("voice-heard-again")
        await page.click("[aria-label='Stop the replay']")
        await page.reload()
        await reader.live()
        await heard_from(page, reader, "between")
        assert reader.tab.errors == []


async def test_who_is_muted_is_not_heard_and_is_once_they_unmute(hub: str) -> None:
    asking = await asyncio.to_thread(speech_wav, QUESTION, lead_ms=1_000, tail_ms=4_000)
    async with visiting(hub, asking) as reader:
        page = reader.page
        await reader.say("thanks")  # who has said something is not greeted aloud
        await reader.quiet()
        await page.evaluate(LISTEN)
        await page.click("[data-voice]")
        await page.click("[aria-label=Mute]", timeout=VOICE_S * 1000)
        await reader.until("document.querySelector('.voice-state')?.textContent.includes('nobody hears you')")
        await reader.until("legatoVoice.current.state === 'live'", VOICE_S)
        # What was said before the click may still end.
        await reader.until(
            "Object.values(legato.view.state.turns).every((turn) => turn.status !== 'speaking')"
        )
        await reader.quiet()
        turns = await page.evaluate(TURNS)
        await asyncio.sleep(SAYS_S)  # the question is said again and again, into nothing
        assert await page.evaluate(TURNS) == turns, "no turn began"
        await page.click("[aria-label=Unmute]")
        await reader.until(f"({TURNS})() > {turns}", VOICE_S)
        await reader.says("cello bow")
        assert reader.tab.errors == []


async def heard_from(page: Page, reader: Reader, word: str) -> None:
    """A click on the word plays from there on: it is marked, and the mark moves on."""
    at = await page.evaluate(AT_WORD, word)
    await page.mouse.click(*at)
    await reader.until("document.querySelector('[data-sounds=true]')", VOICE_S)
    await reader.until(f"{MARKED} !== ''")
    first = await page.evaluate(MARKED)
    shown = await page.evaluate("[...document.querySelectorAll('.audible')].at(-1).textContent")
    near = shown.split().index(word)
    assert first in shown.split()[near - 2 : near + 4]
    await reader.until(f"{MARKED} !== '{first}'")


async def test_without_permission_the_page_says_so_and_goes_on(hub: str) -> None:
    denied = ["--use-fake-ui-for-media-stream=deny"]
    async with visiting(hub, arguments=denied, permissions=()) as reader:
        await reader.page.click("[data-voice]")
        await microphone_is(reader, "denied")
        strip = await reader.page.text_content(".voice-strip")
        assert strip is not None
        assert "does not let this page use the microphone" in strip
        await reader.page.set_viewport_size({"width": 360, "height": 740})
        await reader.shot("microphone-denied")
        await type_and_be_answered(reader)


async def test_without_a_microphone_the_page_says_so_and_goes_on(hub: str) -> None:
    async with visiting(hub, without=[FAKE_DEVICES]) as reader:
        await reader.page.click("[data-voice]")
        await microphone_is(reader, "absent")
        await reader.shot("microphone-absent")
        await type_and_be_answered(reader)


async def test_a_microphone_whose_permission_is_taken_away_and_given_back(hub: str, quiet: Path) -> None:
    async with visiting(hub, quiet) as reader:
        await reader.page.click("[data-voice]")
        await microphone_is(reader, "open")
        await allowed(reader.tab, "denied")
        await microphone_is(reader, "denied")
        await allowed(reader.tab, "granted")
        await microphone_is(reader, "open")
        await type_and_be_answered(reader)


async def test_an_unplugged_microphone_is_told_and_used_again_once_it_is_back(hub: str, quiet: Path) -> None:
    async with visiting(hub, quiet) as reader:
        await reader.page.click("[data-voice]")
        await microphone_is(reader, "open")
        # No flag of Chromium unplugs its fake device: what the page is told then, it is told here.
        await reader.page.evaluate("legatoVoice.microphone.track.dispatchEvent(new Event('ended'))")
        await microphone_is(reader, "lost")
        await reader.page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
        await microphone_is(reader, "open")
        await reader.page.select_option("select[aria-label='Microphone']", index=1)
        await reader.until("legatoVoice.current.device !== '' && legatoVoice.current.microphone === 'open'")


async def test_another_microphone_that_cannot_be_opened_leaves_the_one_that_is_heard(
    hub: str, quiet: Path
) -> None:
    async with visiting(hub, quiet) as reader:
        await reader.page.click("[data-voice]")
        await microphone_is(reader, "open")
        await reader.until("legatoVoice.current.state === 'live'", VOICE_S)
        await reader.page.evaluate(BUSY)
        await reader.page.select_option("select[aria-label='Microphone']", index=1)
        await reader.until(
            "document.querySelector('.voice-state')?.textContent.includes('could not be opened')"
        )
        await reader.shot("microphone-refused")
        await microphone_is(reader, "open")
        assert await reader.page.input_value("select[aria-label='Microphone']") == ""
        assert await reader.page.evaluate("legatoVoice.microphone.track.readyState") == "live"
        await reader.page.click("[aria-label=Mute]")
        assert not await reader.page.evaluate("legatoVoice.microphone.track.enabled")
        await reader.page.click("[aria-label=Hold]")
        for name in ("Unmute", "Go on"):
            # A name that says what it does next, and "pressed", would be the opposite of each other.
            assert await reader.page.get_attribute(f"[aria-label='{name}']", "aria-pressed") is None
        assert reader.tab.errors == []


async def allowed(tab: Tab, setting: str) -> None:
    """Change the page's permission, as somebody does beside the address."""
    assert tab.context.browser is not None
    there = await tab.context.new_cdp_session(tab.page)
    context = (await there.send("Target.getTargetInfo"))["targetInfo"]["browserContextId"]
    everywhere = await tab.context.browser.new_browser_cdp_session()
    await everywhere.send(
        "Browser.setPermission",
        {
            "permission": {"name": "microphone"},
            "setting": setting,
            "origin": tab.page.url.partition("#")[0].rstrip("/"),
            "browserContextId": context,
        },
    )


@pytest.mark.timeout(240)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious_while_somebody_talks_and_while_they_hear_it_again(
    hub: str, quiet: Path, scheme: str
) -> None:
    async with launched(quiet) as browser:
        context = await browser.new_context(
            bypass_csp=True,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": 360, "height": 740},
            permissions=["microphone"],
        )
        reader = Reader(Tab(await context.new_page(), context))
        await reader.page.goto(hub)
        await reader.live()
        await reader.page.click("[data-voice]")
        # On a machine that does a lot else it may be over by then.
        await reader.until("document.querySelector('[data-speech=here], .again')", VOICE_S)
        assert await serious_findings(reader.page) == []
        width, height = await reader.page.evaluate(ROOM)
        assert width > 200, "there is room for words"
        assert height < 50, "what stands for them takes one line"
        await reader.shot(f"talking-{scheme}")
        await reader.until(
            "document.querySelector('.again') && !document.querySelector('[data-speech=here]')", VOICE_S
        )
        await reader.page.focus(".again")
        await reader.page.keyboard.press("Enter")
        await reader.until("document.querySelector('[data-sounds=true]')", VOICE_S)
        assert await serious_findings(reader.page) == []
        await reader.shot(f"heard-again-{scheme}")
        assert await reader.page.evaluate("document.documentElement.scrollWidth") <= 360
        await context.close()


async def test_two_windows_hear_one_answer_once_and_the_other_reads_it(hub: str, quiet: Path) -> None:
    async with visiting(hub, quiet) as reader:
        async with reader.tab.context.expect_page() as opening:
            await reader.page.click("button:text-is('second device')")
        other = Reader(Tab(await opening.value, reader.tab.context))
        await other.live()
        await reader.page.click("[data-voice]")
        await other.until("document.querySelector('[data-speech=elsewhere]')", VOICE_S)
        await asyncio.gather(*(each.says("kill the hub while I tell it") for each in (reader, other)))
