"""What was refused in a session, for its audit: beside the log, and no part of it (decision 0011)."""

from __future__ import annotations

from typing import Final, Protocol

from hub.store.values import SessionKey

MOST_REFUSALS: Final = 256
"""Refusals that a session keeps: the newest."""

REFUSALS_KEPT_MS: Final = 90 * 86_400_000
"""How long they stay after the last one."""


class Refusing(Protocol):
    """A short list a session, of sealed records that are not read here."""

    async def keep_refusal(self, key: SessionKey, sealed: bytes) -> bool:
        """Keep it as the session's newest, archived or not; the oldest go beyond `MOST_REFUSALS`, and all of them
        `REFUSALS_KEPT_MS` after the last. False: there is no such session; one that was erased keeps none."""

    async def refusals(self, key: SessionKey) -> list[bytes]:
        """Those that are kept, oldest first."""
