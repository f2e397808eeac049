"""How a script is run on the connection that carries sessions."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.store.answer import Answer
from hub.store.connection import Connection, Decode, plain
from hub.store.layout import of_tenant
from hub.store.promise import SessionKey
from hub.store.scripts import script


class Asking:
    """What the sides of a real store have in common: the connection."""

    _connection: Connection

    def call(self, name: str, keys: list[str], *arguments: Any) -> asyncio.Future[Any]:
        """Run a script by its digest; it takes its place in order at once."""
        return self._connection.ask("EVALSHA", script(name).digest, len(keys), *keys, *arguments)

    async def _place(self, what: str, key: SessionKey, *arguments: Any) -> int:
        """The session's place among those that its maker has open."""
        keys = [of_tenant(key.tenant, each) for each in ("rows", "makers", "placed")]
        return int(
            await self.call("place", keys, what, key.session, of_tenant(key.tenant, "lookup:"), *arguments)
        )

    def request(self, name: str, keys: list[str], *arguments: Any, decode: Decode = plain) -> Answer[Any]:
        """`call`, whose answer is told the moment it comes."""
        words = ("EVALSHA", script(name).digest, len(keys), *keys, *arguments)
        return self._connection.request(words, decode)
