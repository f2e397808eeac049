"""Pages share the changes of network; who does not find back to both takes no more, and what was measured counts."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from signaling.bench.figures import Figure
from signaling.bench.route_flip import CAME, HELD, Turns, flip, wrong
from signaling.bench.two_networks import NETWORKS, TwoNetworks, address
from tests.hub.node.builders import virtual


class Page:
    """It holds both networks ready for so many changes, and is silent for 120 ms in each, for 30 before."""

    def __init__(self, holds: int, networks: Networks) -> None:
        self._holds = holds
        self._networks = networks

    async def evaluate(self, script: str) -> Any:
        if script == HELD:
            self._holds -= 1
            return [address(NETWORKS[0], self._networks.place), len(NETWORKS) if self._holds >= 0 else 1]
        if script != CAME:
            return 0.0
        return [20.0, 140.0, 160.0] if self._networks.down else [20.0, 50.0, 60.0]


class Networks:
    def __init__(self, place: int = 0) -> None:
        self.place = place
        self.done: list[str] = []
        self.down = False

    async def drop(self, network: int) -> None:
        self.done.append(f"drop {network}")
        self.down = True

    async def restore(self, network: int) -> None:
        self.done.append(f"restore {network}")
        self.down = False


class Change:
    """So many changes of network."""

    def __init__(self, flips: int) -> None:
        self.said: list[int] = []
        self.gap, self.back = Figure("gap", "ms"), Figure("back", "s")
        self.turns = Turns(iter(range(flips)), self.gap, self.back, self.said.append)

    async def by(self, *holds: int) -> list[list[str]]:
        """By pages, each of which holds both so often; returns what was done to the networks of each."""
        networks = [Networks(place) for place in range(len(holds))]
        async with asyncio.TaskGroup() as tasks:
            for each, so_many in zip(networks, holds, strict=True):
                page = Page(so_many, each)
                tasks.create_task(flip(page, cast("TwoNetworks", each), self.turns))
        return [each.done for each in networks]


@virtual
async def test_each_change_has_its_longest_silence_and_that_of_the_time_before() -> None:
    change = Change(2)
    assert await change.by(2) == [["drop 1", "restore 1"] * 2]
    assert (change.gap.samples, change.gap.floor) == ([100.0, 100.0], [10.0, 10.0])
    assert (change.said, change.back.samples) == ([1, 2], [0.0])


@virtual
async def test_pages_share_the_changes() -> None:
    change = Change(5)
    done = await change.by(5, 5)
    assert sorted(map(len, done)) == [4, 6]
    assert len(change.gap.samples) == 5


@virtual
async def test_a_page_that_does_not_find_back_costs_the_turn_that_it_had_taken() -> None:
    change = Change(300)
    [done, other] = await change.by(2, 300)
    assert len(change.gap.samples) == len(change.gap.floor) == 299
    assert (done[-1], len(done), len(other)) == ("restore 1", 4, 2 * 297)


@virtual
async def test_changes_that_no_page_can_make_any_more_are_missing() -> None:
    change = Change(300)
    await change.by(2)
    assert len(change.gap.samples) == 2


@virtual
async def test_a_page_that_never_held_both_is_no_measurement() -> None:
    with pytest.raises(ExceptionGroup) as failed:
        await Change(300).by(0)
    assert failed.group_contains(TimeoutError)


def test_what_is_missing_or_twice_is_wrong() -> None:
    texts = ["page 1", "other 1", "page 2", "page 3"]
    log = [{"type": "activity_changed", "text": text} for text in texts] + [{"type": "voice_started"}]
    assert wrong(log, 3, [1, 2, 3, 4, 5], 5) == 0
    assert wrong(log, 4, [1, 2, 3, 4, 5], 5) == 1, "what it told is not in the log"
    assert wrong([*log, log[0]], 3, [1, 2, 3, 4, 5, 6], 6) == 1, "it is there twice"
    assert wrong(log, 3, [1, 2, 3, 3, 4, 5], 5) == 1, "the page was given an event twice"
    assert wrong(log, 3, [1, 2, 3], 3) == 2, "it has not folded two"
