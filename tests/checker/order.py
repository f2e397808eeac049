"""The log by itself: dense, written once, each producer in order, one owner at a time (I2, I3, I4, I7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from tests.checker.history import Entry
from tests.checker.verdict import Violation

WORKER: Final = "worker:"
UNKNOWN: Final = "?"
FENCED: Final = frozenset(
    {
        "response_started", "message_started", "message_grown", "part_added", "message_ended", "response_ended",
        "tool_requested", "tool_started", "tool_progressed", "tool_ended",
    }
)  # fmt: skip
"""What an agent may only write while it holds the right."""


def written_once(entries: Sequence[Entry]) -> Iterator[Violation]:
    """I2: (producer, sequence, index) stands once; sequences never restart, whatever the producer's epoch."""
    seen: dict[tuple[str, int, int], int] = {}
    for entry in entries:
        place = (entry.producer, entry.pseq, entry.index)
        if (before := seen.setdefault(place, entry.offset)) != entry.offset:
            yield Violation("I2", f"{place} stands at {before} and at {entry.offset}")


def dense(entries: Sequence[Entry]) -> Iterator[Violation]:
    """I3: offsets go 1 … N; another epoch begins with `log_reopened`, only so, and none comes back."""
    past: set[str] = set()
    for number, entry in enumerate(entries, 1):
        if entry.offset != number:
            yield Violation("I3", f"offset {entry.offset} stands in place {number}")
            return
    for before, after in pairwise(entries):
        opens = after.event["type"] == "log_reopened"
        if opens != (before.epoch != after.epoch):
            yield Violation("I3", f"the epoch changes without cause at {after.offset}, or does not")
        if before.epoch != after.epoch:
            past.add(before.epoch)
        if after.epoch in past:
            yield Violation("I3", f"epoch {after.epoch} comes back at {after.offset}")


def in_producers_order(entries: Sequence[Entry]) -> Iterator[Violation]:
    """I4: the order of a producer's sequences is the order of offsets; a batch stands together."""
    last: dict[str, Entry] = {}
    for entry in entries:
        before = last.get(entry.producer)
        last[entry.producer] = entry
        if before is None or entry.pseq > before.pseq:
            if entry.index != 0:
                yield Violation("I4", f"a batch begins with its event {entry.index} at {entry.offset}")
        elif entry.pseq < before.pseq:
            yield Violation(
                "I4", f"{entry.producer} wrote {entry.pseq} after {before.pseq} at {entry.offset}"
            )
        elif (entry.index, entry.offset) != (before.index + 1, before.offset + 1):
            yield Violation("I4", f"a batch is torn at {entry.offset}")


def fenced(entries: Sequence[Entry]) -> Iterator[Violation]:
    """I7: what an agent says is written by whoever holds its right at that offset, and by nobody else.

    A right that was taken on arrival is granted by the node: its owner is who first writes under it, and nobody who
    wrote for another worker before."""
    owners: dict[str, str] = {}
    rights: dict[str, str] = {}
    workers: dict[str, str] = {}
    wrote: dict[str, str] = {}
    tokens: dict[str, int] = {}
    agents: set[str] = set()
    for entry in entries:
        event, kind = entry.event, entry.event["type"]
        if kind == "log_reopened":
            owners.clear()
            tokens.clear()
        elif kind in ("right_granted", "right_released", "agent_crashed"):
            right = event["right"]
            if event["token"] < tokens.get(right, 0) + (kind == "right_granted"):
                yield Violation("I7", f"the token of {right} goes back at {entry.offset}")
            tokens[right] = event["token"]
            if not right.startswith(WORKER):
                continue
            owners.pop(rights.pop(right, ""), None)
            if kind == "right_granted":
                agents.add(event["holder"])
                rights[right], workers[event["holder"]] = event["holder"], event.get("worker", "")
                owners[event["holder"]] = entry.producer if entry.producer.startswith("p_") else UNKNOWN
        elif kind not in FENCED or event["by"] not in agents or not entry.producer.startswith("p_"):
            continue
        elif not _may_write(entry, owners, workers[event["by"]], wrote):
            yield Violation("I7", f"{kind} at {entry.offset} by one who does not hold the right")


def _may_write(entry: Entry, owners: dict[str, str], worker: str, wrote: dict[str, str]) -> bool:
    """Whether the producer owns the right of its agent, or is the one to own it."""
    by = entry.event["by"]
    owner = owners.get(by)
    if owner == UNKNOWN and wrote.get(entry.producer, worker) == worker:
        owner = owners[by] = entry.producer
    if owner == entry.producer:
        wrote[entry.producer] = worker
    return owner == entry.producer
