"""What a tenant's sessions cost, by day: a part of the store's promise, and no part of any session.

Of each session the store keeps how much of it is in the totals already. A node says how much the session has used
altogether, and what is more than before is added to a day, in one step: said again, by whoever, it adds nothing. An
erased session stays in the totals.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Final, Protocol

from hub.store.values import SessionKey

CLOSED_MS: Final = 24 * 3_600_000
"""For how long it is remembered of an erased session what of it is counted: who still counts it adds nothing."""


@dataclass(frozen=True, slots=True)
class Used:
    """Tokens read and written, ms of models, tool calls that were started."""

    tokens_in: int = 0
    tokens_out: int = 0
    ms: int = 0
    tool_calls: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What was counted on a day (`2026-11-29`), and how many sessions were counted for the first time."""

    day: str
    used: Used
    sessions: int


NAMES: Final = ("tokens_in", "tokens_out", "ms", "tool_calls", "sessions")


class Accounting(Protocol):
    """Totals a tenant and day."""

    async def account(self, key: SessionKey, day: str, used: Used) -> None:
        """The session has used so much altogether: what is more than before, of each figure, is added to the day."""

    async def close_account(self, key: SessionKey) -> None:
        """The session is erased: its name goes from what is counted, after `CLOSED_MS`."""

    async def accounts(self, tenant: str, first: str, last: str) -> list[Spent]:
        """What was counted from day `first` to day `last`, in order; days of which there is nothing are left out."""


def figures(used: Used) -> tuple[int, ...]:
    """In the order of `NAMES`, without the sessions."""
    return astuple(used)
