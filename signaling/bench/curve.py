"""Distribution curves as SVG: cumulative, on a logarithmic time axis, with p50 and p99 marked. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from signaling.bench.figures import Figure, percentile

WIDTH: Final = 640
HEIGHT: Final = 240
LEFT: Final = 44
BOTTOM: Final = 34
TOP: Final = 12
RIGHT: Final = 14
MOST_POINTS: Final = 240


class Axis:
    """Time from `low` to `high` on a logarithmic axis of whole decades: nothing is cut off."""

    def __init__(self, samples: Sequence[float]) -> None:
        positive = [sample for sample in samples if sample > 0] or [1.0]
        self.low = math.floor(math.log10(min(positive)))
        self.high = max(math.ceil(math.log10(max(positive))), self.low + 1)

    def x(self, value: float) -> float:
        """Where a time stands."""
        part = (math.log10(max(value, 10.0**self.low)) - self.low) / (self.high - self.low)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> list[tuple[float, str]]:
        """Whole decades, labelled, and the twos and fives between them."""
        found = []
        for decade in range(self.low, self.high + 1):
            for step in (1, 2, 5):
                value = step * 10.0**decade
                if value <= 10.0**self.high * 1.001:
                    found.append((value, f"{value:g}" if step == 1 else ""))
        return found


def y(part: float) -> float:
    """Where a share of the samples stands."""
    return TOP + (1 - part) * (HEIGHT - TOP - BOTTOM)


def cumulative(samples: Sequence[float]) -> list[tuple[float, float]]:
    """(time, share of the samples that do not exceed it), at most `MOST_POINTS` of them, the largest included."""
    ordered = sorted(samples)
    count = len(ordered)
    step = max(1, count // MOST_POINTS)
    places = sorted({*range(0, count, step), *range(max(0, count - 12), count)})
    return [(ordered[place], (place + 1) / count) for place in places]


def curve(figure: Figure) -> str:
    """The figure's curve, and the floor's beside it on the same axes."""
    axis = Axis([*figure.samples, *figure.floor])
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Cumulative distribution of {figure.name}">'
    ]
    parts += _grid(axis, figure.unit)
    if figure.floor:
        parts.append(_line(axis, figure.floor, "floor"))
    parts.append(_line(axis, figure.samples, "ours"))
    parts += [_mark(axis, figure, percent) for percent in (50, 99)]
    parts += [_bar(axis, bar.percent, bar.most) for bar in figure.bars]
    return "".join([*parts, "</svg>"])


def _grid(axis: Axis, unit: str) -> list[str]:
    parts = []
    for value, label in axis.ticks():
        x, kind = axis.x(value), "grid" if label else "grid minor"
        parts.append(f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        if label:
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 18}" text-anchor="middle">{label}</text>')
    for percent in (0, 25, 50, 75, 100):
        height = y(percent / 100)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}"/>'
        )
        parts.append(f'<text x="{LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{percent} %</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 3}" text-anchor="middle">{unit}, logarithmic</text>')
    return parts


def _line(axis: Axis, samples: Sequence[float], kind: str) -> str:
    points, before = [], y(0)
    for value, part in cumulative(samples):
        points += [f"{axis.x(value):.1f},{before:.1f}", f"{axis.x(value):.1f},{y(part):.1f}"]
        before = y(part)
    return f'<polyline class="{kind}" points="{" ".join(points)}"/>'


def _mark(axis: Axis, figure: Figure, percent: int) -> str:
    value = percentile(figure.samples, percent)
    x, height = axis.x(value), y(percent / 100)
    side, step = ("end", -7) if x > WIDTH * 0.7 else ("start", 7)
    return (
        f'<circle class="ours" cx="{x:.1f}" cy="{height:.1f}" r="3.5"/>'
        f'<text class="strong" x="{x + step:.1f}" y="{height + 13:.1f}" text-anchor="{side}">'
        f"p{percent} {value:.3g}</text>"
    )


def _bar(axis: Axis, percent: int, most: float) -> str:
    """The bar: a tick on the percentile's height that the curve must pass on the left of."""
    x, height = min(axis.x(most), WIDTH - RIGHT), y(percent / 100)
    return f'<path class="bar" d="M{x:.1f} {height - 7:.1f}v14"/>'
