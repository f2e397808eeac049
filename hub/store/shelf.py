"""What a real store keeps beside the logs: history, the index of sessions, erasing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from hub.store import layout
from hub.store.asking import Asking
from hub.store.layout import beside, meta, of_tenant
from hub.store.promise import Edge, Listed, SessionKey

NO_PLACE: Final = 0
TAKEN: Final = 1
"""What `place.lua` answers to `take`."""


class ShelfSide(Asking):
    """See the promise."""

    async def put_history(self, key: SessionKey, pages: Mapping[int, bytes]) -> None:
        arguments: list[Any] = []
        for ordinal, sealed in pages.items():
            arguments += (ordinal, layout.write_page(ordinal, sealed))
        await self.call("put_history", [meta(key), beside(key, "history")], *arguments)

    async def history(self, key: SessionKey, before: int, limit: int = 50) -> dict[int, bytes]:
        words = ("ZREVRANGEBYSCORE", beside(key, "history"), f"({before}", "-inf", "LIMIT", 0, limit)
        members = await self._connection.ask(*words)
        return dict(layout.read_page(member) for member in reversed(members))

    async def erase(self, key: SessionKey, tombstone_ttl_s: int) -> None:
        beside_meta = [
            beside(key, what)
            for what in ("log", "snapshots", "history", "holders", "held", "refusals", "refused", "tracks")
        ]
        await self.call("erase", [meta(key), *beside_meta], tombstone_ttl_s, beside(key, "audio:"))
        await self._remove_row(key)
        await self._connection.ask("ZREM", layout.bucket(key), layout.tag(key))

    async def exists(self, key: SessionKey) -> Literal["yes", "no", "erased"]:
        head, tombstone, archived = await self._connection.ask("HMGET", meta(key), "h", "x", "a")
        if head is not None or archived is not None:
            return "yes"
        return "no" if tombstone is None else "erased"

    async def index(self, key: SessionKey, listed: Listed, participants: Sequence[str]) -> None:
        await self._write_row(key, listed, participants, only_new=False)

    async def sessions(
        self,
        tenant: str,
        *,
        participant: str = "",
        label: tuple[str, str] | None = None,
        before: Edge | None = None,
        limit: int = 50,
    ) -> list[Listed]:
        what, remaining = "sessions", ("", "")
        if participant:
            what, remaining = f"lookup:p:{participant}", label or ("", "")
        elif label is not None:
            what = f"lookup:l:{label[0]}={label[1]}"
        keys = [of_tenant(tenant, "rows"), of_tenant(tenant, what)]
        behind = ("", "") if before is None else (before.last, before.session)
        found = await self.call("sessions", keys, *behind, limit, *remaining)
        return [layout.read_row(name, row) for name, row in zip(found[::2], found[1::2], strict=True)]

    async def _first_row(self, key: SessionKey, created: int, labels: Mapping[str, str]) -> None:
        await self._write_row(key, Listed(key.session, created, created, False, labels), (), only_new=True)

    async def _write_row(
        self, key: SessionKey, listed: Listed, participants: Sequence[str], *, only_new: bool
    ) -> None:
        """The index is another slot than the session: a row written while the session was erased goes again."""
        row = layout.write_row(listed, participants)
        await self._index(key, row, "1" if only_new else "")
        if await self.exists(key) != "yes":
            await self._remove_row(key)

    async def _remove_row(self, key: SessionKey) -> None:
        await self._index(key, "", "")

    async def _index(self, key: SessionKey, row: str, only_new: str) -> None:
        keys = [of_tenant(key.tenant, what) for what in ("rows", "sessions", "makers", "placed")]
        await self.call("index", keys, key.session, row, only_new, of_tenant(key.tenant, "lookup:"))
