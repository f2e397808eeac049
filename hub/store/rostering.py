"""Who of those who help is at a console: a part of the store's promise, and no part of any session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

ROSTER_GAP_MS: Final = 10_000
"""Whoever was not noted for so long is away, and is there anew when they come back."""

ROSTER_KEPT_MS: Final = 12 * 3_600_000
MOST_ROSTER: Final = 512


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody at a console: there since `since`, noted last at `last` (the store's clock, ms), and what is said of
    them."""

    participant: str
    since: int
    last: int
    said: bytes


class Rostering(Protocol):
    """A list a tenant."""

    async def note_here(self, tenant: str, participant: str, said: bytes) -> None:
        """Note that they are at a console now. The ones noted longest ago go beyond `MOST_ROSTER` and after
        `ROSTER_KEPT_MS`."""

    async def roster(self, tenant: str) -> tuple[int, list[Seen]]:
        """The store's clock, and who was noted, the newest first."""
