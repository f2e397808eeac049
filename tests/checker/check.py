"""The judge: every invariant over one session's evidence.

entries = await chronicle.opened()
lines = load(folder.glob("*.jsonl"))
assert check(Evidence(lines, entries, folds_of(entries, lines), resting=tail)) == []
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from legato.session.event_json import decode
from legato.session.fold import evolve
from legato.session.state import State, encode_state
from tests.checker import edges, lives, order
from tests.checker.history import Entry, Line
from tests.checker.verdict import Evidence, Violation, first

__all__ = ["Evidence", "Violation", "check", "folds_of"]


def check(seen: Evidence) -> list[Violation]:
    """What does not hold; [] if everything does."""
    found: list[Violation] = []
    for invariant in (order.written_once, order.dense, order.in_producers_order, order.fenced):
        found += first(invariant(seen.entries))
    found += first(lives.lived(seen.entries, at_rest=bool(seen.resting)))
    for of_edges in (
        edges.nothing_lost,
        edges.one_log_for_all,
        edges.each_event_once,
        edges.states_are_folds,
        edges.real_time_order,
        edges.all_at_rest,
    ):
        found += first(of_edges(seen))
    return found


def folds_of(entries: Sequence[Entry], lines: Sequence[Line]) -> dict[int, str]:
    """The digest of the log's fold at each offset that somebody reported a state for."""
    wanted = {line.offset for line in lines if line.op == "state"}
    state, folds = State(), dict[int, str]()
    for entry in entries:
        evolve(state, decode(msgspec.json.encode(entry.event)))
        if entry.offset in wanted:
            folds[entry.offset] = sha256(encode_state(state)).hexdigest()
    return folds
