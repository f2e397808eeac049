"""What the audits of a session and of a tenant answer by HTTP."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.keys.refused import Flaw


class AuditAnswer(msgspec.Struct, frozen=True):
    """Acts, each with the digest of the chain behind it, and what was refused, by its `number` (256 at most;
    `unreadable` more do not open; `flaws`: which numbers are missing, or not what was written). `next`: the `after` of
    the next page; 0: that was the last."""

    acts: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    unreadable: int
    next: int
    flaws: list[Flaw] = []


class TriedAnswer(msgspec.Struct, frozen=True):
    """What was refused in a tenant beside its sessions, oldest first (1 024 at most); `unreadable` more do not open,
    `flaws` are as in a session's audit."""

    refused: list[dict[str, Any]]
    unreadable: int
    flaws: list[Flaw] = []
