"""The embedded store takes half of the memory that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.store.share import LEAST_MB, fair_share_mb, machine_mb


def test_half_of_the_memory_is_its_fair_share_and_never_less_than_it_needs() -> None:
    assert fair_share_mb(8_000) == 4_000
    assert fair_share_mb(20) == LEAST_MB


@pytest.mark.parametrize("bound", ["max\n", ""])
def test_a_container_without_a_bound_has_the_machines_memory(bound: str, tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(bound)
    assert machine_mb(tmp_path / "memory.max") == machine_mb(tmp_path / "none") > 0


def test_a_container_has_no_more_than_its_bound(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(f"{5 << 20}\n")
    assert machine_mb(tmp_path / "memory.max") == 5
