"""Judges on real speech, and on what is not speech."""

from __future__ import annotations

import random
from array import array

import pytest

from media.activity import PER_MS, Activity, SpeechEnded, SpeechMark, SpeechStarted
from media.detectors import JUDGE_RATE, WINDOW_BYTES, EnergyGate, Judge, best_judge, cheap_judge
from tests.media.builders import tone
from tests.support.spoken import silence, speech_pcm

SENTENCE = "Please look up order four seven one one, and tell me when it will arrive."


def marks(judge: Judge, pcm: bytes) -> list[SpeechMark]:
    activity, found = Activity(), list[SpeechMark]()
    for at in range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES):
        begin = at // 2 * 3  # 16 kHz to 48
        found += activity.feed(judge.speech(pcm[at : at + WINDOW_BYTES]), begin, begin + 960)
    return found


def noise(milliseconds: int, level: float, seed: int = 1) -> bytes:
    source = random.Random(seed)
    count = JUDGE_RATE * milliseconds // 1000
    return array("h", (int(source.gauss(0, level * 32767)) for _ in range(count))).tobytes()


def add(one: bytes, two: bytes) -> bytes:
    pairs = zip(array("h", one), array("h", two), strict=True)
    return array("h", (max(-32768, min(32767, a + b)) for a, b in pairs)).tobytes()


def music(milliseconds: int) -> bytes:
    """A melody of three harmonics, note after note."""
    notes = [262, 330, 392, 523, 440, 349, 294, 262]
    length = JUDGE_RATE * milliseconds // 1000 // len(notes)
    pcm = b""
    for hertz in notes:
        note = tone(hertz, length, JUDGE_RATE, 0.15)
        for harmonic in (2, 3):
            note = add(note, tone(hertz * harmonic, length, JUDGE_RATE, 0.1 / harmonic))
        pcm += note
    return pcm


@pytest.mark.voice
@pytest.mark.parametrize("make", [cheap_judge, best_judge])
@pytest.mark.parametrize("level", [0.0, 0.003])
def test_a_spoken_sentence_is_found_where_it_is(make: object, level: float) -> None:
    judge = make()  # type: ignore[operator]
    spoken = speech_pcm(SENTENCE, JUDGE_RATE)
    pcm = silence(1500, JUDGE_RATE) + spoken + silence(1500, JUDGE_RATE)
    length = len(pcm) // 2 * 1000 // JUDGE_RATE
    heard = marks(judge, add(pcm, noise(length + 1, level)[: len(pcm)]))
    assert isinstance(heard[0], SpeechStarted)
    assert isinstance(heard[-1], SpeechEnded)
    assert abs(heard[0].at - 1500 * PER_MS) < 250 * PER_MS
    end = (1500 * PER_MS) + len(spoken) // 2 * 3
    assert abs(heard[-1].at - end) < 350 * PER_MS
    voiced = sum(ended.at - begun.at for begun, ended in zip(heard[::2], heard[1::2], strict=True))
    assert voiced > 0.7 * (len(spoken) // 2 * 3)


@pytest.mark.voice
def test_the_best_judge_takes_neither_noise_nor_music_for_speech() -> None:
    for pcm in (silence(4000, JUDGE_RATE), noise(4000, 0.003), noise(4000, 0.05), music(4000)):
        spoken = sum(
            ended.at - begun.at
            for begun, ended in zip(*(iter([*marks(best_judge(), pcm), SpeechEnded(0)]),) * 2, strict=False)
        )
        assert spoken <= 300 * PER_MS


def test_without_a_network_silence_and_quiet_noise_are_not_speech() -> None:
    for pcm in (silence(3000, JUDGE_RATE), noise(3000, 0.001), tone(50, JUDGE_RATE, JUDGE_RATE, 0.001)):
        assert marks(cheap_judge(), pcm) == []


def test_the_gate_learns_a_hum_and_still_hears_over_it() -> None:
    gate = EnergyGate()
    window = tone(100, 320, JUDGE_RATE, 0.01)
    for _ in range(1000):
        gate.speech(window)
    assert gate.speech(window) is False
    assert gate.speech(tone(100, 320, JUDGE_RATE, 0.1)) is True
