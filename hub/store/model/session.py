"""One session in memory: its log and what is kept beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.store.model.log import LogModel, Place, Producer
from hub.store.promise import PAGE, Joined, SessionKey, Snapshot
from hub.store.resting import Residue

KEPT_SNAPSHOTS: Final = 2


class SessionModel:
    """Snapshots, history, cursors and the conductor's name, around a log."""

    def __init__(self, key: SessionKey, epoch: str) -> None:
        self.log = LogModel(key, epoch)
        self.snapshots: list[Snapshot] = []
        self.history: dict[int, bytes] = {}
        self.cursors: dict[str, int] = {}
        self.conductor = ""
        self.holders: dict[str, tuple[int, bytes]] = {}
        """By attachment, the one set last at the end: when (ms), and what."""
        self.audio: dict[tuple[str, int], tuple[int, dict[int, bytes]]] = {}

    @classmethod
    def restored(cls, key: SessionKey, residue: Residue) -> SessionModel:
        """The session that goes on from a residue."""
        session = cls(key, residue.tail.epoch)
        log = session.log
        log.first, log.base = residue.tail.offset + 1, residue.digest
        log.time, log.last_control, log.lineage = residue.time, residue.control, list(residue.lineage)
        log.rights = dict(residue.rights or {})
        log.producers = {name: Producer(*state) for name, state in (residue.producers or {}).items()}
        session.snapshots, session.history = [residue.snapshot], dict(residue.history or {})
        session.holders = dict(sorted((residue.holders or {}).items(), key=lambda row: row[1][0]))
        return session

    def residue(self) -> Residue | None:
        """The session without its entries; None if its newest snapshot is not at its tail."""
        log = self.log
        if not self.snapshots or self.snapshots[-1].position != log.tail:
            return None
        return Residue(
            tail=log.tail,
            digest=log.digest_at(log.tail.offset),
            time=log.time,
            control=log.last_control,
            snapshot=self.snapshots[-1],
            lineage=tuple(log.lineage),
            rights=dict(log.rights),
            producers={name: (each.epoch, each.last) for name, each in log.producers.items()},
            holders=dict(self.holders),
            history=dict(self.history),
        )

    def join(self, producer: str | None) -> Joined:
        """One consistent read."""
        snapshot = self.snapshots[-1] if self.snapshots else None
        page = self.log.page(snapshot.position.offset if snapshot else 0, PAGE)
        opened = None if producer is None else self.log.open_producer(producer)
        return Joined(snapshot, page, dict(self.log.rights), opened)

    def write_snapshot(self, snapshot: Snapshot) -> bool:
        """Keep it if the log holds its position and nothing kept is newer or of a higher fold version."""
        if snapshot.position.original or self.log.place(snapshot.position) is not Place.ON:
            return False
        if any(kept.fold_version > snapshot.fold_version for kept in self.snapshots):
            return False
        if any(kept.position.offset >= snapshot.position.offset for kept in self.snapshots):
            return False
        self.snapshots = [*self.snapshots, snapshot][-KEPT_SNAPSHOTS:]
        return True

    def put_history(self, pages: Mapping[int, bytes]) -> None:
        """Keep what is not there yet."""
        self.history = {**pages, **self.history}

    def newest_history(self, before: int, limit: int) -> dict[int, bytes]:
        """The newest `limit` below `before`, in ascending order."""
        ordinals = (
            sorted(ordinal for ordinal in self.history if ordinal < before)[-limit:] if limit > 0 else []
        )
        return {ordinal: self.history[ordinal] for ordinal in ordinals}

    def trim(self, keep_from: int) -> int:
        """Trim the log, as far as the older snapshot and the cursors allow."""
        if len(self.snapshots) < KEPT_SNAPSHOTS:
            return 0
        held = [self.snapshots[0].position.offset, *self.cursors.values()]
        return self.log.trim(min(keep_from, min(held) + 1))
