"""A page that does not find back to both networks ends a bench early, and what was measured counts."""

from __future__ import annotations

from typing import Any, cast

import pytest

from signaling.bench.figures import Figure
from signaling.bench.route_flip import CAME, HELD, flip
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
            return [address(NETWORKS[0]), len(NETWORKS) if self._holds >= 0 else 1]
        if script != CAME:
            return 0.0
        return [20.0, 140.0, 160.0] if self._networks.down else [20.0, 50.0, 60.0]


class Networks:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.down = False

    async def drop(self, network: int) -> None:
        self.done.append(f"drop {network}")
        self.down = True

    async def restore(self, network: int) -> None:
        self.done.append(f"restore {network}")
        self.down = False


async def changes(holds: int, flips: int) -> tuple[Figure, list[str]]:
    networks, gap = Networks(), Figure("gap", "ms")
    await flip(Page(holds, networks), cast("TwoNetworks", networks), flips, gap)
    return gap, networks.done


@virtual
async def test_each_change_has_its_longest_silence_and_that_of_the_time_before() -> None:
    gap, done = await changes(2, 2)
    assert (gap.samples, gap.floor) == ([100.0, 100.0], [10.0, 10.0])
    assert done == ["drop 1", "restore 1"] * 2


@virtual
async def test_a_page_that_does_not_find_back_costs_the_changes_that_were_to_come_and_no_other() -> None:
    gap, done = await changes(2, 300)
    assert len(gap.samples) == len(gap.floor) == 2
    assert done[-1] == "restore 1"


@virtual
async def test_a_page_that_never_held_both_is_no_measurement() -> None:
    with pytest.raises(TimeoutError):
        await changes(0, 300)
