"""A microphone whose clock is off: its track has every frame once, and a mix puts each where it was said."""

from __future__ import annotations

import io
from random import Random

import numpy as np
import pytest

from legato.session import events as e
from legato.session.parts import Part, Spoken
from media.drift import MOST, WINDOW, Drift
from media.opus import FRAME, RATE
from media.recording import Side, Voice, write_mix
from media.timeline import PER_MS, Timeline
from media.voice.recordings import Plan
from tests.media.test_recording import onset, samples_of, spoken

HOUR_S = 3_600
MILLION = 1_000_000
NEAR = 40 * PER_MS


def really(media_time: int, ppm: int) -> int:
    """When that was said, in samples of the session's clock: a fast clock (above 0) counts too many."""
    return media_time * MILLION // (MILLION + ppm)


def an_hour(ppm: int, seed: int, *, jitter_ms: int = 100) -> Plan:
    """What the log has of an hour in which somebody ends a turn every twenty seconds or so."""
    random, plan, at = Random(seed), Plan(), 0
    plan.see(e.VoiceStarted(by="hub", attachment="a", call="c", track="t_mic", time=0))
    number = 0
    while (at := at + random.randint(10, 30) * RATE) < HOUR_S * RATE:
        number += 1
        time = really(at, ppm) // PER_MS + random.randint(0, jitter_ms)
        turn = f"u_{number}"
        mark = e.TurnMarked(by="hub", turn=turn, mark="end_of_turn", at_ms=300, media_time=at, time=time)
        said = e.MessagePosted(
            by="p", message=f"m_{number}", parts=[Part("text", "yes")], turn=turn, ends_turn=True,
            spoken=Spoken("t_mic", at - 2 * RATE, at), time=time + 700,
        )  # fmt: skip
        for event in (mark, said):
            plan.see(event)
    return plan


@pytest.mark.parametrize("ppm", [-200, -50, 0, 50, 200])
@pytest.mark.parametrize("seed", range(4))
def test_an_hour_of_a_clock_that_is_off_stays_within_40_ms_of_its_true_place(ppm: int, seed: int) -> None:
    drift = an_hour(ppm, seed).drift("t_mic")
    off = [at + drift.at(at) - really(at, ppm) for at in range(0, HOUR_S * RATE, RATE)]
    assert max(map(abs, off)) <= NEAR
    uncorrected = HOUR_S * RATE - really(HOUR_S * RATE, ppm)
    assert abs(ppm) < 200 or abs(uncorrected) > 15 * NEAR, "it would have been far off"


@pytest.mark.parametrize("ppm", [-200, 200])
def test_its_track_has_no_gap_and_no_doubled_frame(ppm: int) -> None:
    timeline = Timeline()
    for number in range(HOUR_S * 50):
        at = number * FRAME
        now = really(at, ppm) // PER_MS
        placed = timeline.place(7, 65_500 + number & 0xFFFF, 2**32 - RATE + at & 0xFFFFFFFF, FRAME, now)
        assert placed == at
        if number % 3_000 == 2_999:
            assert timeline.holes(at - 2_999 * FRAME, at + FRAME) == []


def test_frames_that_are_moved_by_it_still_touch_each_other() -> None:
    drift = Drift()
    for number in range(13):
        drift.see(number * WINDOW, number * WINDOW + number * WINDOW * 400 // MILLION)
    voice = Voice((), Side.LEFT, 7, drift)
    for frame in range(0, 12 * WINDOW, 997 * FRAME):
        length = voice.place(frame + FRAME) - voice.place(frame)
        assert FRAME <= length <= FRAME + 1


def test_nothing_is_believed_that_no_clock_does() -> None:
    drift = Drift()
    drift.see(0, 0)
    drift.see(WINDOW, WINDOW + 60 * RATE)
    assert drift.at(WINDOW) == WINDOW * MOST // MILLION
    assert Drift().at(5 * WINDOW) == 0


def test_late_sightings_of_a_clock_that_is_right_move_nothing() -> None:
    drift = Drift()
    for at in range(0, 10 * WINDOW, WINDOW // 10):
        late = 0 if at % WINDOW == WINDOW // 2 else 90 * PER_MS
        drift.see(at, at + late)
    assert {drift.at(at) for at in range(0, 10 * WINDOW, WINDOW // 7)} == {0}


def test_a_mix_says_it_where_it_was_said() -> None:
    begin, drift = 30 * 60 * RATE, Drift()
    for at in range(0, 12 * WINDOW, WINDOW):
        drift.see(at, at - at * 200 // MILLION)
    out = io.BytesIO()
    heard = spoken(begin, 440, 150)
    write_mix([Voice(heard, Side.LEFT, RATE - begin, drift)], out)
    left = samples_of(out.getvalue())[:, 0].astype(np.int32)
    expected = RATE - begin * 200 // MILLION
    assert abs(onset(left.astype(np.int16)) - expected) < FRAME
    sounding = np.abs(left[expected + 2 * FRAME : expected + 148 * FRAME])
    assert sounding[: len(sounding) // 480 * 480].reshape(-1, 480).max(axis=1).min() > 1_500, "without a hole"
