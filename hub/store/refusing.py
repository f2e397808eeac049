"""What was refused, for the audit: of a session beside its log, and of a tenant beside them all (decision 0011)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from hub.store.values import SessionKey

MOST_REFUSALS: Final = 256
"""Refusals that a session keeps: the newest."""

MOST_OF_TENANT: Final = 1_024
"""Refusals that a tenant keeps, of what is no session's: the newest."""

REFUSALS_KEPT_MS: Final = 90 * 86_400_000
"""How long they stay after the last one."""


@dataclass(frozen=True, slots=True)
class KeptRefusals:
    """A list of sealed records, oldest first, and its head (empty: it has none), as they stand together."""

    head: bytes = b""
    records: tuple[bytes, ...] = ()


class Refusing(Protocol):
    """A short list a session, and one a tenant, of sealed records, each list with a head (`hub.keys.refused`). Neither
    is read here."""

    async def keep_refusal(self, key: SessionKey, record: bytes, before: bytes, head: bytes) -> bytes | None:
        """In one step: if the list's head is `before` (empty: it has none), keep the record as the session's newest,
        archived or not, and make the head `head`; the oldest go beyond `MOST_REFUSALS`, and all of them
        `REFUSALS_KEPT_MS` after the last. Returns the list's head then: `head`, or that of whoever was quicker. None:
        there is no such session; one that was erased keeps none."""

    async def refusals(self, key: SessionKey) -> KeptRefusals:
        """Those that are kept."""

    async def keep_tenants_refusal(self, tenant: str, record: bytes, before: bytes, head: bytes) -> bytes:
        """`keep_refusal` in the tenant's list, of `MOST_OF_TENANT` at most."""

    async def tenants_refusals(self, tenant: str) -> KeptRefusals:
        """Those that are kept."""
