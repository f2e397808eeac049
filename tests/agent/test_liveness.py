"""When a worker tries a second way to its hub, and when it gives the first one up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legato.agent.liveness import LOST_BEATS, SUSPECT_BEATS, Health, Liveness

BEAT = 900


def test_a_ping_that_nobody_answers_for_a_beat_is_a_suspicion_and_for_three_a_loss() -> None:
    liveness = Liveness(BEAT)
    liveness.ping(10_000)
    assert liveness.health(10_899) is Health.WELL
    assert liveness.health(10_900) is Health.SUSPECTED
    assert liveness.health(12_699) is Health.SUSPECTED
    assert liveness.health(12_700) is Health.LOST


def test_a_second_way_that_opens_while_a_ping_is_unanswered_settles_it() -> None:
    liveness = Liveness(BEAT)
    liveness.ping(0)
    liveness.other_opened()
    assert liveness.health(450) is Health.WELL
    assert liveness.health(1_000) is Health.LOST


def test_an_answer_takes_the_suspicion_back_and_what_the_second_way_showed() -> None:
    liveness = Liveness(BEAT)
    first = liveness.ping(0)
    liveness.other_opened()
    second = liveness.ping(500)
    liveness.pong(first)
    assert liveness.health(1_399) is Health.WELL
    assert liveness.health(1_400) is Health.SUSPECTED
    liveness.pong(second)
    assert liveness.health(100_000) is Health.WELL


def test_what_the_hub_says_of_its_own_answers_nothing() -> None:
    liveness = Liveness(BEAT)
    liveness.ping(0)
    liveness.pong(0)
    assert liveness.health(1_000) is Health.SUSPECTED


@given(st.lists(st.tuples(st.integers(0, 2_000), st.booleans()), max_size=20), st.integers(0, 10_000))
def test_health_goes_by_the_oldest_ping_without_an_answer(steps: list[tuple[int, bool]], later: int) -> None:
    liveness, now = Liveness(BEAT), 0
    waiting: list[int] = []
    for passed, answered in steps:
        now += passed
        number = liveness.ping(now)
        waiting.append(now)
        if answered:
            liveness.pong(number)
            waiting.clear()
    oldest = now + later - waiting[0] if waiting else 0
    health = liveness.health(now + later)
    assert (health is Health.WELL) == (oldest < SUSPECT_BEATS * BEAT)
    assert (health is Health.LOST) == (oldest >= LOST_BEATS * BEAT)
