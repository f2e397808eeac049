"""What the edges saw against the log (I1, I3, I5, I6, I8, I14)."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from tests.checker.history import Entry, Line, event_content, store_producer
from tests.checker.verdict import Evidence, Violation

Told = list[tuple[int, int, int]]
"""When an edge was told that what is lost: (time, first, last)."""


def told_of(lines: list[Line]) -> Told:
    """What an edge was told is lost."""
    return [(line.t_mono, line.lost_from, line.lost_to) for line in lines if line.op == "discontinuity"]


def excused(told: Told, offset: int, since: int) -> bool:
    """Whether the edge was told of it, after it saw it."""
    return any(at >= since and low <= offset <= high for at, low, high in told)


def nothing_lost(seen: Evidence) -> Iterator[Violation]:
    """I1: what was acknowledged is in the log, as it was sent, where the ack said; or its loss was told. What
    was refused for good is not."""
    at = {entry.offset: entry for entry in seen.entries}
    stands = {(entry.producer, entry.pseq) for entry in seen.entries}
    for edge, lines in seen.edges.items():
        told, contents = told_of(lines), dict[tuple[str, int], list[str]]()
        acked: dict[tuple[str, int], tuple[int, int, bool]] = {}
        for line in lines:
            if line.op != "append":
                continue
            batch = (store_producer(line.actor, line.producer), line.pseq)
            if line.kind == "invoke":
                contents[batch] = line.contents
            elif line.kind == "fail" and line.reason != "too_old" and batch in stands:
                yield Violation("I1", f"{edge}: {line.pseq} was refused ({line.reason}) and is in the log")
            elif line.kind == "ok":
                whole = _stands(at, line, batch, contents.get(batch, []))
                if not (whole or excused(told, line.offset, line.t_mono) or edge in seen.gone):
                    yield Violation("I1", f"{edge}: {line.pseq} was acked at {line.offset} and is not there")
                before = acked.get(batch)
                if before is not None and whole and before[2] and before[:2] != (line.offset, line.count):
                    yield Violation("I2", f"{edge}: {line.pseq} was acked at {before[0]} and {line.offset}")
                acked[batch] = (line.offset, line.count, whole)


def _stands(at: dict[int, Entry], ack: Line, batch: tuple[str, int], contents: list[str]) -> bool:
    found = [at.get(offset) for offset in range(ack.offset, ack.offset + ack.count)]
    for index, entry in enumerate(found):
        if entry is None or (entry.producer, entry.pseq, entry.index) != (*batch, index):
            return False
    beyond = at.get(ack.offset + ack.count)
    if beyond is not None and (beyond.producer, beyond.pseq) == batch:
        return False
    said = iter([event_content(entry.event) for entry in found if entry is not None])
    return all(any(content == each for each in said) for content in contents if content)


def one_log_for_all(seen: Evidence) -> Iterator[Violation]:
    """I3: whatever anybody was shown at an offset is what the log has there, or its loss was told; and of what is
    lost all saw the same."""
    at = [""] * (len(seen.entries) + 1)
    for entry in seen.entries:
        if entry.offset < len(at):
            at[entry.offset] = entry.sha256
    most = len(at)
    strays: dict[tuple[str, int], str] = {}
    told: dict[str, Told] = {}
    for line in seen.lines:
        if line.op != "deliver":
            continue
        offset = line.offset
        if offset < most and at[offset] == line.sha256:
            continue
        if strays.setdefault((line.epoch, offset), line.sha256) != line.sha256:
            yield Violation("I3", f"two events were shown at {offset} of one epoch")
        if line.proc not in told:
            told[line.proc] = told_of(seen.edges.get(line.proc, []))
        if line.proc not in seen.gone and not excused(told[line.proc], offset, line.t_mono):
            yield Violation("I3", f"{line.proc} was shown at {offset} what the log does not have there")
    yield from _told_exactly(seen, strays)


def _told_exactly(seen: Evidence, strays: dict[tuple[str, int], str]) -> Iterator[Violation]:
    """A discontinuity names no offset of its epoch that survived, and ends no earlier than what was seen."""
    first: dict[str, int] = {}
    for epoch, offset in strays:
        first[epoch] = min(offset, first.get(epoch, offset))
    if not first:
        return
    at: dict[str, str] = {}
    for line in seen.lines:
        if line.op == "discontinuity":
            known = first.get(at.get(line.proc, ""))
            if known is not None and line.lost_from != known:
                yield Violation("I3", f"{line.proc} was told that {line.lost_from} is lost; {known} is")
            if line.lost_to < line.lost_from:
                yield Violation("I3", f"{line.proc} was told of a loss of nothing")
        if line.op in ("attached", "deliver", "discontinuity", "snapshot"):
            at[line.proc] = line.epoch


def each_event_once(seen: Evidence) -> Iterator[Violation]:
    """I5: a program gets each event once and in order; it starts anew only where it was given a state."""
    for edge, lines in seen.edges.items():
        if not any(line.op == "apply" for line in lines):
            continue
        at = target = 0
        for line in lines:
            if line.op == "attached":
                if line.reason:
                    at = target = line.offset
                elif line.count:
                    target = line.offset
                elif line.offset != at:
                    yield Violation("I5", f"{edge} was let in at {line.offset} and had come to {at}")
            elif line.op in ("snapshot", "discontinuity"):
                at = target = line.offset
            elif line.op == "apply":
                if line.offset != at + 1 and not at < line.offset <= target:
                    yield Violation("I5", f"{edge} was given {line.offset} after {at}")
                at = line.offset


def states_are_folds(seen: Evidence) -> Iterator[Violation]:
    """I6: the state that a program held at a position is the fold of the log up to there."""
    checks = {entry.offset: entry.check for entry in seen.entries}
    told: dict[str, Told] = {edge: told_of(lines) for edge, lines in seen.edges.items()}
    for line in seen.few:
        if line.op != "state" or not line.offset:
            continue
        if checks.get(line.offset) == line.check:
            if seen.folds.get(line.offset) != line.sha256:
                yield Violation("I6", f"{line.proc} held at {line.offset} what the log does not fold to")
        elif line.proc not in seen.gone and not excused(told[line.proc], line.offset, line.t_mono):
            yield Violation("I6", f"{line.proc} was at {line.offset}, where the log never was")


def real_time_order(seen: Evidence) -> Iterator[Violation]:
    """I8: what was acknowledged before something was sent stands before it, whoever sent either."""
    placed = {
        (entry.producer, entry.pseq): (entry.epoch, entry.offset)
        for entry in seen.entries
        if entry.index == 0
    }
    begun: dict[tuple[str, str, int], int] = {}
    spans: list[tuple[int, int, int]] = []
    for line in sorted(seen.few, key=attrgetter("t_mono")):
        if line.op == "discontinuity":
            begun = {key: at for key, at in begun.items() if key[0] != line.proc}
        if line.op != "append":
            continue
        batch = (store_producer(line.actor, line.producer), line.pseq)
        if line.kind == "invoke":
            begun.setdefault((line.proc, *batch), line.t_mono)
        elif line.kind == "ok" and placed.get(batch) == (line.epoch, line.offset):
            spans.append((begun.get((line.proc, *batch), line.t_mono), line.t_mono, line.offset))
    moments = [(begin, 1, offset) for begin, _, offset in spans]
    moments += [(end, 0, offset) for _, end, offset in spans]
    newest = 0
    for _, begins, offset in sorted(moments):
        if not begins:
            newest = max(newest, offset)
        elif offset < newest:
            yield Violation("I8", f"{offset} was sent after {newest} had been acknowledged")


def all_at_rest(seen: Evidence) -> Iterator[Violation]:
    """I14: in the end everybody has come to the tail, and nobody waits for an answer."""
    if not seen.resting:
        return
    for edge, lines in seen.edges.items():
        if edge in seen.gone:
            continue
        states = [line.offset for line in lines if line.op == "state"]
        if states and states[-1] < seen.resting:
            yield Violation("I14", f"{edge} stopped at {states[-1]} of {seen.resting}")
        open_: set[tuple[str, int]] = set()
        for line in lines:
            if line.op == "append" and line.kind == "invoke":
                open_.add((line.producer, line.pseq))
            elif line.op == "append" and line.kind in ("ok", "fail"):
                open_.discard((line.producer, line.pseq))
            elif line.op == "attached":  # what the log holds already is not acknowledged again
                open_ = {each for each in open_ if each[0] != line.producer or each[1] > line.pseq}
        if open_:
            yield Violation("I14", f"{edge} never got an answer to {sorted(open_)[:3]}")
