"""Sessions that leave a real store whole, and come back (`hub/store/resting.py`)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.store import layout
from hub.store.asking import Asking
from hub.store.batches import states
from hub.store.layout import FORMAT, Head, beside, meta
from hub.store.promise import TICKETS_KEPT_MS, Append, SessionKey
from hub.store.resting import Residue
from legato.session.ids import RandomBytes
from legato.session.position import Position, epoch_from_bits

_LINEAGE: Final = struct.Struct(">11sQ")
_STATE: Final = struct.Struct(">BQQ")
_NO_NUMBERS: Final = bytes(10)


class ArchiveSide(Asking):
    """See the promise."""

    _random_bytes: RandomBytes

    async def residue(self, key: SessionKey) -> Residue | None:
        keys = [meta(key), *(beside(key, what) for what in ("snapshots", "history", "holders", "held"))]
        got = await self.call("residue", keys)
        if got is None or got[1] is None:
            return None
        fields, snapshot = _pairs(got[0]), layout.read_snapshot(got[1])
        head = Head.read(fields[b"h"])
        if snapshot.position != head.position:
            return None
        noted = {name: int(when) for name, when in _pairs(got[4]).items()}
        return Residue(
            tail=head.position,
            digest=head.top,
            time=head.time,
            control=head.control,
            snapshot=snapshot,
            lineage=tuple(
                (name.decode(), last) for name, last in _LINEAGE.iter_unpack(fields.get(b"l", b""))
            ),
            rights={name: int(number) for name, number in _named(fields, b"r:")},
            producers={name: _STATE.unpack(state)[1:] for name, state in _named(fields, b"p:")},
            holders={name.decode(): (noted.get(name, 0), holder) for name, holder in _pairs(got[3]).items()},
            history=dict(layout.read_page(member) for member in got[2]),
        )

    async def archive(self, key: SessionKey, tail: Position, name: bytes) -> bool:
        went = [beside(key, what) for what in ("log", "snapshots", "history", "holders", "held", "tracks")]
        words = (layout.packed_position(tail), name, beside(key, "audio:"))
        left = bool(await self.call("archive", [meta(key), *went], *words))
        if left:
            await self._place("rest", key)
        return left

    async def archived(self, key: SessionKey) -> bytes | None:
        name: bytes | None = await self._connection.ask("HGET", meta(key), "a")
        return name

    async def restore(self, key: SessionKey, residue: Residue, name: bytes, opening: Append | None) -> bool:
        keys = [beside(key, what) for what in ("log", "snapshots", "history", "holders", "held")]
        batch = _batch(opening, name, epoch_from_bits(self._random_bytes(8)).encode())
        there = bool(await self.call("restore", [meta(key), *keys], *batch, *_words(residue)))
        if there:
            await self._place("back", key)
        return there


def _batch(opening: Append | None, name: bytes, epoch: bytes) -> list[Any]:
    if opening is None:
        return ["", bytes(17), bytes(17), b"", name, b"", b"", _NO_NUMBERS]
    flags = bytes(int(draft.control) for draft in opening.drafts)
    drafts = [draft.sealed for draft in opening.drafts]
    return [opening.producer, *states(opening), opening.digest, name, epoch, flags, _NO_NUMBERS, *drafts]


def _words(residue: Residue) -> list[Any]:
    tail = residue.tail
    head = layout.write_head(
        Head(tail.offset, residue.time, residue.control, tail.offset + 1, residue.digest, residue.digest, tail.epoch)
    )  # fmt: skip
    lineage = b"".join(_LINEAGE.pack(name.encode(), last) for name, last in residue.lineage)
    holders = residue.holders or {}
    lists: list[Iterable[tuple[Any, Any]]] = [
        (residue.rights or {}).items(),
        [(name, _STATE.pack(FORMAT, *state)) for name, state in (residue.producers or {}).items()],
        [(ordinal, layout.write_page(ordinal, page)) for ordinal, page in (residue.history or {}).items()],
        [(attachment, holder) for attachment, (_, holder) in holders.items()],
        [(noted, attachment) for attachment, (noted, _) in holders.items()],
    ]
    words: list[Any] = [head, lineage, layout.write_snapshot(residue.snapshot), TICKETS_KEPT_MS]
    for pairs in lists:
        listed = list(pairs)
        words += [len(listed), *(word for pair in listed for word in pair)]
    return words


def _pairs(flat: list[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _named(fields: Mapping[bytes, bytes], prefix: bytes) -> list[tuple[str, bytes]]:
    """The fields with that prefix; what has a zero byte in its name is a producer's batch."""
    return [
        (name[len(prefix) :].decode(), value)
        for name, value in fields.items()
        if name.startswith(prefix) and b"\0" not in name
    ]
