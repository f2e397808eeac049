"""What is read of sessions without being in them: the list of a tenant's, and the log in pages."""

from __future__ import annotations

from dataclasses import dataclass

from hub.keys.errors import KeyUnknown, SessionForgotten
from hub.node.entries import Keys, opened_entry
from hub.store.promise import Listed, SessionKey, Store
from legato.session.position import Position


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events in their wire form. `first` is the oldest offset still held."""

    events: tuple[bytes, ...]
    first: int
    tail: Position


class Archive:
    """Reads through the store; opens what is sealed."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def sessions(
        self, tenant: str, participant: str, label: tuple[str, str] | None, before: int, limit: int
    ) -> list[Listed]:
        """A tenant's sessions, newest activity first."""
        return await self._store.sessions(
            tenant, participant=participant, label=label, before=before, limit=limit
        )

    async def events(self, key: SessionKey, after: int, limit: int) -> LogPage | None:
        """The events after an offset; None if there is no such session. Raises `SessionDamaged`."""
        try:
            sealer = await self._keys.sealer(key.tenant, key.session)
        except (KeyUnknown, SessionForgotten):
            return None
        page = await self._store.read(key, after, limit)
        if page is None:
            return None
        events = tuple(opened_entry(key, sealer, entry).encoded for entry in page.entries)
        return LogPage(events, page.first, page.tail)
