"""Stretches of media time: disjoint, in order, joined where they touch."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class Spans:
    """A set of media times, as stretches (start, end), `end` exclusive."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._starts, self._ends, strict=True))

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, start: int, end: int) -> None:
        """Put a stretch in; what of it is there already stays."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def drop_before(self, media_time: int) -> None:
        """Forget what lies before."""
        gone = bisect_right(self._ends, media_time)
        del self._starts[:gone], self._ends[:gone]
        if self._starts and self._starts[0] < media_time:
            self._starts[0] = media_time

    def holes(self, start: int, end: int) -> list[tuple[int, int]]:
        """What of the stretch is not in it, in order."""
        found: list[tuple[int, int]] = []
        for index in range(bisect_right(self._ends, start), len(self._starts)):
            if self._starts[index] >= end:
                break
            if self._starts[index] > start:
                found.append((start, self._starts[index]))
            start = max(start, self._ends[index])
        if start < end:
            found.append((start, end))
        return found
