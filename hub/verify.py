"""Whether a session is what was said: the chain recomputed, every seal opened, the snapshot's anchor checked.

What each finds: a changed byte breaks its entry's seal (and, in its nonce or tag, the chain); a removed entry is a
hole, at the ends too, for the log's head says where it begins and ends; a swapped one breaks the chain where it
stands; somebody who rewrote the head too is betrayed by what the vault and the snapshot hold beyond, and who rewrote
the chain by the anchor of a snapshot, whose key the store never sees. What store and vault both have is read twice.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from hub.keys.anchors import Anchors
from hub.keys.sealing import Sealer
from hub.node.entries import Keys, SessionDamaged, opened_snapshot
from hub.store.layout import FormatUnknown
from hub.store.promise import PAGE, SessionKey, Snapshot, Store, Stored
from hub.vault import ResidueBroken, Vault, VaultDamaged, opened_residue
from hub.walk import Finding as Finding
from hub.walk import Walk


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
    hot, snapshot, broken = await _joined(key, store)
    end = await vault.end(key) if vault is not None else None
    if not hot and end is None:
        return None
    sealer = await keys.sealer(key.tenant, key.session)
    log, kept = Walk(key, sealer), Walk(key, sealer)
    epoch, held = (end.epoch, end.offset) if end is not None else ("", 0)
    if broken:
        log.found(0, "snapshot")
    if hot:
        epoch = await _walk_log(key, store, log) or epoch
    else:
        snapshot = await _rested(key, store, vault, sealer)
        end = snapshot.position if snapshot is not None else end
    lost = await _walk_kept(key, store, vault, kept, held) if vault is not None else []
    if not hot and end is not None:
        kept.ends(end)
    if hot and vault is not None and log.first:
        kept.missing(log.first - 1)
    _compare(log, kept, lost, epoch)
    if snapshot is not None:
        try:
            _check_snapshot(snapshot, opened_snapshot(key, sealer, anchors, snapshot)[1].digest, log, kept)
        except SessionDamaged as damage:
            log.found(snapshot.position.offset, "anchor" if damage.reason == "anchor" else "snapshot")
    return _report(log, kept)


async def _joined(key: SessionKey, store: Store) -> tuple[bool, Snapshot | None, bool]:
    """Whether the session is in the store, its newest snapshot, and whether that is none."""
    try:
        joined = await store.join(key)
    except FormatUnknown as unknown:
        return True, None, unknown.what == "snapshot"
    return joined is not None, joined.snapshot if joined is not None else None, False


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


async def _walk_log(key: SessionKey, store: Store, walk: Walk) -> str:
    """Go through what the store holds; the log's epoch (empty: there is no log any more, or no head of one)."""
    after, limit = 0, PAGE
    while True:
        try:
            page = await store.read(key, after, limit)
        except FormatUnknown as unknown:
            if unknown.what != "entry":
                walk.found(0, "head")
                return ""
            if limit > 1:
                limit //= 2
                continue
            walk.unreadable(after + 1)
            after += 1
            continue
        if page is None:
            return ""  # erased or archived meanwhile
        walk.starts(page.first)
        if not page.entries:
            walk.ends(page.tail)
            return page.tail.epoch
        for entry in page.entries:
            walk.check(entry, page.tail.offset)
        # What was swapped says another offset than it stands at, and what was changed any.
        said = [entry.offset for entry in page.entries if entry.offset <= page.tail.offset]
        after, limit = max([after + 1, *said]), PAGE


async def _walk_kept(key: SessionKey, store: Store, vault: Vault, walk: Walk, until: int) -> list[Stored]:
    """Go through what the vault holds as the log has it; returns what it holds beside, up to offset `until`."""
    common, beyond, after = await vault.common(store, key), list[Stored](), 0
    try:
        while page := await vault.page(key, after, PAGE):
            for entry in page:
                if entry.offset <= common:
                    walk.check(entry, common)
                elif entry.offset <= until:
                    beyond.append(entry)
            after = max(after + 1, page[-1].offset)
    except VaultDamaged as damaged:
        if not damaged.offset:
            raise
        walk.found(damaged.offset, "segment")
    return beyond


def _compare(log: Walk, kept: Walk, lost: list[Stored], epoch: str) -> None:
    """Where the two meet, where each begins, and whether the log lacks what the vault got from it."""
    epochs = [epoch, *log.epochs, *kept.epochs]
    kept.begins(epochs, None)
    log.begins(epochs, kept.digests.get(log.first - 1))
    gone = [entry.offset for entry in lost if log.digests.get(entry.offset) != entry.digest]
    if gone and gone[0] in log.reopened:
        return  # a tail that was lost, and named so
    for offset in gone:
        log.found(offset, "chain" if offset in log.digests else "missing")


def _check_snapshot(snapshot: Snapshot, digest: bytes, log: Walk, kept: Walk) -> None:
    """What the snapshot folded is still there, with the chain as it was then."""
    at = snapshot.position.offset
    if at >= max(log.next, kept.next):
        max(log, kept, key=lambda walk: walk.next).missing(at)
    seen = (walk.digests.get(at, digest) for walk in (log, kept))
    if any(each != digest for each in seen):
        log.found(at, "anchor")


def _report(log: Walk, kept: Walk) -> Report:
    offsets = log.digests.keys() | kept.digests.keys()
    findings = {**kept.findings, **log.findings}
    return Report(
        min(offsets, default=0),
        max(offsets, default=0),
        len(offsets),
        [Finding(offset, what) for offset, what in sorted(findings.items())],
    )
