"""Worlds: whatever befalls nodes, clients and the store, what was promised is kept.

A failure prints the one command that replays it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.support.planted import PLANTS, Plant
from tests.support.world import World, replay
from tests.support.worldchecks import Failure

SEEDS = 300
AT_ONCE = 15
MOST_SEEDS = 200
"""Worlds that a planted bug may hide in."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What nodes log in a world of faults is not news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def failures(seeds: range) -> list[str]:
    """What went wrong in these worlds (in a process of its own)."""
    logging.disable(logging.CRITICAL)
    found = []
    for seed in seeds:
        try:
            replay(seed)
        except Failure as failure:
            found.append(str(failure))
    return found


@pytest.mark.timeout(300)
def test_what_was_promised_is_kept_in_every_world() -> None:
    pieces = [range(first, first + AT_ONCE) for first in range(0, SEEDS, AT_ONCE)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = [failure for piece in pool.map(failures, pieces) for failure in piece]
    assert not found, "\n".join(found)


def test_a_seed_replays_its_world_exactly() -> None:
    assert World(11).run() == World(11).run()
    assert World(11).run() != World(12).run()


def test_without_faults_nothing_is_lost_and_nobody_is_told_otherwise() -> None:
    world = World(5, faults=False)
    world.run()
    assert not world.recorder.lost
    assert not any(person.lost for person in world.people)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant: Plant) -> None:
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        for seed in range(MOST_SEEDS):
            try:
                World(seed).run()
            except Failure:
                return
    raise AssertionError(f"hidden in {MOST_SEEDS} worlds")
