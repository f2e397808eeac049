"""What people who help are doing in a session: facts, as the folded state has them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from legato.session.queue_rules import RESERVED_MS
from legato.session.routing import PEOPLE
from legato.session.state import State

Doing = Literal["answering", "reserved", "wrap_up", "listening"]
"""What weighs more comes first."""


@dataclass(frozen=True, slots=True)
class Helping:
    """`participant` has been at it since session time `since` (ms)."""

    participant: str
    doing: Doing
    since: int


def helping(state: State) -> Iterator[Helping]:
    """One for each operator and supervisor who has something to do in the session."""
    if state.ended:
        return
    for who in state.participants.values():
        if who.role not in PEOPLE:
            continue
        if state.responder == who.id:
            yield Helping(who.id, "answering", state.responder_since)
        elif state.asking is not None and state.asking.reserved_for == who.id:
            yield Helping(who.id, "reserved", state.asking.reserved_until - RESERVED_MS)
        elif who.id in state.wrap_ups:
            yield Helping(who.id, "wrap_up", state.wrap_ups[who.id])
        elif who.stance and state.liveness(who.id) == "online":
            yield Helping(who.id, "listening", who.since)
