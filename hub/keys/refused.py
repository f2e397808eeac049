"""The chain of what was refused: short sealed records in a list beside a session, or beside all of a tenant's.

Each record says its number and the digest of the one before it; the list's *head* says how many there were, from which
on the list holds them, and the newest one's digest, under an anchor whose key the store never sees. Whoever adds a
record puts the head in its place in the same step, and only if nobody was quicker. So an edit, a removal or a swap is
found, at the end too; a list that was put back whole, head and all, is betrayed by the vault's copy.

    record    0x02 | number u64 | digest of the record before: 20 bytes | sealed, at record("refused:HEX", number), HEX
              being that digest
    digest    in the log's own layout (`legato.session.chain`): offset = number, time and flags 0, producer `refusals`,
              sequence = number, index 0; before the first one SHA-1("legato-refusals-1" | tenant | 00 | session)
    head      0x01 | number u64 | begun u64 | time u64 (ms, of the newest) | digest: 20 bytes | anchor: 33 bytes
    anchor    0x01 | HMAC-SHA-256(anchor key, "legato-refusals-1" | text(tenant) | text(session) | head without it)

What begins with 0x01 is a seal by itself, at record("refusal", 1), from before there was a chain.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from operator import itemgetter
from typing import Final, Literal

from hub.keys import places
from hub.keys.anchors import ANCHOR_SIZE, Anchors
from hub.keys.errors import SealBroken
from hub.keys.sealing import SEAL_OVERHEAD, SEAL_VERSION, Sealer
from legato.session import chain

LABEL: Final = b"legato-refusals-1"
PRODUCER: Final = "refusals"
_RECORD: Final = struct.Struct(">BQ20s")
_HEAD: Final = struct.Struct(">BQQQ20s")
_CHAINED: Final = 2
_VERSION: Final = 1
_OLDER: Final = places.record("refusal", 1)

What = Literal["missing", "chain", "seal", "head", "anchor", "lost"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something is wrong with the refusal of this number (0: with the list)."""

    number: int
    what: What


@dataclass(frozen=True, slots=True)
class Record:
    """One refusal as it is kept; `before`: the digest of the one before it."""

    number: int
    before: bytes
    sealed: bytes

    def packed(self) -> bytes:
        """As it stands in the list."""
        return _RECORD.pack(_CHAINED, self.number, self.before) + self.sealed

    def digest(self) -> bytes:
        """What the next one says of it."""
        header = chain.producer_header(PRODUCER, self.number, 0)
        return chain.link(self.before, self.number, 0, 0, header, self.sealed)


@dataclass(frozen=True, slots=True)
class Head:
    """`number` refusals there were, the newest at `time` (ms) and with this `digest`; the list holds them from number
    `begun` on, as far as it holds so many."""

    number: int
    begun: int
    time: int
    digest: bytes


class Chain:
    """The chain of one list: `session` names it among its tenant's."""

    def __init__(self, tenant: str, session: str, anchors: Anchors) -> None:
        self._names = (tenant, session)
        self._anchors = anchors
        named = f"{tenant}\0{session}".encode("ascii")
        self.genesis = sha1(LABEL + named, usedforsecurity=False).digest()

    def after(self, head: Head | None, sealer: Sealer, plain: bytes) -> Record:
        """The refusal that follows this head (None: the first one there is)."""
        number, before = (1, self.genesis) if head is None else (head.number + 1, head.digest)
        return Record(number, before, sealer.seal(_place(number, before), plain))

    def write(self, head: Head) -> bytes:
        """A head with its anchor."""
        told = _HEAD.pack(_VERSION, head.number, head.begun, head.time, head.digest)
        return told + self._anchors.of_refusals(*self._names, told)

    def read(self, raw: bytes) -> Head | None:
        """What `write` wrote; None: no hub of this key did, for this list."""
        told, anchor = raw[: _HEAD.size], raw[_HEAD.size :]
        if len(anchor) != ANCHOR_SIZE or not self._anchors.holds_refusals(anchor, *self._names, told):
            return None
        _, number, begun, time, digest = _HEAD.unpack(told)
        return Head(number, begun, time, digest)


@dataclass(slots=True)
class Checked:
    """What a list holds: by number what its seals opened on, and of those from before there was a chain `older`.
    `unreadable`: how many of all do not open."""

    opened: dict[int, bytes] = field(default_factory=dict)
    older: list[bytes] = field(default_factory=list)
    unreadable: int = 0
    flaws: dict[int, What] = field(default_factory=dict)

    def found(self, number: int, what: What) -> None:
        """Something is wrong; of several findings at one number the first counts, but where what was missed came."""
        if self.flaws.get(number) in (None, "missing"):
            self.flaws[number] = what


class Walk:
    """A walk over a list of which `most` are kept at most, oldest first. After a fault what comes is believed, so that
    one fault is one finding. `whole`: it should hold what the list held before it began anew, too."""

    def __init__(self, of: Chain, sealer: Sealer, most: int, *, whole: bool) -> None:
        self.checked = Checked()
        self._chain, self._sealer = of, sealer
        self._most, self._whole = most, whole
        self._previous = b""
        self._number: int | None = None

    def over(self, raw_head: bytes, kept: Sequence[bytes]) -> Checked:
        """See the module."""
        head, found = self._chain.read(raw_head), self.checked
        older = [raw for raw in kept if raw[:1] == bytes((SEAL_VERSION,))]
        if head is not None:
            first = head.number - (self._most - len(older)) + 1
            self._number = max(1 if self._whole else head.begun, first) - 1
        elif raw_head or len(older) < len(kept):
            found.found(0, "anchor" if raw_head else "head")
        for raw in kept:
            if raw[:1] == bytes((SEAL_VERSION,)):
                self._older(raw)
            elif (record := read_record(raw)) is not None and not (head and record.number > head.number):
                self._next(record)
            else:
                self._unknown()
        if head is not None:
            self._missing(head.number)
            if self._previous not in (b"", head.digest):
                found.found(head.number, "chain")
        return found

    def _older(self, raw: bytes) -> None:
        try:
            self.checked.older.append(self._sealer.open(_OLDER, raw))
        except SealBroken:
            self.checked.unreadable += 1

    def _unknown(self) -> None:
        self.checked.unreadable += 1
        self._number, self._previous = (self._number or 0) + 1, b""
        self.checked.found(self._number, "seal")

    def _next(self, record: Record) -> None:
        found, ahead = self.checked, self._number is None or record.number > self._number
        if ahead and self._number is not None:
            self._missing(record.number - 1)
        must = self._must_name(record)
        led = ahead and (not must or record.before == must)
        if not led:
            found.found(record.number, "chain")
        try:
            plain = self._sealer.open(_place(record.number, record.before), record.sealed)
            found.opened.setdefault(record.number, plain)
        except SealBroken:
            found.unreadable += 1
            found.found(record.number, "seal")
            led = False
        if ahead:
            self._number, self._previous = record.number, record.digest() if led else b""

    def _must_name(self, record: Record) -> bytes:
        """The digest that it must name; "": it is not known."""
        return self._chain.genesis if record.number == 1 else self._previous

    def _missing(self, until: int) -> None:
        after = self._number or 0
        for number in range(max(after, until - self._most) + 1, until + 1):
            self.checked.found(number, "missing")
            self._number, self._previous = number, b""


def read_record(raw: bytes) -> Record | None:
    """What `Record.packed` wrote; None: it is none."""
    if len(raw) < _RECORD.size + SEAL_OVERHEAD or raw[0] != _CHAINED:
        return None
    _, number, before = _RECORD.unpack_from(raw)
    return Record(number, before, raw[_RECORD.size :]) if 0 < number <= chain.MAX_EXACT else None


def joined(known: Sequence[bytes], newer: Sequence[bytes], most: int) -> list[bytes]:
    """What two copies of a list hold, the newest `most`, in order. Of two refusals of one number both stay: somebody
    put the list back."""
    newest = set(newer)
    both = [*_numbered([each for each in known if each not in newest]), *_numbered(newer)]
    return [raw for _, raw in sorted(both, key=itemgetter(0))][-most:]


def _numbered(kept: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """What says no number stays behind what does."""
    number = 0
    for raw in kept:
        record = read_record(raw)
        number = number if record is None else record.number
        yield number, raw


def _place(number: int, before: bytes) -> places.Place:
    return places.record(f"refused:{before.hex()}", number)
