"""A node's networks are few, shared, and never in the way of a call."""

import gc
from collections.abc import Callable
from typing import cast

from media.detectors import JUDGE_RATE, WINDOW_BYTES, SileroJudge
from media.voice.judges import Judges
from tests.support.spoken import speech_pcm

QUIET = bytes(WINDOW_BYTES)


class Network:
    """Hears speech in all that it is asked."""

    score = 1.0

    def reset(self) -> None:
        pass

    def speech(self, window: bytes) -> bool:
        return True


def judges_of(most: int) -> Judges:
    return Judges(cast("Callable[[], SileroJudge]", Network), most)


async def test_no_more_networks_are_made_than_there_may_be_and_they_are_lent_again() -> None:
    judges = judges_of(2)
    assert judges.lend() is None
    assert [await judges.add() for _ in range(3)] == [True, True, False]
    first, second = judges.lend(), judges.lend()
    assert first is not None
    assert second is not None
    assert judges.lend() is None
    judges.take_back(second)
    judges.take_back(first)
    assert [judges.lend(), judges.lend(), judges.lend()] == [second, first, None]


async def test_one_is_made_before_it_is_needed() -> None:
    judges = judges_of(1)
    await judges.run()
    assert judges.lend() is not None


async def test_a_track_that_ends_in_the_middle_of_a_word_keeps_no_network() -> None:
    judges = judges_of(1)
    await judges.add()
    judge = judges.take()
    spoken = speech_pcm("all the world's a stage", JUDGE_RATE)
    for at in range(0, len(spoken) // 2 // WINDOW_BYTES * WINDOW_BYTES, WINDOW_BYTES):
        judge.speech(spoken[at : at + WINDOW_BYTES])
    assert judges.lend() is None, "it is spoken on"
    del judge
    gc.collect()
    assert judges.lend() is not None


def test_what_a_track_in_a_circle_gives_back_still_works() -> None:
    """The collector finalizes all of a circle before it asks what came back to life."""
    judges = judges_of(0)
    judges.take_back(SileroJudge())
    judge = judges.take()
    spoken = speech_pcm("all the world's a stage", JUDGE_RATE)
    for at in range(0, len(spoken) // 2 // WINDOW_BYTES * WINDOW_BYTES, WINDOW_BYTES):
        judge.speech(spoken[at : at + WINDOW_BYTES])
    assert judges.lend() is None, "it is spoken on"
    vars(judge)["itself"] = judge
    del judge
    gc.collect()
    network = judges.lend()
    assert network is not None
    network.reset()
    network.speech(QUIET * 4)


async def test_without_networks_the_cheap_judges_decide() -> None:
    def make() -> SileroJudge:
        raise ImportError

    judges = Judges(make)
    await judges.run()
    assert judges.lend() is None
    judge = judges.take()
    assert not any(judge.speech(QUIET) for _ in range(100))
