"""Sessions that leave the store whole, and come back: in memory."""

from __future__ import annotations

from hub.store.model.server import ModelServer
from hub.store.promise import Append, SessionKey
from hub.store.resting import Residue
from legato.session.position import Position


class ArchiveSide:
    """See the promise."""

    server: ModelServer

    async def residue(self, key: SessionKey) -> Residue | None:
        session = self.server.session(key)
        return None if session is None else session.residue()

    async def archive(self, key: SessionKey, tail: Position, name: bytes) -> bool:
        return self.server.archive(key, tail, name)

    async def archived(self, key: SessionKey) -> bytes | None:
        return self.server.contents.archived.get(key)

    async def restore(self, key: SessionKey, residue: Residue, name: bytes, opening: Append | None) -> bool:
        return self.server.restore_session(key, residue, name, opening)
