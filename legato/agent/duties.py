"""What a session asks of its agent, derived from the folded state alone.

Never from having seen an event: a snapshot may have folded it. The same state gives the same duties, and
each is claimed by a conditional append, so that doing them twice is refused, not doubled.
"""

from __future__ import annotations

from dataclasses import dataclass

from legato.session.actors import WORKER, out_of_reach
from legato.session.state import State


@dataclass(frozen=True, slots=True)
class Duties:
    """`accept`: take the session. `turns`: claim these, oldest first. `stop`: these responses of ours were
    asked to end. `lost`: another worker, or nobody, has our right. None of them: we are there for nothing yet (a worker
    that has the right is out of reach for a moment)."""

    accept: bool = False
    lost: bool = False
    turns: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()


def duties(state: State, agent: str, participant: str, worker: str, *, accepted: bool) -> Duties:
    """What the worker should do now; `accepted` says that its acceptance is in the log already."""
    right = state.rights.get(f"{WORKER}{agent}")
    mine = right is not None and right.holder == participant and right.worker == worker
    if state.ended:
        return Duties(lost=True)
    if not mine:
        free = right is None or not right.holder
        stand_by = right is not None and out_of_reach(state, right.holder)
        return Duties(accept=free and not accepted, lost=accepted or not (free or stand_by))
    stop = tuple(
        each.id for each in state.responses.values() if each.by == participant and each.cancel_requested
    )
    answers = state.responder == participant
    turns = tuple(turn.id for turn in state.waiting_turns()) if answers else ()
    return Duties(turns=turns, stop=stop)


def newcomers(state: State) -> list[str]:
    """Who waits in a session in which nothing was said yet: they came before the worker did."""
    if state.finished or state.entries:
        return []
    return [who.id for who in state.participants.values() if who.role == "user" and not who.left]
