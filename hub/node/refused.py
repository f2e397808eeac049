"""The list of what was refused in a session, or beside all of a tenant's: one more record, and the vault's copy.

A record names the digest of the one before it, so nodes that write at once are put in order by the store: who was not
quick enough chains anew behind the one who was. A list that the store has not (it was lost, or never there) goes on
from the vault's copy. The copy is made a second after a refusal, for all that came in it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import msgspec

from hub.keys.errors import SessionForgotten
from hub.keys.refused import Chain, Head
from hub.node.tools import Tools
from hub.store.promise import SessionKey, Store, StoreUnavailable
from hub.store.refusing import MOST_OF_TENANT, MOST_REFUSALS, REFUSALS_KEPT_MS, KeptRefusals

log: Final = logging.getLogger("legato.node")

TENANTS: Final = "_refusals"
"""Whose key seals what is no session's. It is no session: no session's name begins so."""

COPIED_MS: Final = 1_000
"""How long after a refusal the vault has it."""

TRIES: Final = 32
"""How often others may be quicker before it is given up."""

KNOWN: Final = 4_096
"""Lists of which a node remembers the head; the ones used longest ago are asked for."""


class RefusedLists:
    """Those of all sessions and tenants, by a node."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._heads: dict[SessionKey, bytes] = {}
        self._to_copy: set[SessionKey] = set()

    async def keep(self, key: SessionKey, trial: msgspec.Struct) -> bool:
        """Keep it as the newest of the list (of `TENANTS`: of what is no session's). False: there is no such session,
        or it is erased. Raises `KeysError`, `StoreUnavailable`."""
        before, chain = self._heads.pop(key, b""), Chain(key.tenant, key.session, self._tools.anchors)
        plain = msgspec.json.encode(trial)
        for _ in range(TRIES):
            last = chain.read(before) if before else None
            begun = last.begun if last is not None else 0
            last = last or await self._kept_before(key, chain)
            try:
                sealer = await self._tools.keys.sealer(key.tenant, key.session, create=key.session == TENANTS)
            except SessionForgotten:
                return False
            record = chain.after(last, sealer, plain)
            now = self._tools.session_now()
            head = chain.write(Head(record.number, begun or record.number, now, record.digest()))
            there = await self._put(key, record.packed(), before, head)
            if there == head:
                self._remember(key, head)
                return True
            if there is None:
                return False
            before = there
        raise StoreUnavailable("others were quicker")

    async def close(self) -> None:
        """Copy what waits for it."""
        for key in tuple(self._to_copy):
            await self._copy(key)

    async def _put(self, key: SessionKey, record: bytes, before: bytes, head: bytes) -> bytes | None:
        if key.session == TENANTS:
            return await self._tools.store.keep_tenants_refusal(key.tenant, record, before, head)
        return await self._tools.store.keep_refusal(key, record, before, head)

    def _remember(self, key: SessionKey, head: bytes) -> None:
        self._heads[key] = head
        while len(self._heads) > KNOWN:
            del self._heads[next(iter(self._heads))]
        if self._tools.vault is not None and key not in self._to_copy:
            self._to_copy.add(key)
            self._tools.later(COPIED_MS, lambda: self._later(key))

    def _later(self, key: SessionKey) -> None:
        self._tools.spawn(self._copy(key))

    async def _kept_before(self, key: SessionKey, chain: Chain) -> Head | None:
        """The end of what the vault has, of a list that the store has not."""
        if self._tools.vault is None:
            return None
        kept = await self._tools.vault.refusals(key)
        head = chain.read(kept.head)
        if head is not None and is_over(head, self._tools.session_now()):
            await self._tools.vault.drop_refusals(key)
            return None
        return head

    async def _copy(self, key: SessionKey) -> None:
        if self._tools.vault is None or key not in self._to_copy:
            return
        self._to_copy.discard(key)
        try:
            kept, most = await kept_of(self._tools.store, key), most_of(key)
            if kept.head:
                await self._tools.vault.keep_refusals(key, kept, most)
            if key.session != TENANTS and await self._tools.store.exists(key) == "erased":
                await self._tools.vault.remove(key)
        except asyncio.CancelledError:
            self._to_copy.add(key)  # the node ends: `close` does it
            raise
        except (OSError, StoreUnavailable) as problem:
            log.warning("refusals are not in the vault", extra={"kind": type(problem).__name__})


def most_of(key: SessionKey) -> int:
    """How many of the list are kept."""
    return MOST_OF_TENANT if key.session == TENANTS else MOST_REFUSALS


def is_over(head: Head, now: int) -> bool:
    """Whether a copy of the list is older than any that a store would keep."""
    return head.time + REFUSALS_KEPT_MS <= now


async def kept_of(store: Store, key: SessionKey) -> KeptRefusals:
    """The list as the store has it. Raises `StoreUnavailable`."""
    return await (store.tenants_refusals(key.tenant) if key.session == TENANTS else store.refusals(key))
