"""A residue as bytes for ever, sealed with its session's key: what an archived session comes back from.

Version 1 of the plaintext: `LGR1`, then MessagePack of a map with the names of `hub.store.resting.Residue`; the tail as
position text, the snapshot as `[position text, fold version, sealed, anchor]`. Sealed as the record `residue`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from hub.keys import places
from hub.keys.errors import SealBroken
from hub.keys.sealing import Sealer
from hub.store.promise import Snapshot
from hub.store.resting import Residue
from legato.session.position import Position, PositionInvalid

MAGIC: Final = b"LGR1"
PLACE: Final = places.record("residue", 1)


class ResidueBroken(ValueError):
    """The bytes are not a residue of this session."""


def sealed_residue(sealer: Sealer, residue: Residue) -> bytes:
    """The residue, as the vault keeps it."""
    said: dict[str, Any] = {
        "tail": residue.tail.to_text(),
        "digest": residue.digest,
        "time": residue.time,
        "control": residue.control,
        "snapshot": _snapshot(residue.snapshot),
        "lineage": residue.lineage,
        "rights": residue.rights or {},
        "producers": residue.producers or {},
        "holders": residue.holders or {},
        "history": residue.history or {},
    }
    return sealer.seal(PLACE, MAGIC + msgspec.msgpack.encode(said))


def opened_residue(sealer: Sealer, sealed: bytes) -> Residue:
    """Read what `sealed_residue` wrote. Raises `ResidueBroken`."""
    try:
        plain = sealer.open(PLACE, sealed)
        if plain[: len(MAGIC)] != MAGIC:
            raise ResidueBroken("magic")
        said = msgspec.msgpack.decode(plain[len(MAGIC) :])
        place, version, state, anchor = said["snapshot"]
        return Residue(
            tail=Position.from_text(said["tail"]),
            digest=said["digest"],
            time=said["time"],
            control=said["control"],
            snapshot=Snapshot(Position.from_text(place), version, state, anchor),
            lineage=tuple((epoch, last) for epoch, last in said["lineage"]),
            rights=said["rights"],
            producers={name: (epoch, last) for name, (epoch, last) in said["producers"].items()},
            holders={name: (noted, holder) for name, (noted, holder) in said["holders"].items()},
            history=said["history"],
        )
    except (SealBroken, msgspec.DecodeError, PositionInvalid, KeyError, TypeError, ValueError) as problem:
        raise ResidueBroken(type(problem).__name__) from None


def _snapshot(snapshot: Snapshot) -> tuple[str, int, bytes, bytes]:
    return snapshot.position.to_text(), snapshot.fold_version, snapshot.sealed, snapshot.anchor
