"""Worlds: whatever befalls nodes, clients and the store, what was promised is kept.

A failure prints the one command that replays it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.support.planted import PLANTS, Plant
from tests.support.world import lived_through, told
from tests.support.worldchecks import Failure, tally

SEEDS = 300
AT_ONCE = 15
SIGHTS = (
    "resumed",
    "restarted",
    "renumbered",
    "caught_up",
    "drained",
    "called_back",
    "refused_thieves",
    "tails_lost",
    "trimmed",
    "archived",
    "broken_at_rest",
)
SEEN = 20
"""How often at least each of these is seen in all worlds: what never happens is not tried."""

MOST_SEEDS = 200
"""Worlds that a planted bug may hide in."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What nodes log in a world of faults is not news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def live_through(seeds: range) -> tuple[list[str], Counter[str]]:
    """What went wrong in these worlds, and what they saw (in a process of its own)."""
    logging.disable(logging.CRITICAL)
    found: list[str] = []
    saw: Counter[str] = Counter()
    for seed in seeds:
        with lived_through(seed) as world:
            try:
                world.run()
            except Failure as failure:
                found.append(told(seed, failure))
            saw += tally(world)
    return found, saw


@pytest.mark.timeout(900)
def test_what_was_promised_is_kept_in_every_world() -> None:
    pieces = [range(first, first + AT_ONCE) for first in range(0, SEEDS, AT_ONCE)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        lived = list(pool.map(live_through, pieces))
    found = [failure for failures, _ in lived for failure in failures]
    assert not found, "\n".join(found)
    saw = sum((each for _, each in lived), Counter[str]())
    assert all(saw[what] > SEEN for what in SIGHTS), saw


def digest(seed: int) -> str:
    with lived_through(seed) as world:
        return world.run()


def test_a_seed_replays_its_world_exactly() -> None:
    assert digest(11) == digest(11)
    assert digest(11) != digest(12)


def test_without_faults_nothing_is_lost_and_nobody_is_told_otherwise() -> None:
    with lived_through(5, faults=False) as world:
        world.run()
    assert not world.recorder.lost
    assert not any(person.lost for person in world.people)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant: Plant) -> None:
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        for seed in range(MOST_SEEDS):
            try:
                digest(seed)
            except Failure:
                return
    raise AssertionError(f"hidden in {MOST_SEEDS} worlds")
