"""Rights: who may answer, and what follows when a worker goes.

A right's number grows by one each time it is granted or released, and by nothing else, so that whoever
used the old number is refused. The right `responder` is held by `state.responder`. When a worker loses
its right, whatever it left open is ended in the same batch, and its turn waits for the next worker.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import RESPONDER, WORKER, Actor, may_hold, out_of_reach, responds, worker_right
from legato.session.agent_labels import answering, listening
from legato.session.commands import Refusal
from legato.session.ids import HUB
from legato.session.message_rules import Decision, entry_ends, goes_on, response_ends
from legato.session.modality_rules import given_back, let_go, of_sound
from legato.session.routing import PEOPLE
from legato.session.state import Right, State

ReleaseReason = Literal["released", "crashed", "expired", "taken", "ended"]


def accept_session(state: State, actor: Actor, command: c.AcceptSession) -> Decision:
    """The worker takes the session, and answers if nobody does and it does not only listen.

    What another worker of this agent left open (its right was voided, not released) ends first.
    """
    if actor.role != "agent" or not command.right.startswith(WORKER):
        return Refusal("not_allowed", "only an agent's worker accepts a session", "right")
    if not may_hold(actor.participant, command.right):
        return Refusal("not_allowed", "another agent's right", "right")
    right = state.rights.get(command.right, Right(0))
    if right.holder:
        return Refusal("already_exists", "another worker has it", "right", expected=right.token)
    if worker_right(state, actor.participant):
        return Refusal("already_exists", "this agent works in the session already", "right")
    others = {name for name in state.rights if not of_sound(name)}
    if len(others | {command.right, RESPONDER}) > limits.RIGHTS:
        return Refusal("too_large", "too many rights", "right")
    name = command.right.removeprefix(WORKER)
    if command.listens and name == answering(state):
        return Refusal("not_allowed", "this session wants the agent to answer", "listens")
    listens = command.listens or name in listening(state)
    events = _joined(state, actor, name)
    if isinstance(events, Refusal):
        return events
    if right.worker != command.worker:
        events += left_open(state, HUB, actor.participant, "interrupted", "another worker")
    events.append(_granted(state, command.right, actor.participant, command.worker, listens=listens))
    if not listens and not state.rights.get(RESPONDER, Right(0)).holder and not unheld(state):
        events.append(_granted(state, RESPONDER, actor.participant, command.worker))
        if state.responder != actor.participant:
            briefing = "" if state.responder else state.briefing
            accepted = e.ResponderChanged(
                by=HUB, participant=actor.participant, reason="accepted", briefing=briefing
            )
            events.append(accepted)
    return events


def release_right(state: State, actor: Actor, command: c.ReleaseRight) -> Decision:
    """Give it back; what was open under it ends, and its turns wait."""
    right = state.rights.get(command.right)
    if right is None:
        return Refusal("not_found", field="right")
    if right.holder != actor.participant or right.token != command.token:
        return Refusal("stale_token", field="right", expected=right.token)
    if of_sound(command.right):
        return given_back(state, actor.participant, command.right)
    rights = [command.right]
    if command.right.startswith(WORKER) and responds(state, actor.participant):
        rights.append(RESPONDER)
    return [
        *left_open(state, actor.participant, actor.participant, "interrupted", "released"),
        *released(state, actor.participant, rights, "released"),
    ]


def left_open(
    state: State,
    by: str,
    participant: str,
    outcome: e.Outcome,
    reason: str,
    *,
    spare: bool = True,
    waits: bool = False,
) -> list[e.Event]:
    """The ends of everything that the participant left open. Turns go on waiting; idempotent tool calls
    stay for the next worker (unless not `spare`d: then turns wait only if they are said to)."""
    events: list[e.Event] = []
    ended: set[str] = set()
    for id in sorted(each.id for each in state.responses.values() if each.by == participant):
        if id in ended:
            continue
        for event in response_ends(
            state, by, id, outcome, reason, turn_waits=spare or waits, spare_idempotent=spare
        ):
            ended.add(_ended_id(event))
            events.append(event)
    events += [
        entry_ends(by, entry, outcome, reason)
        for entry in state.open_entries()
        if entry.by == participant and entry.id not in ended and not (spare and goes_on(entry))
    ]
    return _once(events)


def released(state: State, by: str, rights: Iterable[str], reason: ReleaseReason) -> list[e.Event]:
    """The release of each right that somebody holds; without a responder nobody answers."""
    events: list[e.Event] = []
    for name in rights:
        right = state.rights.get(name)
        if right is None or not right.holder:
            continue
        events.append(e.RightReleased(by=by, right=name, token=right.token + 1, reason=reason))
        if name == RESPONDER and state.responder:
            briefing = state.briefing if reason == "crashed" else ""  # the next worker is to know it, too
            events.append(e.ResponderChanged(by=by, participant="", reason=reason, briefing=briefing))
    return events


def unreachable(state: State, right: str, window_ms: int) -> list[e.Event]:
    """The connection of the right's worker closed: its lease is kept for the window."""
    holder = _holder(state, right)
    if not holder or _fault(state, holder) == "unreachable":
        return []
    return [e.AgentUnreachable(by=HUB, participant=holder, right=right, window_ms=window_ms)]


def reachable(state: State, right: str) -> list[e.Event]:
    """The same worker is back within its window. It answers where nobody does: who answered meanwhile may have gone."""
    holder = _holder(state, right)
    if not holder or _fault(state, holder) != "unreachable":
        return []
    back: list[e.Event] = [e.AgentReachable(by=HUB, participant=holder, right=right)]
    held = state.rights[right]
    if held.listens or state.responder:
        return back
    answers = e.ResponderChanged(by=HUB, participant=holder, reason="accepted", briefing=state.briefing)
    return [*back, _granted(state, RESPONDER, holder, held.worker), answers]


def unheld(state: State) -> str:
    """The person who answers though no right says so, for it went with the log's tail; or "". An agent accepts anew:
    nobody asks that of somebody who is speaking."""
    who = state.participants.get(state.responder)
    if who is None or who.left or who.role not in PEOPLE or state.rights.get(RESPONDER, Right(0)).holder:
        return ""
    return who.id


def held_again(state: State) -> list[e.Event]:
    """That person has the right again, by a number of its own."""
    person = unheld(state)
    return [_granted(state, RESPONDER, person, "")] if person else []


def crashed(state: State, right: str) -> list[e.Event]:
    """The right's worker is lost: what it left open ends `interrupted`, its turns wait, its rights are released, its
    attachments that are away close.

    Nothing if nobody holds the right (any more).
    """
    holder = _holder(state, right)
    if not holder:
        return []
    number = state.rights[right].token + 1
    also = [RESPONDER] if responds(state, holder) else []
    return [
        *left_open(state, HUB, holder, "interrupted", "crashed"),
        e.AgentCrashed(by=HUB, participant=holder, right=right, token=number),
        *released(state, HUB, also, "crashed"),
        *_abandoned(state, holder),
    ]


def awaited(state: State, agent: str) -> list[e.Event]:
    """Nobody has taken the session for its agent: it is said once, until somebody does."""
    if (
        state.ended
        or state.awaited == agent
        or ((holder := _holder(state, WORKER + agent)) and not out_of_reach(state, holder))
    ):
        return []
    return [e.AgentAwaited(by=HUB, agent=agent)]


def worker_lost(state: State, worker: str) -> list[e.Event]:
    """The process named `worker` is gone: `crashed` for the right it holds here, if any."""
    for name in sorted(state.rights):
        right = state.rights[name]
        if name.startswith(WORKER) and right.holder and right.worker == worker:
            return crashed(state, name)
    return []


def _abandoned(state: State, participant: str) -> list[e.Event]:
    """A dead process comes back to no attachment of its own: they would fill the participant's places."""
    events: list[e.Event] = []
    for each in sorted(state.attachments.values(), key=lambda each: each.id):
        if each.participant == participant and each.away_since:
            events.append(e.AttachmentClosed(by=HUB, attachment=each.id, reason="grace_over"))
            events += let_go(state, each.id)
    return events


def _holder(state: State, right: str) -> str:
    found = state.rights.get(right)
    return found.holder if found is not None else ""


def _fault(state: State, participant: str) -> str:
    who = state.participants.get(participant)
    return who.fault if who is not None else ""


def _granted(state: State, right: str, holder: str, worker: str, *, listens: bool = False) -> e.Event:
    number = state.rights.get(right, Right(0)).token + 1
    return e.RightGranted(by=HUB, right=right, holder=holder, token=number, worker=worker, listens=listens)


def _joined(state: State, actor: Actor, name: str) -> list[e.Event] | Refusal:
    who = state.participants.get(actor.participant)
    if who is not None and not who.left:
        return []
    if state.present() >= limits.PARTICIPANTS:
        return Refusal("too_large", "too many participants")
    return [e.ParticipantJoined(by=HUB, participant=actor.participant, role="agent", name=name)]


def _ended_id(event: e.Event) -> str:
    if isinstance(event, e.ResponseEnded):
        return event.response
    if isinstance(event, e.MessageEnded):
        return event.message
    return event.call if isinstance(event, e.ToolEnded) else ""


def _once(events: list[e.Event]) -> list[e.Event]:
    """Each end once: a response may be found both by its author and as a child."""
    seen: set[tuple[str, str]] = set()
    kept: list[e.Event] = []
    for event in events:
        key = (event.type, _ended_id(event))
        if key not in seen:
            seen.add(key)
            kept.append(event)
    return kept
