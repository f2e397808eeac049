"""What an agent brings becomes frames, each sample once, whatever is brought again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.wire.audio import OPUS, PCM, Audio
from media.opus import FRAME, RATE, SILENCE
from media.voice.intake import LEAD, Hole, Intake
from tests.media.builders import tone

SOUND = tone(500, RATE // 2)
HALF = 24_000


def pcm(start: int, end: int, rate: int = HALF) -> Audio:
    """Samples at `rate` of a tone."""
    return Audio(PCM, 1, start * RATE // rate, (SOUND[2 * start : 2 * end],))


def test_what_is_brought_again_is_passed_over() -> None:
    once, again = Intake(HALF), Intake(HALF)
    whole = [once.add(pcm(0, 9_000)), once.add(pcm(9_000, 12_000)), once.close()]
    pieces = [again.add(pcm(0, 9_000))]
    again.reopen()
    pieces += [again.add(pcm(4_000, 10_000)), again.add(pcm(4_000, 10_000)), again.add(pcm(10_000, 12_000))]
    pieces.append(again.close())
    assert [one for _, frames in pieces for one in frames] == [one for _, frames in whole for one in frames]
    assert once.taken == again.taken == 12_000 * 2


def test_another_codec_goes_on_at_the_frame_after_those_that_are_kept() -> None:
    whole, kept = Intake(HALF), 10 * FRAME
    frames = [*whole.add(pcm(0, 12_000))[1], *whole.close()[1]]
    other = Intake(HALF, kept)
    assert other.taken == kept - LEAD, "it wants what comes before, to settle"
    start, first = other.add(pcm(other.taken // 2, 12_000))
    assert (start, len(first) + len(other.close()[1])) == (kept, len(frames) - 10)


def test_a_hole_is_not_passed_over() -> None:
    intake = Intake(0)
    intake.add(Audio(OPUS, 1, 0, (SILENCE,) * 3))
    with pytest.raises(Hole):
        intake.add(Audio(OPUS, 1, 4 * FRAME, (SILENCE,)))


def test_who_goes_on_with_nothing_older_begins_with_what_there_is() -> None:
    intake = Intake(0)
    intake.add(Audio(OPUS, 1, 0, (SILENCE,)))
    intake.reopen()
    assert intake.add(Audio(OPUS, 1, 9 * FRAME + 1, (SILENCE,) * 2)) == (10 * FRAME, (SILENCE,))


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_every_rate_has_whole_frames_to_go_on_from(rate: int) -> None:
    intake = Intake(rate, 7 * FRAME)
    assert intake.taken == 3 * FRAME
    at = intake.taken * rate // RATE
    start, frames = intake.add(pcm(at, at + rate // 5, rate))
    assert start == 7 * FRAME
    assert 4 <= len(frames) <= 6


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8), st.booleans()), max_size=30))
def test_frames_follow_each_other_whatever_comes(said: list[tuple[int, int, bool]]) -> None:
    intake, left = Intake(0), list[tuple[int, int]]()
    for first, count, anew in said:
        if anew:
            intake.reopen()
        payload = tuple(SILENCE for _ in range(count))
        try:
            start, frames = intake.add(Audio(OPUS, 1, first * FRAME, payload))
        except Hole:
            continue
        left += [(start, start + len(frames) * FRAME)] if frames else []
    assert all(before[1] <= after[0] for before, after in pairwise(left)), "in order, none twice"
