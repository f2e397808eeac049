"""What the vault has of a session's log, as a log that can be opened (`hub.node.opening`)."""

from __future__ import annotations

from hub.store.promise import PAGE, Joined, Page, SessionKey
from hub.vault.vault import Vault
from legato.session.position import Position


class KeptLog:
    """A log that ends at `end`, the last position kept. `producers`: the last sequence of each, in what was read."""

    def __init__(self, vault: Vault, end: Position) -> None:
        self._vault = vault
        self._end = end
        self.producers: dict[str, int] = {}

    async def join(self, key: SessionKey) -> Joined | None:
        """From its beginning: the vault keeps no snapshots. Raises `VaultDamaged`."""
        page = await self.read(key, 0)
        return Joined(None, page, {}, None) if page is not None and page.entries else None

    async def read(self, key: SessionKey, after: int, limit: int = PAGE) -> Page | None:
        """Entries after an offset. Raises `VaultDamaged`."""
        entries = await self._vault.page(key, after, limit)
        for entry in entries:
            self.producers[entry.producer] = max(entry.sequence, self.producers.get(entry.producer, 0))
        return Page(entries, 1, self._end)
