"""A ring store in memory: what a real one must do, in the fewest words."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hub.store.promise import SessionKey


class MemoryRing:
    """Keeps batches in a dict; `hub.store.promise.Rings` says what each call promises."""

    def __init__(self) -> None:
        self.batches: dict[tuple[SessionKey, str], dict[tuple[int, int], bytes]] = {}

    async def put_audio(self, key: SessionKey, track: str, batches: Mapping[tuple[int, int], bytes]) -> bool:
        kept = self.batches.setdefault((key, track), {})
        for place, blob in batches.items():
            kept.setdefault(place, blob)
        return True

    async def audio(self, key: SessionKey, track: str, minute: int) -> dict[int, bytes]:
        kept = self.batches.get((key, track), {})
        return {field: blob for (of, field), blob in kept.items() if of == minute}

    async def tracks(self, key: SessionKey) -> dict[str, list[int]]:
        mine = {track: kept for (owner, track), kept in self.batches.items() if owner == key and kept}
        return {track: sorted({minute for minute, _ in kept}) for track, kept in mine.items()}

    async def drop_audio(
        self, key: SessionKey, track: str, minute: int, fields: Collection[int] | None = None
    ) -> None:
        kept = self.batches.get((key, track), {})
        for place in [place for place in kept if place[0] == minute]:
            if fields is None or place[1] in fields:
                del kept[place]
