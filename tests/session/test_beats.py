"""Nobody who beats is held for dead, whatever the store and the watcher do; whoever stops is, in the end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legato.session.beats import Still, Watcher

LEASE = 3000


def read(watcher: Watcher, now: int, took: int = 0, **counters: int) -> list[Still]:
    return watcher.read(counters, now, now + took)


def test_a_counter_that_stands_still_for_the_lease_expires() -> None:
    watcher = Watcher(LEASE)
    assert [read(watcher, now, a=7) for now in range(0, 3000, 500)] == [[]] * 6
    assert read(watcher, 2999, a=7) == []
    assert read(watcher, 3000, a=7) == [Still("a", 7)]
    assert read(watcher, 3500, a=7) == [Still("a", 7)]


@pytest.mark.parametrize("moved", [8, 6])
def test_a_counter_that_moved_starts_anew(moved: int) -> None:
    watcher = Watcher(LEASE)
    for now in range(0, 3000, 500):
        read(watcher, now, a=7)
    assert read(watcher, 3000, a=moved) == []
    assert [read(watcher, now, a=moved) for now in range(3500, 6000, 500)] == [[]] * 5
    assert read(watcher, 6000, a=moved) == [Still("a", moved)]


def test_three_steps_are_the_least_however_long_the_watcher_slept() -> None:
    watcher = Watcher(LEASE)
    found = [read(watcher, now, a=1) for now in (0, 60_000, 120_000, 180_000)]
    assert found == [[], [], [], [Still("a", 1)]]


def test_the_wait_for_an_answer_does_not_count() -> None:
    watcher = Watcher(LEASE)
    now = 0
    for _ in range(6):
        assert read(watcher, now, took=4000, a=1) == []
        now += 4000 + 500
    assert read(watcher, now, took=4000, a=1) == [Still("a", 1)]


def test_a_failed_read_makes_the_evidence_start_anew() -> None:
    watcher = Watcher(LEASE)
    for now in range(0, 3000, 500):
        read(watcher, now, a=1)
    watcher.failed()
    assert [read(watcher, now, a=1) for now in range(3000, 6000, 500)] == [[]] * 6
    assert read(watcher, 6000, a=1) == [Still("a", 1)]


def test_who_is_gone_is_forgotten() -> None:
    watcher = Watcher(LEASE)
    for now in range(0, 3500, 500):
        read(watcher, now, a=1, b=now)
    assert read(watcher, 3500, b=1) == []
    assert read(watcher, 4000, a=1, b=2) == []


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 900), st.sampled_from([0, 0, 1, 700, 5000]), st.booleans()), max_size=60
    )
)
def test_a_holder_that_beats_each_second_while_the_store_answers_is_never_held_for_dead(
    reads: list[tuple[int, int, bool]],
) -> None:
    """The store stalls while a read waits: no beat gets through either. The holder beats once a second of the rest."""
    watcher, now, open_ms = Watcher(LEASE), 0, 0
    for pause, stall, fails in reads:
        now += pause
        open_ms += pause
        if fails:
            watcher.failed()
        else:
            assert watcher.read({"a": open_ms // 1000}, now, now + stall) == []
        now += stall


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 2000), min_size=1, max_size=60))
def test_a_holder_that_stopped_expires_with_evidence_of_the_whole_lease(pauses: list[int]) -> None:
    watcher, now, since = Watcher(LEASE), 0, 0
    read(watcher, 0, a=1)
    for steps, pause in enumerate(pauses, start=1):
        now += pause
        since += min(pause, 1000)
        expired = read(watcher, now, a=1) != []
        assert expired == (since >= LEASE)
        assert not expired or steps >= 3
