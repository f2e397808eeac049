"""Frames that are lost, doubled or misplaced are counted, and only those: through Opus, wherever the sweep begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.support.numbered import Told, blurred, judged, numbers_of, spoken
from tests.support.sound import FRAME, RATE, Samples, opus_of, samples_of
from tests.support.sweep import positions_of

FRAMES = opus_of(np.tile(spoken(), 2)[333:])
LOW, HIGH, SEAM = FRAMES[:300], FRAMES[700:1_000], FRAMES[850:1_150]
PIECES = pytest.mark.parametrize("frames", [LOW, HIGH, SEAM], ids=["low", "high", "seam"])


def told(frames: list[bytes], gaps: Sequence[tuple[int, int]] = ()) -> Told:
    return judged(numbers_of(positions_of(samples_of(frames))), gaps)


@PIECES
def test_after_opus_each_frame_still_tells_its_number(frames: list[bytes]) -> None:
    found = told(frames)
    assert found.faults == 0
    assert found.kept == found.last - found.first + 1 >= len(frames) - 2


@PIECES
def test_a_frame_that_is_missing_is_lost_and_one_that_stands_twice_is_doubled(frames: list[bytes]) -> None:
    assert len(told(frames[:100] + frames[101:]).lost) == 1
    assert len(told(frames[:101] + frames[100:]).doubled) <= 1 <= told(frames[:101] + frames[100:]).faults
    assert len(told(frames[:100] + frames[150:160] + frames[100:150] + frames[160:]).misplaced) >= 1


def test_what_is_declared_lost_is_not_lost_and_what_else_is_missing_is(silence: list[bytes]) -> None:
    cut = LOW[:100] + silence + LOW[125:]
    assert 24 <= len(told(cut).lost) <= 27
    assert len(told(cut, [(99, 126)]).lost) == 0
    assert 9 <= len(told(cut, [(99, 115)]).lost) <= 11
    late = LOW[:100] + silence + LOW[100:]
    assert told(late).misplaced, "silence that nobody declared"
    assert told(late, [(99, 126)]).faults == 0


def test_what_was_blurred_before_it_came_is_excused_and_nothing_else() -> None:
    numbers = numbers_of(positions_of(samples_of(LOW[:100] + LOW[101:])))
    excused = blurred(numbers)
    assert judged(numbers, [], excused).faults == 0
    assert judged(numbers[:50] + numbers[60:], [], excused).lost == tuple(numbers[50:60])


@pytest.fixture
def silence() -> list[bytes]:
    return opus_of(np.zeros(25 * FRAME, dtype=np.int16))


@pytest.mark.parametrize("shift", range(0, FRAME, 53))
def test_the_next_round_is_counted_on(shift: int) -> None:
    frames = opus_of(np.tile(spoken(), 2)[18 * RATE + shift : 22 * RATE])
    found = told(frames)
    assert found.faults == 0
    assert found.kept == found.last - found.first + 1 >= len(frames) - 2


def test_what_is_no_sweep_tells_no_number() -> None:
    noise: Samples = np.random.default_rng(4).integers(-9_000, 9_000, 50 * FRAME, dtype=np.int16)
    assert [each for each in numbers_of(positions_of(noise)) if each is not None] == []
    assert judged(numbers_of(positions_of(np.zeros(50 * FRAME, dtype=np.int16)))).kept == 0
