"""What a checker says: which invariant broke, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tests.checker.history import Entry, Line

Lines = Sequence[Line]


@dataclass(frozen=True, slots=True)
class Violation:
    """`invariant` is its id (I1 …), `detail` says what was seen."""

    invariant: str
    detail: str


@dataclass(frozen=True)
class Evidence:
    """Two sides of one session: `lines` by time, from every edge; `entries` of the final log, by offset.

    `folds`: the digest of the state that the log folds to, at each offset that somebody reported. `gone`: edges
    that were killed or left before the end, who owe nothing any more. `resting`: the offset that everybody else must
    have come to (0: the run was not brought to rest, and nobody owes an answer).
    """

    lines: Lines
    entries: Sequence[Entry]
    folds: dict[int, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    resting: int = 0

    @cached_property
    def edges(self) -> dict[str, list[Line]]:
        """The lines of each edge, without what was only on the wire."""
        edges: dict[str, list[Line]] = {}
        for line in self.lines:
            if line.op != "deliver":
                edges.setdefault(line.proc, []).append(line)
        return edges

    @cached_property
    def few(self) -> list[Line]:
        """The lines that are not one for each event."""
        return [line for line in self.lines if line.op not in ("deliver", "apply")]


def first(found: Iterable[Violation], most: int = 5) -> list[Violation]:
    """The first few: one broken promise breaks many lines."""
    out: list[Violation] = []
    for each in found:
        out.append(each)
        if len(out) >= most:
            break
    return out
