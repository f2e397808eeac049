"""Hot audio in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping

from hub.store.model.done import Done
from hub.store.model.server import ModelServer
from hub.store.promise import RING_MS, SessionKey


class RingsSide:
    """A hash per track and minute, set if absent, gone `RING_MS` after its last write."""

    server: ModelServer

    def put_audio(
        self, key: SessionKey, track: str, batches: Mapping[tuple[int, int], bytes]
    ) -> Awaitable[bool]:
        session = self.server.session(key)
        if session is None:
            return Done(False)
        expires = self.server.clock() + RING_MS
        for (minute, field), sealed in batches.items():
            kept = self._audio(key, track, minute)
            session.audio[track, minute] = (expires, {field: sealed, **kept})
        return Done(True)

    async def audio(self, key: SessionKey, track: str, minute: int) -> dict[int, bytes]:
        return self._audio(key, track, minute)

    def _audio(self, key: SessionKey, track: str, minute: int) -> dict[int, bytes]:
        session = self.server.session(key)
        expires, kept = (0, {}) if session is None else session.audio.get((track, minute), (0, {}))
        return dict(sorted(kept.items())) if expires > self.server.clock() else {}

    async def tracks(self, key: SessionKey) -> dict[str, list[int]]:
        session = self.server.session(key)
        held: dict[str, list[int]] = {}
        if session is not None:
            for (track, minute), (expires, _) in sorted(session.audio.items()):
                if expires > self.server.clock():
                    held.setdefault(track, []).append(minute)
        return held

    async def drop_audio(
        self, key: SessionKey, track: str, minute: int, fields: Collection[int] | None = None
    ) -> None:
        if session := self.server.session(key):
            expires, kept = session.audio.pop((track, minute), (0, {}))
            left = {} if fields is None else {field: kept[field] for field in kept if field not in fields}
            if left:
                session.audio[track, minute] = (expires, left)
