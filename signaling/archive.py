"""What is read of sessions without being in them: the list of a tenant's, and the log in pages."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from hub.audit import Act, Tried, acts, tried, tried_beside
from hub.keys.anchors import Anchors
from hub.keys.errors import KeyUnknown, SessionForgotten
from hub.node.entries import Keys, SessionDamaged, opened_entry
from hub.store.promise import Edge, Listed, Page, SessionKey, Store, Stored
from hub.vault import Vault, VaultDamaged
from legato.session.position import Position
from legato.session.tickets import MOST_EXACT


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events in their wire form. `first` is the oldest offset still held."""

    events: tuple[bytes, ...]
    first: int
    tail: Position


class Archive:
    """Reads store and vault as one; opens what is sealed."""

    def __init__(self, store: Store, keys: Keys, anchors: Anchors, vault: Vault | None = None) -> None:
        self._store = store
        self._keys = keys
        self._anchors = anchors
        self._vault = vault

    async def sessions(
        self,
        tenant: str,
        participant: str,
        label: tuple[str, str] | None,
        before: Edge | None,
        limit: int,
    ) -> list[Listed]:
        """A tenant's sessions, newest activity first; with `before`, those behind it."""
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
        if page is None or after < page.first - 1:
            page = await self._kept(key, after, limit, page) or page
        if page is None:
            return None
        events = tuple(opened_entry(key, sealer, entry).encoded for entry in page.entries)
        return LogPage(events, page.first, page.tail)

    async def acts(self, key: SessionKey, after: int, limit: int) -> list[Act]:
        """The acts behind an offset, so many at most. Raises `KeysError`, `StoreUnavailable`, `VaultDamaged`."""
        found: list[Act] = []
        async with aclosing(acts(key, self._store, self._keys, MOST_EXACT, self._vault, after)) as all_acts:
            async for act in all_acts:
                found.append(act)
                if len(found) == limit:
                    break
        return found

    async def tried(self, key: SessionKey) -> Tried:
        """What was refused in the session. Raises `KeysError`, `StoreUnavailable`."""
        return await tried(key, self._store, self._keys, self._anchors, self._vault)

    async def tried_beside(self, tenant: str) -> Tried:
        """What was refused and is no session's, or an erased one's. Raises `KeysError`, `StoreUnavailable`."""
        return await tried_beside(tenant, self._store, self._keys, self._anchors, self._vault)

    async def _kept(self, key: SessionKey, after: int, limit: int, hot: Page | None) -> Page | None:
        """What the store no longer has; None: the vault has not either. Raises `SessionDamaged`."""
        try:
            end = await self._vault.end(key) if self._vault is not None else None
            if self._vault is None or end is None:
                return None
            entries: list[Stored] = []
            async with aclosing(self._vault.entries(self._store, key, after)) as found:
                async for entry in found:
                    entries.append(entry)
                    if len(entries) == limit:
                        break
            return Page(tuple(entries), 1, end if hot is None else hot.tail)
        except VaultDamaged:
            raise SessionDamaged(key, after + 1, "vault") from None
