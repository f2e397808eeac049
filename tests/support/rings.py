"""A ring store in memory: what a real one must do, in the fewest words."""

from __future__ import annotations


class MemoryRing:
    """Keeps batches in a dict; `RingStore` says what each call promises."""

    def __init__(self) -> None:
        self.fields: dict[tuple[str, int], dict[str, bytes]] = {}

    async def put(self, track: str, minute: int, field: str, blob: bytes) -> bool:
        fields = self.fields.setdefault((track, minute), {})
        if field in fields:
            return False
        fields[field] = blob
        return True

    async def minute(self, track: str, minute: int) -> dict[str, bytes]:
        return dict(self.fields.get((track, minute), {}))

    async def drop(self, track: str, minute: int) -> None:
        self.fields.pop((track, minute), None)
