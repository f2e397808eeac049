"""A walk over a log's entries, in order: what is missing, what the chain does not lead to, what does not open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from hub.keys.sealing import Sealer
from hub.node.entries import SessionDamaged, link_of, opened_entry
from hub.store.promise import SessionKey, Stored
from legato.session import chain
from legato.session.events import LogReopened
from legato.session.position import Position

MOST_NAMED: Final = 10_000
"""Missing offsets that are named one by one, of any hole."""

What = Literal["missing", "chain", "seal", "content", "anchor", "snapshot", "head", "segment"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is wrong at `offset`."""

    offset: int
    what: What


class Walk:
    """`first` is the offset at which the log begins (0: nobody said yet), `next` the one that should come; `digests`
    are those of the entries that came. Of several findings at one offset the first counts."""

    def __init__(self, key: SessionKey, sealer: Sealer) -> None:
        self.first = 0
        self.next = 1
        self.digests: dict[int, bytes] = {}
        self.findings: dict[int, What] = {}
        self.epochs: list[str] = []
        self.reopened: set[int] = set()
        self.opening: Stored | None = None
        self._key = key
        self._sealer = sealer
        self._previous: bytes | None = None

    def found(self, offset: int, what: What) -> None:
        """Something is wrong."""
        self.findings.setdefault(offset, what)

    def starts(self, first: int) -> None:
        """The log begins at `first`; what went while it was walked is not missing."""
        self.first = self.first or first
        if first > self.next:
            self.next, self._previous = first, None

    def missing(self, until: int) -> None:
        """What should have come up to offset `until` has not."""
        if until >= self.next:
            for offset in range(self.next, min(until + 1, self.next + MOST_NAMED)):
                self.found(offset, "missing")
            self.next, self._previous = until + 1, None

    def unreadable(self, offset: int) -> None:
        """What stands at `offset` is no entry at all."""
        self.missing(offset - 1)
        self.found(offset, "seal")
        self.next, self._previous = max(self.next, offset + 1), None

    def check(self, entry: Stored, tail: int) -> None:
        """The next entry of a log that ends at offset `tail`. After a fault the entry's own digest is believed, so
        that one fault is one finding."""
        if not self.next <= entry.offset <= tail:
            # The other half of a swap, whose place was found empty; or what says an offset that is not its own.
            self.found(entry.offset if entry.offset in self.findings else self.next, "chain")
            return
        self.missing(entry.offset - 1)
        if self._previous is not None and not _leads(self._previous, entry):
            self.found(entry.offset, "chain")
        try:
            event = opened_entry(self._key, self._sealer, entry).event
            if isinstance(event, LogReopened):
                self.epochs.append(event.previous_epoch)
                self.reopened.add(entry.offset)
        except SessionDamaged as damage:
            self.found(entry.offset, "content" if damage.reason == "content" else "seal")
        self.opening = self.opening or entry
        self.digests[entry.offset] = self._previous = entry.digest
        self.next = entry.offset + 1

    def ends(self, tail: Position) -> None:
        """All that there are have come; the log says that it ends at `tail`."""
        self.missing(tail.offset)
        digest = self.digests.get(tail.offset)
        if digest is not None and Position.at(tail.epoch, tail.offset, digest) != tail:
            self.found(tail.offset, "chain")

    def begins(self, epochs: Iterable[str], before: bytes | None) -> None:
        """Check the first entry's link, by the digest before it; a log's first began in one of `epochs`."""
        first = self.opening
        if first is None:
            return
        begins = [] if before is None else [before]
        if first.offset == 1:
            begins = [chain.genesis(self._key.tenant, self._key.session, epoch) for epoch in epochs]
        if begins and not any(_leads(begin, first) for begin in begins):
            self.found(first.offset, "chain")


def _leads(previous: bytes, entry: Stored) -> bool:
    """Whether the chain leads from that digest to the entry."""
    try:
        return link_of(previous, entry) == entry.digest
    except chain.ChainInputInvalid:
        return False  # numbers that no entry has
