"""Stages of an answer are told once, on one clock; a greeting is made once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from msgspec.structs import replace

from legato.session import events as e
from legato.speech import Spoken, Word
from media.speaker import Speaker, Speech
from media.voice.eager import EagerVoice
from media.voice.marks import KEPT, Marks
from media.voice.prompts import LONGEST, MOST_FRAMES, Prompts
from media.voice.recordings import Plan
from tests.media.builders import tone


def test_a_stage_is_told_once_relative_to_the_end_of_speech() -> None:
    marks = Marks()
    marks.ended("u_1", 5_000)
    marks.answered("r_1", "u_1")
    (mark,) = marks.reached("first_word", "r_1", 5_250)
    assert isinstance(mark, e.TurnMarked)
    assert (mark.turn, mark.at_ms) == ("u_1", 250)
    assert marks.reached("first_word", "r_1", 5_900) == []
    assert len(marks.reached("first_audio_out", "r_1", 5_900)) == 1


def test_what_no_spoken_turn_asked_for_has_no_stages() -> None:
    marks = Marks()
    marks.answered("r_1", "u_1")
    assert marks.reached("first_word", "r_1", 1) == []


def test_only_the_newest_turns_are_remembered() -> None:
    marks = Marks()
    for number in range(KEPT + 1):
        marks.ended(f"u_{number}", 0)
        marks.answered(f"r_{number}", f"u_{number}")
    assert marks.reached("heard", "r_0", 1) == []
    assert marks.reached("heard", f"r_{KEPT}", 1) != []


class Counting:
    """A voice that begins with 50 ms of silence, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def speak(self, text: AsyncIterator[str]) -> AsyncGenerator[Spoken, None]:
        self.asked += 1
        async for piece in text:
            pcm = bytes(2 * 800) + tone(300, 4_800, 16_000)
            yield Spoken(pcm, 16_000, (Word(piece, 2_400, 12_000),), len(piece))


async def test_what_is_prepared_is_spoken_once() -> None:
    voice = Counting()
    prompts = Prompts(Speaker(voice))
    await prompts.prepare("Hello.")
    await prompts.prepare("Hello.")
    assert voice.asked == 1
    speech = prompts.get("Hello.")
    assert speech is not None
    assert speech[-1].last
    assert prompts.get("Goodbye.") is None


def test_prepared_speech_is_bounded_and_the_least_used_leaves() -> None:
    prompts = Prompts(None)
    half = (Speech((b"x",) * (MOST_FRAMES // 2), 0, 1, (), last=True),)
    prompts.put("one", half)
    prompts.put("two", half)
    prompts.get("one")
    prompts.put("three", half)
    assert [text for text in ("one", "two", "three") if prompts.get(text)] == ["one", "three"]
    prompts.put("x" * (LONGEST + 1), half)
    assert prompts.get("x" * (LONGEST + 1)) is None


async def test_an_eager_voice_leaves_out_the_silence_before_the_first_word() -> None:
    async def text() -> AsyncIterator[str]:
        yield "One."
        yield "Two."

    pieces = [piece async for piece in EagerVoice(Counting()).speak(text())]
    cut = (800 - 2 * 16) * 3
    assert abs(len(pieces[0].pcm) // 2 - (4_800 + 32)) <= 2
    assert abs(pieces[0].words[0].start - (2_400 - cut)) <= 6
    assert len(pieces[1].pcm) // 2 == 5_600, "only before the first word"
    assert abs(pieces[1].words[0].end - (12_000 - cut)) <= 6


def test_a_mix_has_of_speech_what_was_heard() -> None:
    plan = Plan()
    plan.see(e.VoiceStarted(by="hub", attachment="a", call="c", track="t_mic", time=1_000))
    queued = e.SpeechQueued(by="hub", message="m", track="", start=0, end=9_600, characters=1)
    plan.see(replace(queued, track="t_old", time=2_000))
    plan.see(e.HeardSettled(by="hub", message="m", participant="p", characters=1, samples=1_920))
    plan.see(replace(queued, track="t_new", samples=2_880, time=9_000))
    plan.see(e.HeardSettled(by="hub", message="m", participant="p", characters=9, samples=8_640, final=True))

    def kept(track: str) -> list[int]:
        silent = plan.unheard(track)
        return [at for at in range(0, 9_600, 960) if silent.holes(at, at + 960)]

    assert kept("t_old") == [0, 960, 1_920], "up to where the new stretch begins"
    assert kept("t_new") == list(range(0, 5_760, 960))
    assert kept("t_mic") == list(range(0, 9_600, 960)), "people are always in it"
    assert plan.began["t_new"] - plan.began["t_old"] == 7_000 * 48
