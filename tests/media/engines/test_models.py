"""The engines that come with the hub, each in its real process."""

from __future__ import annotations

import pytest

from legato.speech import SpeechFailed
from media.engines.child import Engine
from media.engines.wire import Recognise, Recognised, Say, Sound
from media.engines.words import estimate, share
from media.opus import RATE
from tests.media.builders import tone

pytestmark = pytest.mark.timeout(120)


async def sound(engine: Engine, text: str) -> Sound:
    (answer,) = await engine.ask(lambda number: Say(number, text))
    assert isinstance(answer, Sound)
    return answer


async def test_espeak_knows_the_times_of_its_words() -> None:
    async with Engine("espeak") as espeak:
        said = await sound(espeak, "Hello there, order 4711 costs 3.50 euros.")
        again = await sound(espeak, "Bye.")
        with pytest.raises(SpeechFailed):
            await espeak.ask(lambda number: Recognise(number, bytes(100), 16_000))
    assert [word.text for word in said.words] == [
        "Hello",
        "there,",
        "order",
        "4711",
        "costs",
        "3.50",
        "euros.",
    ]
    starts = [word.start for word in said.words]
    assert starts == sorted(set(starts))
    length = len(said.pcm) // 2 * RATE // said.rate
    assert starts[0] < RATE // 10
    assert said.words[-1].end <= length
    assert length > 2 * RATE
    assert [word.text for word in again.words] == ["Bye."]


@pytest.mark.voice
async def test_piper_speaks_with_estimated_word_times() -> None:
    async with Engine("piper") as piper:
        said = await sound(piper, "Your order has been sent.")
        with pytest.raises(SpeechFailed) as failed:
            await sound(piper, "…")
    assert failed.value.reason == "refused"
    assert [word.text for word in said.words] == ["Your", "order", "has", "been", "sent."]
    assert all(word.estimated for word in said.words)
    assert 0.8 < len(said.pcm) / 2 / said.rate < 4


@pytest.mark.voice
async def test_moonshine_hears_nothing_in_silence_and_refuses_no_sound() -> None:
    async with Engine("moonshine") as moonshine:
        (heard,) = await moonshine.ask(lambda number: Recognise(number, bytes(2 * 16_000), 16_000))
        with pytest.raises(SpeechFailed):
            await moonshine.ask(lambda number: Recognise(number, b"", 16_000))
    assert isinstance(heard, Recognised)
    assert heard.text == ""


def test_estimated_words_share_the_sound_between_its_silent_ends() -> None:
    pcm = bytes(16_000) + tone(300, 8_000, 8_000) + bytes(8_000)
    words = estimate("one twenty", pcm, 8_000)
    assert [word.text for word in words] == ["one", "twenty"]
    assert words[0].start == pytest.approx(RATE, abs=100)
    assert words[1].end == pytest.approx(2 * RATE, abs=100)
    assert words[0].end - words[0].start < words[1].end - words[1].start


def test_shared_times_adjoin_and_cover_the_stretch() -> None:
    words = share("a, bb 33. — dddd", 100, 1_000)
    assert (words[0].start, words[-1].end) == (100, 1_000)
    assert [word.end for word in words[:-1]] == [word.start for word in words[1:]]
    assert share("", 0, 100) == ()
