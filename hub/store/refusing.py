"""What was refused, for the audit: of a session beside its log, and of a tenant beside them all (decision 0011)."""

from __future__ import annotations

from typing import Final, Protocol

from hub.store.values import SessionKey

MOST_REFUSALS: Final = 256
"""Refusals that a session keeps: the newest."""

MOST_OF_TENANT: Final = 1_024
"""Refusals that a tenant keeps, of what is no session's: the newest."""

REFUSALS_KEPT_MS: Final = 90 * 86_400_000
"""How long they stay after the last one."""


class Refusing(Protocol):
    """A short list a session, and one a tenant, of sealed records that are not read here."""

    async def keep_refusal(self, key: SessionKey, sealed: bytes) -> bool:
        """Keep it as the session's newest, archived or not; the oldest go beyond `MOST_REFUSALS`, and all of them
        `REFUSALS_KEPT_MS` after the last. False: there is no such session; one that was erased keeps none."""

    async def refusals(self, key: SessionKey) -> list[bytes]:
        """Those that are kept, oldest first."""

    async def keep_tenants_refusal(self, tenant: str, sealed: bytes) -> None:
        """Keep it as the tenant's newest; the oldest go beyond `MOST_OF_TENANT`, and all of them `REFUSALS_KEPT_MS`
        after the last."""

    async def tenants_refusals(self, tenant: str) -> list[bytes]:
        """Those that are kept, oldest first."""
