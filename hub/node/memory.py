"""How full the store is, and what leaves it first when it is too full: audio, to the vault (or to nowhere)."""

from __future__ import annotations

from collections.abc import Iterable

from hub.node.room import Room
from hub.node.tools import Tools
from hub.store.promise import SessionKey


class Memory:
    """Above `audio_first` of its memory the store keeps no audio of `rooms` but the newest minute of each track."""

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
        if self.fullness >= self._audio_first:
            for room in tuple(self.rooms):
                self._tools.metrics.duties.labels("shed_audio").inc()
                await self._shed(room.key)

    async def _shed(self, key: SessionKey) -> None:
        store = self._tools.store
        for track, minutes in (await store.tracks(key)).items():
            if self._tools.vault is not None:
                await self._tools.vault.record_audio(store, key, track, max(minutes, default=0))
            else:
                for minute in sorted(minutes)[:-1]:
                    await store.drop_audio(key, track, minute)
