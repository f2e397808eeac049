"""How full the store is, and what leaves it first when it is too full: audio, to the vault.

Without a vault nothing leaves before its time: sound that was acknowledged is lost to nobody's need for room.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.node.archiving import VAULT_FAILS, vault_failed
from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.promise import SessionKey
from hub.vault import Vault


class Memory:
    """Above `audio_first` of its memory the audio of `rooms` goes to the vault, but for each track's newest minute."""

    def __init__(self, tools: Tools, audio_first: float) -> None:
        self.fullness = 0.0
        """The used part of the store's memory (0: it has no limit)."""
        self.rooms: Iterable[Room] = ()
        self._tools = tools
        self._audio_first = audio_first

    async def measure(self) -> None:
        """Ask, and act on it."""
        used, limit = await self._tools.store.memory()
        self.fullness = used / limit if limit else 0.0
        self._tools.metrics.memory_used.set(self.fullness)
        if self.fullness >= self._audio_first and self._tools.vault is not None:
            for room in tuple(self.rooms):
                self._tools.metrics.duties.labels("shed_audio").inc()
                try:
                    await self._shed(self._tools.vault, room.key)
                except VAULT_FAILS as failure:  # it stays where it is, and leaves room by the others' going
                    vault_failed(self._tools, room.key, failure)

    async def _shed(self, vault: Vault, key: SessionKey) -> None:
        store = self._tools.store
        for track, minutes in (await store.tracks(key)).items():
            await vault.record_audio(store, key, track, max(minutes, default=0))
