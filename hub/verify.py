"""Whether a session is what was said: the chain recomputed, every seal opened, the snapshot's anchor checked.

What each finds: a changed byte breaks its entry's seal (and, in its nonce or tag, the chain); a removed entry
is a hole; a swapped one breaks the chain where it stands; somebody who rewrote the chain too is betrayed by
the anchor of a snapshot, whose key the store never sees.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Literal

from hub.keys.anchors import Anchors
from hub.keys.sealing import Sealer
from hub.node.entries import Keys, SessionDamaged, link_of, opened_entry, opened_snapshot
from hub.store.promise import PAGE, SessionKey, Snapshot, Store, Stored
from hub.vault import ResidueBroken, Vault, VaultDamaged, opened_residue
from legato.session import chain
from legato.session.events import LogReopened

What = Literal["missing", "chain", "seal", "content", "anchor", "snapshot"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is wrong at `offset`."""

    offset: int
    what: What


@dataclass(slots=True)
class Report:
    """What was checked: `entries` from offset `first` to `last`. No findings: all is as it was said."""

    first: int = 0
    last: int = 0
    entries: int = 0
    findings: list[Finding] = field(default_factory=list)


async def verify(
    key: SessionKey, store: Store, keys: Keys, anchors: Anchors, vault: Vault | None = None
) -> Report | None:
    """Check everything that is left of a session. None: there is no such session. Raises `KeysError`,
    `StoreUnavailable`, `VaultDamaged`."""
    joined = await store.join(key)
    tail = joined.page.tail if joined is not None else await vault.end(key) if vault is not None else None
    if tail is None:
        return None
    sealer = await keys.sealer(key.tenant, key.session)
    snapshot = joined.snapshot if joined is not None else await _rested(key, store, vault, sealer)
    walk = _Walk(key, sealer, tail.epoch)
    stream = vault.entries(store, key) if vault is not None else stored(store, key)
    async for entry in stream:
        walk.check(entry)
    walk.begin()
    if snapshot is not None:
        at = snapshot.position
        try:
            _, recent = opened_snapshot(key, sealer, anchors, snapshot)
            if walk.digests.get(at.offset, recent.digest) != recent.digest:
                walk.found(at.offset, "anchor")
        except SessionDamaged as damage:
            walk.found(at.offset, "anchor" if damage.reason == "anchor" else "snapshot")
    walk.report.findings.sort(key=lambda finding: finding.offset)
    return walk.report


async def _rested(key: SessionKey, store: Store, vault: Vault | None, sealer: Sealer) -> Snapshot | None:
    """The snapshot that an archived session would come back from."""
    name = await store.archived(key)
    if name is None or vault is None:
        return None
    try:
        return opened_residue(sealer, await vault.residue(key, name.decode())).snapshot
    except ResidueBroken:
        raise VaultDamaged(key, name.decode()) from None


async def stored(store: Store, key: SessionKey) -> AsyncGenerator[Stored, None]:
    """All entries that the store holds."""
    page = await store.read(key, 0, PAGE)
    while page is not None and page.entries:
        for entry in page.entries:
            yield entry
        page = await store.read(key, page.entries[-1].offset, PAGE)


class _Walk:
    """Goes through the entries in order, once."""

    def __init__(self, key: SessionKey, sealer: Sealer, epoch: str) -> None:
        self.report = Report()
        self.digests: dict[int, bytes] = {}
        self._key = key
        self._sealer = sealer
        self._epochs = [epoch]
        self._previous: bytes | None = None
        self._opening: Stored | None = None

    def found(self, offset: int, what: What) -> None:
        """Something is wrong."""
        self.report.findings.append(Finding(offset, what))

    def check(self, entry: Stored) -> None:
        """The next entry. After a fault the entry's own digest is believed, so that one fault is one finding."""
        report = self.report
        if report.entries == 0:
            report.first, self._opening = entry.offset, entry
        for missing in range(report.last + 1 if report.entries else entry.offset, entry.offset):
            self.found(missing, "missing")
        whole = not report.entries or entry.offset == report.last + 1
        if whole and self._previous is not None and link_of(self._previous, entry) != entry.digest:
            self.found(entry.offset, "chain")
        try:
            event = opened_entry(self._key, self._sealer, entry).event
            if isinstance(event, LogReopened):
                self._epochs.insert(0, event.previous_epoch)
        except SessionDamaged as damage:
            if not report.findings or report.findings[-1].offset != entry.offset:
                self.found(entry.offset, "content" if damage.reason == "content" else "seal")
        self._previous, report.last = entry.digest, max(report.last, entry.offset)
        self.digests[entry.offset] = entry.digest
        report.entries += 1

    def begin(self) -> None:
        """The first entry's link, known only when all openings of epochs are: the log began with the first."""
        first = self._opening
        if first is not None and first.offset == 1:
            begins = [chain.genesis(self._key.tenant, self._key.session, epoch) for epoch in self._epochs]
            if all(link_of(begin, first) != first.digest for begin in begins):
                self.found(1, "chain")
