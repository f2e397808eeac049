"""One session's log in memory: the append in the promise's order.

The log goes on through epochs: when a tail was lost, the next epoch continues offsets and chain after
the surviving tail. `lineage` holds the epochs before with the last offset that survived of each, so a
position of an older epoch is still on this log if nothing after it was lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from msgspec.structs import replace

from hub.store.promise import (
    MOST_DRAFTS,
    WINDOW,
    Append,
    Appended,
    Level,
    LostTail,
    Opened,
    Outcome,
    Page,
    Refused,
    SessionKey,
    Stored,
)
from legato.session import chain
from legato.session.position import Position

CONTROL_FLAG: Final = 1
"""The bit of a chain link's flags that marks a control event."""


class Place(Enum):
    """Where a position is, as seen from a log."""

    ON = auto()
    LOST = auto()
    TRIMMED = auto()


@dataclass(slots=True)
class Producer:
    """What is kept of a writer: its epoch, its last sequence, and its last batches with their outcomes."""

    epoch: int = 0
    last: int = 0
    window: dict[int, tuple[bytes, Appended | Refused]] = field(default_factory=dict)

    def keep(self, batch: Append, outcome: Appended | Refused) -> None:
        """Use up the batch's sequence."""
        self.epoch = max(self.epoch, batch.producer_epoch)
        self.last = batch.sequence
        self.window[batch.sequence] = (batch.digest, outcome)
        self.window.pop(batch.sequence - WINDOW, None)


class LogModel:
    """See the module. `first` is the oldest offset held; `base` the digest just before it."""

    def __init__(self, key: SessionKey, epoch: str) -> None:
        self.epoch = epoch
        self.lineage: list[tuple[str, int]] = []
        self.entries: list[Stored] = []
        self.first = 1
        self.base = chain.genesis(key.tenant, key.session, epoch)
        self.time = 0
        self.last_control = 0
        self.rights: dict[str, int] = {}
        self.producers: dict[str, Producer] = {}

    @property
    def tail(self) -> Position:
        """The newest position."""
        offset = self.first - 1 + len(self.entries)
        return Position.at(self.epoch, offset, self.digest_at(offset))

    def digest_at(self, offset: int) -> bytes:
        """The chain digest at an offset from `first - 1` to the tail."""
        return self.entries[offset - self.first].digest if offset >= self.first else self.base

    def position_at(self, offset: int) -> Position | None:
        """The position at `offset`, if it is still known: from `first - 1` to the tail."""
        if not self.first - 1 <= offset <= self.tail.offset:
            return None
        return Position.at(self.epoch, offset, self.digest_at(offset))

    def place(self, position: Position) -> Place:
        """Whether `position` is on this log."""
        if position.original:
            return Place.ON
        reach = {**dict(self.lineage), self.epoch: self.tail.offset}.get(position.epoch)
        if reach is None or position.offset > reach:
            return Place.LOST
        if position.offset == 0:
            return Place.ON
        if position.offset < self.first - 1:
            return Place.TRIMMED
        known = self.digest_at(position.offset)[: len(position.check)]
        return Place.ON if known == position.check else Place.LOST

    def append(self, batch: Append, now: int, level: Level) -> Outcome:
        """Steps 2 to 7 of the promise."""
        if len(batch.drafts) > MOST_DRAFTS:
            return Refused("too_large", MOST_DRAFTS)
        return self._blocked(batch) or self._lost_race(batch) or self._accept(batch, now, level)

    def refuse(self, batch: Append, refusal: Refused) -> Outcome:
        """Steps 2 to 5, then keep the refusal."""
        blocked = self._blocked(batch)
        if blocked is not None:
            return blocked
        self._producer(batch.producer).keep(batch, refusal)
        return refusal

    def reopen(self, epoch: str, evidence: Position, batch: Append, now: int, level: Level) -> Outcome:
        """Go on under a new epoch, unless `evidence` is on the log or of an epoch that ended before."""
        known = self._repeat(batch)
        if known is not None and not (isinstance(known, Refused) and known.reason == "sequence_reused"):
            return known
        if self.place(evidence) is not Place.LOST or evidence.epoch in dict(self.lineage):
            return Refused("lost_race")
        refused = known or self._zombie(batch) or self._gap(batch)
        if refused is not None:
            return refused
        return self.renew(epoch, batch, now, level)

    def renew(self, epoch: str, batch: Append, now: int, level: Level) -> Outcome:
        """Go on under a new epoch, whatever the batch."""
        self.lineage.append((self.epoch, self.tail.offset))
        self.epoch = epoch
        return self._accept(batch, now, level)

    def open_producer(self, name: str) -> Opened:
        """The next epoch of the producer."""
        producer = self._producer(name)
        producer.epoch += 1
        return Opened(producer.epoch, producer.last)

    def page(self, after: int, limit: int) -> Page:
        """Entries after `after`, at most `limit`."""
        start = max(0, after + 1 - self.first)
        return Page(tuple(self.entries[start : start + limit]), self.first, self.tail)

    def trim(self, keep_from: int) -> int:
        """Drop what is before `keep_from`; returns how many went."""
        gone = max(0, min(keep_from, self.tail.offset + 1) - self.first)
        if gone:
            self.base = self.entries[gone - 1].digest
            del self.entries[:gone]
            self.first += gone
        return gone

    def _producer(self, name: str) -> Producer:
        return self.producers.setdefault(name, Producer())

    def _blocked(self, batch: Append) -> Outcome | None:
        """Steps 2 to 5; a want of rights uses up the sequence."""
        early = self._repeat(batch) or self._witness(batch) or self._zombie(batch) or self._gap(batch)
        if early is not None:
            return early
        stale = self._stale_right(batch)
        if stale is not None:
            self._producer(batch.producer).keep(batch, stale)
        return stale

    def _repeat(self, batch: Append) -> Appended | Refused | None:
        producer = self.producers.get(batch.producer, Producer())
        if batch.sequence > producer.last:
            return None
        if batch.sequence not in producer.window:
            return Refused("too_old", expected=producer.last + 1)
        digest, outcome = producer.window[batch.sequence]
        if digest != batch.digest:
            return Refused("sequence_reused")
        return replace(outcome, repeat=True) if isinstance(outcome, Appended) else outcome

    def _witness(self, batch: Append) -> Outcome | None:
        if batch.witness is None:
            return None
        where = self.place(batch.witness)
        if where is Place.LOST:
            return LostTail(self.tail)
        return Refused("resume_first", expected=self.first) if where is Place.TRIMMED else None

    def _zombie(self, batch: Append) -> Refused | None:
        epoch = self.producers.get(batch.producer, Producer()).epoch
        return (
            Refused("stale_token", expected=epoch, detail="producer")
            if batch.producer_epoch < epoch
            else None
        )

    def _gap(self, batch: Append) -> Refused | None:
        expected = self.producers.get(batch.producer, Producer()).last + 1
        return Refused("sequence_gap", expected=expected) if batch.sequence != expected else None

    def _stale_right(self, batch: Append) -> Refused | None:
        if batch.rights and batch.token_epoch not in ("", self.epoch):
            return Refused("stale_token", detail="epoch")
        for name in sorted(batch.rights):
            number = self.rights.get(name, 0)
            if number != batch.rights[name]:
                return Refused("stale_token", expected=number, detail=name)
        return None

    def _lost_race(self, batch: Append) -> Refused | None:
        if batch.control is not None and self.last_control > batch.control:
            return Refused("lost_race", expected=self.last_control)
        for name in sorted(batch.raises):
            number = self.rights.get(name, 0)
            if batch.raises[name] != number + 1:
                return Refused("lost_race", expected=number, detail=name)
        return None

    def _accept(self, batch: Append, now: int, level: Level) -> Appended:
        self.time = max(self.time, now)
        first = self.tail.offset + 1
        for index, draft in enumerate(batch.drafts):
            offset = first + index
            header = chain.producer_header(batch.producer, batch.sequence, index)
            flags = CONTROL_FLAG if draft.control else 0
            digest = chain.link(self.digest_at(offset - 1), offset, self.time, flags, header, draft.sealed)
            self.entries.append(
                Stored(
                    offset,
                    self.time,
                    draft.control,
                    batch.producer,
                    batch.sequence,
                    index,
                    draft.sealed,
                    digest,
                )
            )
            self.last_control = offset if draft.control else self.last_control
        self.rights.update(batch.raises)
        appended = Appended(first, len(batch.drafts), self.time, level)
        self._producer(batch.producer).keep(batch, appended)
        return appended
