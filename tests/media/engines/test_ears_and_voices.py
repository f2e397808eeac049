"""What lies between the protocols of `legato.speech` and an engine's process: cutting, holes, times, counts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from legato.speech import Heard, Pcm, Spoken
from media.engines.child import Engine, EngineOptions
from media.engines.ears import EARS_RATE, LONGEST, ChildEars, Utterance
from media.engines.voices import ChildVoice
from media.opus import RATE
from tests.media.builders import tone
from tests.support.spoken import ROOT


@pytest.fixture
async def pupil() -> AsyncIterator[Engine]:
    options = EngineOptions(environment={"PYTHONPATH": str(ROOT)})
    async with Engine("tests.media.engines.pupils", options) as engine:
        yield engine


async def track(seconds: float, start: int = 0) -> AsyncIterator[Pcm]:
    """Pieces of a fifth of a second."""
    for number in range(int(seconds * 5)):
        yield Pcm(bytes(2 * EARS_RATE // 5), EARS_RATE, start + number * RATE // 5)


async def said(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


def seconds(heard: Heard) -> float:
    """How long the sound was that the engine got."""
    return int(heard.text.split()[0]) / 2 / EARS_RATE


async def test_an_utterance_is_recognised_once_when_it_ends(pupil: Engine) -> None:
    (heard,) = [heard async for heard in ChildEars(pupil).hear(track(3, start=RATE))]
    assert heard.final
    assert (heard.start, heard.end) == (RATE, 4 * RATE)
    assert seconds(heard) == 3


async def test_guesses_come_while_somebody_speaks_if_they_are_wanted(pupil: Engine) -> None:
    heard = [heard async for heard in ChildEars(pupil, guess_every=1000).hear(track(2.6))]
    assert [(each.final, seconds(each)) for each in heard] == [(False, 1.0), (False, 2.0), (True, 2.6)]


async def test_who_never_pauses_is_heard_in_parts(pupil: Engine) -> None:
    heard = [heard async for heard in ChildEars(pupil).hear(track(60))]
    longest = LONGEST / EARS_RATE
    assert [(each.final, seconds(each)) for each in heard] == [
        (True, longest),
        (True, longest),
        (True, 60 - 2 * longest),
    ]
    assert [each.start for each in heard] == [0, int(longest * RATE), int(2 * longest * RATE)]


async def test_no_sound_is_nothing_heard(pupil: Engine) -> None:
    assert [heard async for heard in ChildEars(pupil).hear(track(0))] == []


def test_a_hole_in_an_utterance_is_silence_and_not_endless() -> None:
    utterance = Utterance()
    utterance.add(Pcm(bytes(640), 16_000, 0))
    utterance.add(Pcm(bytes(640), 16_000, 960 + 4800))
    assert utterance.samples == 640 + 1600
    utterance.add(Pcm(bytes(640), 16_000, RATE * 3600))
    assert utterance.samples == 640 + 1600 + 320 + 16_000


def test_an_utterance_may_change_its_rate() -> None:
    utterance = Utterance()
    utterance.add(Pcm(tone(300, 16_000, 16_000), 16_000, 0))
    utterance.add(Pcm(tone(300, 48_000, 48_000), 48_000, RATE))
    assert abs(utterance.samples - 32_000) < 50
    assert utterance.heard("", (), final=True).end == 2 * RATE


async def test_a_voice_speaks_piece_after_piece_and_counts_the_characters(pupil: Engine) -> None:
    spoken: list[Spoken] = [piece async for piece in ChildVoice(pupil).speak(said("abc", " … ", "defgh"))]
    assert [len(piece.pcm) // 2 for piece in spoken] == [3, 1, 5, 1]
    assert [piece.characters for piece in spoken] == [0, 3, 0, 11]


async def test_the_words_of_a_second_piece_follow_the_first() -> None:
    async with Engine("espeak") as espeak:
        spoken = [piece async for piece in ChildVoice(espeak).speak(said("Hello there.", "Good bye."))]
    words = [word for piece in spoken for word in piece.words]
    assert [word.text for word in words] == ["Hello", "there.", "Good", "bye."]
    length = sum(len(piece.pcm) // 2 * RATE // piece.rate for piece in spoken)
    assert words[2].start >= len(spoken[0].pcm) // 2 * RATE // spoken[0].rate
    assert [word.start for word in words] == sorted({word.start for word in words})
    assert words[-1].end <= length
