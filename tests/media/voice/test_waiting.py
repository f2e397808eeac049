"""An hour of two clocks that are not the same: nothing piles up, nothing runs dry, no sample is lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest

from media.frames import Frame
from media.mixer import Samples
from media.opus import FRAME, RATE, SILENCE
from media.voice.blend import HOLE, Stage
from media.voice.waiting import MOST_WAITING, READY, Waiting
from tests.media.voice.test_blend import ADA, Line, never

HOUR = 3_600 * 50
"""Beats."""
JITTER = 0.9
"""Of a frame's length, by which frames may be late."""
PPM = (-200, -50, 0, 50, 200)


def arrivals(ppm: int, random: Random) -> Iterator[int]:
    """For each beat, how many frames of a microphone came since the last: one, but for its clock and the network."""
    made, came = 0, list[float]()
    for beat in range(HOUR):
        while made * (1 - ppm / 1e6) <= beat + 1:
            came.append(made * (1 - ppm / 1e6) + random.random() * JITTER)
            made += 1
        ready = sum(1 for at in came if at <= beat)
        came = sorted(came)[ready:]
        yield ready


def ramp(number: int) -> Samples:
    return np.full(FRAME, number % 30_000, np.int16)


@pytest.mark.parametrize("ppm", PPM)
def test_a_voice_in_a_mix_neither_piles_up_nor_runs_dry_in_an_hour(ppm: int) -> None:
    waiting, made, dry, most = Waiting(), 0, 0, 0
    heard: list[int] = []
    for beat, count in enumerate(arrivals(ppm, Random(ppm))):
        for _ in range(count):
            waiting.add(ramp(made))
            made += 1
        samples = waiting.next()
        if samples is None:
            dry += beat > 10
            continue
        most = max(most, waiting.held)
        heard.append(int(samples[-1]))
    assert dry == 0
    assert waiting.lost == 0
    assert most <= 4 * FRAME, "and is heard no later for it"
    steps = [(after - before) % 30_000 for before, after in itertools.pairwise(heard)]
    assert set(steps) <= {0, 1, 2}, "each frame follows the one before"
    assert made - 1 - sum(steps) <= MOST_WAITING, "all that came was heard"


@pytest.mark.parametrize("ppm", PPM)
def test_a_voice_that_is_passed_on_for_an_hour_is_no_hole_and_leaves_no_pause(ppm: int) -> None:
    line, made = Line(), 0
    blend = line.blend
    blend.send_audio(SILENCE, FRAME)
    for beat, count in enumerate(arrivals(ppm, Random(ppm))):
        for _ in range(count):
            blend.hear("ada", Frame(made * FRAME, ADA[0]), never)
            made += 1
        line.sent.clear()  # an hour of it is much
        blend.send_audio(SILENCE, FRAME)
        if beat > 10:
            assert blend.stage is Stage.PASSING
    assert blend.left_out == 0
    assert abs(line.end - made * FRAME) <= 2 * FRAME, "its frames were all that was sent"
    blend.quiet("ada")
    before, pause = line.end, 0
    while blend.send_audio(SILENCE, FRAME) is None:
        pause += 1
    assert pause * FRAME <= HOLE
    assert line.end - before <= HOLE


def test_a_voice_begins_when_two_frames_wait_and_goes_on_where_it_ran_dry() -> None:
    waiting = Waiting()
    waiting.add(ramp(1))
    assert waiting.next() is None
    waiting.add(ramp(2))
    assert [None if (one := waiting.next()) is None else int(one[0]) for _ in range(3)] == [1, 2, None]
    waiting.add(ramp(3))
    assert waiting.next() is None, f"{READY} frames are in hand again, first"


def test_who_is_far_behind_loses_the_oldest_and_is_counted() -> None:
    waiting = Waiting()
    for number in range(MOST_WAITING + 2):
        waiting.add(ramp(number))
    assert waiting.lost == 2
    first = waiting.next()
    assert first is not None
    assert int(first[0]) == 2
    assert waiting.held == (MOST_WAITING - 1) * FRAME


def test_a_tone_that_is_stretched_is_the_same_tone() -> None:
    waiting, at = Waiting(), 0
    heard: list[Samples] = []
    for beat in range(2_000):
        for _ in range(2 if beat % 400 == 0 else 1):
            times = np.arange(at, at + FRAME)
            waiting.add((8_000 * np.sin(2 * np.pi * 440 * times / RATE)).astype(np.int16))
            at += FRAME
        samples = waiting.next()
        if samples is not None:
            heard.append(samples)
    assert waiting.pace == FRAME + 1
    joined = np.concatenate(heard).astype(np.int32)
    steepest = 8_000 * 2 * np.pi * 441 / RATE
    assert np.abs(np.diff(joined)).max() <= steepest + 2, "no click between two frames"
