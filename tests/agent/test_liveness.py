"""When a worker tries a second way to its hub, and when it gives the first one up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legato.agent.liveness import LOST_BEATS, SUSPECT_BEATS, Health, Liveness

BEAT = 900


def test_a_beat_without_a_word_is_a_suspicion_and_three_are_a_loss() -> None:
    liveness = Liveness(BEAT, 10_000)
    assert liveness.health(10_899) is Health.WELL
    assert liveness.health(10_900) is Health.SUSPECTED
    assert liveness.health(12_699) is Health.SUSPECTED
    assert liveness.health(12_700) is Health.LOST


def test_a_second_way_that_opens_while_the_first_is_silent_settles_it() -> None:
    liveness = Liveness(BEAT, 0)
    liveness.other_opened()
    assert liveness.health(450) is Health.WELL
    assert liveness.health(1_000) is Health.LOST


def test_a_word_on_the_first_way_takes_the_suspicion_back_and_what_the_second_one_showed() -> None:
    liveness = Liveness(BEAT, 0)
    liveness.other_opened()
    liveness.heard(950)
    assert liveness.health(1_400) is Health.WELL
    assert liveness.health(2_000) is Health.SUSPECTED


@given(st.lists(st.integers(0, 5_000), max_size=20), st.integers(0, 10_000))
def test_whoever_was_heard_within_a_beat_is_well(gaps: list[int], later: int) -> None:
    liveness, now = Liveness(BEAT, 0), 0
    for gap in gaps:
        now += gap
        liveness.heard(now)
    health = liveness.health(now + later)
    assert (health is Health.WELL) == (later < SUSPECT_BEATS * BEAT)
    assert (health is Health.LOST) == (later >= LOST_BEATS * BEAT)
