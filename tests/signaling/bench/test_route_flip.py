"""A page that does not find back to both networks ends a bench early, and what was measured counts."""

from __future__ import annotations

from typing import Any, cast

import pytest

from signaling.bench.route_flip import HELD, flip
from signaling.bench.two_networks import NETWORKS, TwoNetworks, address
from tests.hub.node.builders import virtual


class Page:
    """It holds both networks ready for so many changes, and is silent for 120 ms in each."""

    def __init__(self, holds: int) -> None:
        self._holds = holds

    async def evaluate(self, script: str) -> Any:
        if script == HELD:
            self._holds -= 1
            return [address(NETWORKS[0]), len(NETWORKS) if self._holds >= 0 else 1]
        return [20.0, 140.0, 160.0] if script.startswith("() => [") else 0.0


class Networks:
    def __init__(self) -> None:
        self.done: list[str] = []

    async def drop(self, network: int) -> None:
        self.done.append(f"drop {network}")

    async def restore(self, network: int) -> None:
        self.done.append(f"restore {network}")


async def changes(page: Page, flips: int) -> tuple[list[float], list[str]]:
    networks, gaps = Networks(), list[float]()
    await flip(page, cast("TwoNetworks", networks), flips, gaps)
    return gaps, networks.done


@virtual
async def test_each_change_has_its_longest_silence() -> None:
    gaps, done = await changes(Page(holds=2), 2)
    assert gaps == [100.0, 100.0]
    assert done == ["drop 1", "restore 1"] * 2


@virtual
async def test_a_page_that_does_not_find_back_costs_the_changes_that_were_to_come_and_no_other() -> None:
    gaps, done = await changes(Page(holds=2), 300)
    assert len(gaps) == 2
    assert done[-1] == "restore 1"


@virtual
async def test_a_page_that_never_held_both_is_no_measurement() -> None:
    with pytest.raises(TimeoutError):
        await changes(Page(holds=0), 300)
