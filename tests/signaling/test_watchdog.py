"""Who is killed for hanging, and who only looks as if."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.watchdog import BEAT_MS, FORGIVEN_MS, LONGEST, LOOK_MS, MOST_MS, Sight, Watchdog

PATIENCE = 500


class Process:
    """A process on its machine, watched every `LOOK_MS` of the machine's time."""

    def __init__(self, patience: int = PATIENCE) -> None:
        self.now = 1_000
        self.sight = Sight()
        self.watchdog = Watchdog(patience)
        self.watchdog.begin()

    def lives(self, ms: int) -> None:
        for _ in range(0, ms, BEAT_MS):
            self.now += BEAT_MS
            self.watchdog.beat(self.now)
            assert not self.watchdog.look(self.sight, self.now)

    def hangs(self, ms: int) -> int | None:
        """After how long it was killed, if it was."""
        for silent in range(LOOK_MS, ms + 1, LOOK_MS):
            self.now += LOOK_MS
            if self.watchdog.look(self.sight, self.now):
                return silent
        return None


def test_a_loop_that_hangs_is_killed_within_a_look_of_its_patience() -> None:
    process = Process()
    process.lives(1_000)
    assert process.hangs(10_000) == PATIENCE


def test_one_that_stalls_for_less_lives() -> None:
    process = Process()
    for _ in range(50):
        process.lives(BEAT_MS)
        assert process.hangs(PATIENCE - LOOK_MS) is None


def test_it_is_watched_from_its_first_beat_on_however_long_it_starts() -> None:
    process = Process()
    assert process.hangs(60_000) is None
    process.lives(BEAT_MS)
    assert process.hangs(10_000) == PATIENCE


def test_what_was_stopped_or_held_by_a_debugger_is_not_killed_and_is_watched_again_after() -> None:
    process = Process()
    process.lives(1_000)
    process.sight = replace(process.sight, stopped=True)
    assert process.hangs(3_600_000) is None
    process.sight = replace(process.sight, stopped=False)
    process.lives(1_000)
    assert process.hangs(10_000) == PATIENCE


def test_time_in_the_queue_for_a_processor_does_not_count() -> None:
    process = Process()
    process.lives(1_000)
    process.sight = replace(process.sight, ready=True)
    assert process.hangs(5_000) is None, "it waits all the time, which is told when the wait is over"
    process.sight = replace(process.sight, waited=process.sight.waited + 5_000_000)
    assert process.hangs(LOOK_MS) is None


def test_one_that_spins_on_a_crowded_machine_is_killed_when_it_has_had_its_time() -> None:
    process = Process()
    process.lives(1_000)
    killed_after = 0
    for turn in range(1, 100):
        share = LOOK_MS // 2 * 1_000
        process.sight = Sight(ran=turn * share, waited=turn * share, ready=True)
        if process.hangs(LOOK_MS):
            killed_after = turn * LOOK_MS
            break
    assert killed_after == 2 * PATIENCE


def test_a_watcher_that_was_away_blames_nobody() -> None:
    process = Process()
    process.lives(1_000)
    process.now += 8 * 3_600_000  # the machine slept
    assert not process.watchdog.look(process.sight, process.now)
    process.lives(1_000)


def test_beats_are_not_owed_by_one_that_rests_nor_by_the_next_that_starts() -> None:
    process = Process()
    process.lives(1_000)
    process.watchdog.rest()
    assert process.hangs(60_000) is None
    process.watchdog.begin()
    assert process.hangs(60_000) is None


def test_patience_nought_is_never() -> None:
    process = Process(patience=0)
    process.lives(100)
    assert process.hangs(60_000) is None


def killings(process: Process) -> Iterator[int]:
    while True:
        process.watchdog.begin()
        process.lives(BEAT_MS)
        killed = process.hangs(60_000)
        assert killed is not None
        yield killed // PATIENCE


def test_each_kill_doubles_the_patience_and_a_good_minute_restores_it() -> None:
    process = Process()
    killed = killings(process)
    assert [next(killed) for _ in range(7)] == [1, 2, 4, 8, 16, LONGEST, LONGEST]
    process.watchdog.begin()
    process.lives(FORGIVEN_MS + LOOK_MS)
    assert next(killed) == 1


@given(st.lists(st.tuples(st.integers(0, 3 * MOST_MS), st.booleans()), max_size=200))
def test_nobody_is_killed_sooner_than_its_patience_after_its_last_beat(steps: list[tuple[int, bool]]) -> None:
    watchdog, now, last = Watchdog(PATIENCE), 0, 0
    watchdog.begin()
    watchdog.beat(now)
    for passed, beats in steps:
        now += passed
        if beats:
            watchdog.beat(now)
            last = now
        if watchdog.look(Sight(), now):
            assert now - last >= PATIENCE
            return


@pytest.mark.parametrize("ready", [True, False])
@given(looks=st.lists(st.integers(1, 1_000), min_size=1, max_size=100))
def test_whoever_is_silent_and_runs_for_long_enough_is_killed(ready: bool, looks: list[int]) -> None:
    watchdog, now, ran = Watchdog(PATIENCE), 0, 0
    watchdog.begin()
    watchdog.beat(now)
    counted = 0
    for passed in looks:
        now, ran, counted = now + passed, ran + passed * 1_000, counted + min(passed, MOST_MS)
        assert watchdog.look(Sight(ran=ran, ready=ready), now) == (counted >= PATIENCE)
        if counted >= PATIENCE:
            return
