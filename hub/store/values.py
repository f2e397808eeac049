"""What is handed to a store, and what it answers.

No value here is ever changed. What is made for every event is a `msgspec.Struct`: a frozen dataclass costs six times as
much to make, and the collector looks at each; these hold nothing that leads back to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from legato.session.commands import Reason
from legato.session.position import Position

Level = Literal["memory", "buffered", "replicated", "synced"]


@dataclass(frozen=True, slots=True, order=True)
class SessionKey:
    """Which session, of which tenant."""

    tenant: str
    session: str


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A sealed event before it has a place."""

    sealed: bytes
    control: bool = False


class Stored(msgspec.Struct, frozen=True, gc=False):
    """An entry of the log. `time` is session time in ms; `digest` is the chain digest at `offset` (20 bytes)."""

    offset: int
    time: int
    control: bool
    producer: str
    sequence: int
    index: int
    sealed: bytes
    digest: bytes


class Append(msgspec.Struct, frozen=True, gc=False):
    """One batch of one producer. `digest` is the keyed digest of the command as its producer sent it (16 bytes).

    `rights` maps names to the numbers their tokens must have now; `raises` maps names to the numbers they
    get by this append (each must be one more than now). `tokens_of` is the epoch that those tokens belong to;
    empty: the witness's (numbers go on through epochs, so a number alone does not tell a token whose
    raising was lost from the one that was raised again). `deadline` (session time, ms) is scheduled before
    the append takes effect, and only ever moves the session's earliest deadline nearer: `schedule` moves it
    away.
    """

    producer: str
    producer_epoch: int
    sequence: int
    digest: bytes
    drafts: tuple[Draft, ...]
    witness: Position | None = None
    rights: Mapping[str, int] = {}
    raises: Mapping[str, int] = {}
    control: int | None = None
    deadline: int | None = None
    tokens_of: str = ""

    @property
    def token_epoch(self) -> str:
        """The epoch that the tokens in `rights` belong to; empty if nothing says so."""
        if self.tokens_of or self.witness is None or self.witness.original:
            return self.tokens_of
        return self.witness.epoch


class Appended(msgspec.Struct, frozen=True, gc=False):
    """The batch is in the log at `first` … `first + count - 1`, with session time `time`."""

    first: int
    count: int
    time: int
    level: Level
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The batch is not in the log. `expected` is the sequence or number that was expected, if any."""

    reason: Reason
    expected: int = -1
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LostTail:
    """The witness is not on this log: an acknowledged tail was lost. `surviving` is the store's tail."""

    surviving: Position


Outcome = Appended | Refused | LostTail


@dataclass(frozen=True, slots=True)
class Opened:
    """A producer epoch was opened: older ones are refused. `last` is its last accepted sequence (0: none)."""

    epoch: int
    last: int


@dataclass(frozen=True, slots=True)
class Page:
    """A range of the log. `first` is the oldest offset still held (after trimming); `tail` the newest position."""

    entries: tuple[Stored, ...]
    first: int
    tail: Position


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A sealed folded state at `position`, with its anchor (HMAC over position and sealed bytes)."""

    position: Position
    fold_version: int
    sealed: bytes
    anchor: bytes


@dataclass(frozen=True, slots=True)
class Joined:
    """One consistent read: the newest snapshot, every entry after it, the tail, the rights' numbers."""

    snapshot: Snapshot | None
    page: Page
    rights: Mapping[str, int]
    producer: Opened | None


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes a session that counts as theirs, and how many of those may be open (in the store, and not ended)."""

    participant: str
    most: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the index of sessions."""

    session: str
    created: int
    last: int
    ended: bool
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """The last row of a page of the index, behind which the next one begins: rows of an earlier activity (ms), and of
    the same one those of a lesser session. With no session, of an earlier activity only."""

    last: int
    session: str = ""

    @classmethod
    def of(cls, row: Listed) -> Edge:
        """That row's."""
        return cls(row.last, row.session)
