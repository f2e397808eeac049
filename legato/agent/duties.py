"""What a session asks of its agent, derived from the folded state alone.

Never from having seen an event: a snapshot may have folded it. The same state gives the same duties, and
each is claimed by a conditional append, so that doing them twice is refused, not doubled.
"""

from __future__ import annotations

from dataclasses import dataclass

from legato.session.actors import WORKER, out_of_reach
from legato.session.cost_rules import stops_answers
from legato.session.state import Right, State
from legato.session.takeover_rules import is_person_answering
from legato.session.vocabulary import Steering


@dataclass(frozen=True, slots=True)
class Duties:
    """`accept`: take the session. `turns`: claim these, oldest first. `stop`: these responses of ours were
    asked to end. `steer`, `pausing`: what somebody asks of ours and we have not answered. `draft`: the turn that a
    person is to answer, for which we have suggested nothing yet. `lost`: another worker, or nobody, has our right. None
    of them: we are there for nothing yet (a worker that has the right is out of reach for a moment)."""

    accept: bool = False
    lost: bool = False
    turns: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    steer: tuple[tuple[str, str, int], ...] = ()
    pausing: tuple[tuple[str, Steering, int], ...] = ()
    draft: str = ""


@dataclass(slots=True)
class Claim:
    """What the worker did about its right. `asked`: the right's number when it asked (-1: not yet); `had`: the state
    has shown the right to be its own."""

    asked: int = -1
    had: bool = False


def duties(state: State, agent: str, participant: str, worker: str, claim: Claim) -> Duties:
    """What the worker should do now. An acceptance may be acknowledged before it is folded: until the right's
    number moves, nothing is lost."""
    right = state.rights.get(f"{WORKER}{agent}", Right(0))
    if state.ended:
        return Duties(lost=True)
    if not holds(state, agent, participant, worker):
        if claim.had or claim.asked >= 0:
            return Duties(lost=claim.had or right.token != claim.asked)
        stand_by = right.holder != "" and out_of_reach(state, right.holder)
        return Duties(accept=not right.holder, lost=right.holder != "" and not stand_by)
    mine = [each for each in state.responses.values() if each.by == participant]
    stop = tuple(each.id for each in mine if each.cancel_requested)
    steer = tuple((each.id, each.steer, each.steer_at) for each in mine if each.steer)
    pausing = tuple((each.id, each.pausing, each.pausing_at) for each in mine if each.pausing)
    answers = state.responder == participant
    may = answers and not stops_answers(state)
    turns = tuple(turn.id for turn in state.waiting_turns()) if may else ()
    return Duties(turns=turns, stop=stop, steer=steer, pausing=pausing, draft=_undrafted(state, participant))


def _undrafted(state: State, participant: str) -> str:
    """The newest turn that waits for a person, unless we have suggested something for it."""
    if not is_person_answering(state) or stops_answers(state):
        return ""
    newest = next((turn.id for turn in reversed(state.waiting_turns())), "")
    drafted = {each.turn for each in state.drafts if each.by == participant}
    return "" if newest in drafted else newest


def holds(state: State, agent: str, participant: str, worker: str) -> bool:
    """Whether the agent's right is this worker's."""
    right = state.rights.get(f"{WORKER}{agent}")
    return right is not None and right.holder == participant and right.worker == worker


def newcomers(state: State) -> list[str]:
    """Who waits in a session in which nothing was said yet: they came before the worker did."""
    if state.finished or state.entries:
        return []
    return [who.id for who in state.participants.values() if who.role == "user" and not who.left]


def callers(state: State) -> list[str]:
    """Who is on a call in a session in which nothing was said yet: they called before the worker came."""
    if state.finished or state.entries:
        return []
    return list(dict.fromkeys(each.participant for each in state.attachments.values() if each.call))
