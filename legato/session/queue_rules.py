"""The queue: somebody asks for a person, and one is found.

    waits ──reserve_session──▶ reserved ──take_over──▶ answered ──hand_back──▶ wrap-up ──wrap_up──▶ done
      ▲                           │ reject_session, or its time is over
      └───────────────────────────┘ in its place: `since` does not change

The request is a part of the session, so a node's death loses nothing of it, and any node answers. Whoever takes over
unasked ends it, too. A reservation keeps other operators away, and so does a skill that their tickets do not name; a
supervisor may take over all the same. Who asks for somebody by name reserves it for that one, who need not have the
session open; nobody knows of their skills before they come.
"""

from __future__ import annotations

from typing import Final

from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.ids import HUB
from legato.session.message_rules import Decision
from legato.session.people_fold import is_person
from legato.session.routing import PEOPLE
from legato.session.skills import serves
from legato.session.state import Asking, State

RESERVED_MS: Final = 20_000
"""How long a session is kept for whom it was offered to."""

MOST_PRIORITY: Final = 9


def request_human(state: State, actor: Actor, command: c.RequestHuman) -> Decision:
    """By who takes part and does not just watch; while a person answers, by that one, to give it on. Users do not say
    how urgent they are."""
    if is_person(state, state.responder) and state.responder != actor.participant:
        return Refusal("already_exists", "a person answers", "request")
    if state.asking is not None:
        return Refusal("already_exists", "somebody asked already", "request")
    if command.priority > MOST_PRIORITY:
        return Refusal("malformed", f"0 to {MOST_PRIORITY}", "priority")
    if command.priority and actor.role == "user":
        return Refusal("not_allowed", "users do not say how urgent it is", "priority")
    if command.to and (refusal := _not_to(state, actor, command.to)) is not None:
        return refusal
    asked = e.HumanRequested(
        by=actor.participant,
        request=command.request,
        reason=command.reason,
        skill=command.skill,
        priority=command.priority,
    )
    return [asked, _reserved(actor.participant, command.request, command.to)] if command.to else [asked]


def _not_to(state: State, actor: Actor, to: str) -> Refusal | None:
    """Why nobody of that name may be asked first by this actor."""
    if actor.role == "user":
        return Refusal("not_allowed", "users do not say who", "to")
    if to == actor.participant:
        return Refusal("wrong_order", "that is you", "to")
    if to in state.participants and not is_person(state, to):
        return Refusal("not_found", "nobody of that name answers instead of an agent", "to")
    return None


def withdraw_request(state: State, actor: Actor, command: c.WithdrawRequest) -> Decision:
    """By who asked, or by one of those who could answer."""
    asking = _asking(state, command.request)
    if isinstance(asking, Refusal):
        return asking
    if asking.by != actor.participant and actor.role not in PEOPLE:
        return Refusal("not_allowed", "somebody else asked", "request")
    return [e.HumanRequestWithdrawn(by=actor.participant, request=asking.id, reason=command.reason)]


def reserve_session(state: State, actor: Actor, command: c.ReserveSession) -> Decision:
    """For the one who asks for it."""
    asking = _asking(state, command.request)
    if isinstance(asking, Refusal):
        return asking
    if asking.reserved_for:
        return Refusal("already_exists", f"{asking.reserved_for} has it", "request")
    if (refusal := _unskilled(asking, actor)) is not None:
        return refusal
    return [_reserved(actor.participant, asking.id, actor.participant)]


def reject_session(state: State, actor: Actor, command: c.RejectSession) -> Decision:
    """It is not for this person after all."""
    asking = _asking(state, command.request)
    if isinstance(asking, Refusal):
        return asking
    if asking.reserved_for != actor.participant:
        return Refusal("wrong_order", "it is not reserved for you", "request")
    return [_reservation_ended(actor.participant, asking, "rejected")]


def wrap_up(state: State, actor: Actor, command: c.WrapUp) -> Decision:
    """Once for each time that somebody answered; a note of whoever helps, at any time."""
    owed = actor.participant in state.wrap_ups
    if not owed and not (actor.role in PEOPLE and command.notes.strip()):
        return Refusal("wrong_order", "there is nothing to wrap up, and no note", "notes")
    return [
        e.WrappedUp(
            by=actor.participant,
            participant=actor.participant,
            disposition=command.disposition,
            notes=command.notes,
        )
    ]


def kept_for_another(state: State, actor: Actor) -> Refusal | None:
    """Why this person may not take over what waits in the queue."""
    asking = state.asking
    if asking is None or actor.role == "supervisor":
        return None
    if asking.reserved_for in ("", actor.participant):
        return _unskilled(asking, actor)
    return Refusal("already_exists", f"{asking.reserved_for} has it", "request")


def _unskilled(asking: Asking, actor: Actor) -> Refusal | None:
    """Skills are those of the ticket; what one says of oneself counts nothing."""
    if actor.role == "supervisor" or serves(actor.skills, asking.skill):
        return None
    return Refusal("not_allowed", f"it wants the skill {asking.skill}", "request")


def accepted(state: State, participant: str) -> list[e.Event]:
    """The reservation of who takes over is kept."""
    asking = state.asking
    if asking is None or not asking.reserved_for:
        return []
    how: e.Reserved = "accepted" if asking.reserved_for == participant else "withdrawn"
    return [_reservation_ended(participant, asking, how)]


def reservation_over(state: State, request: str) -> list[e.Event]:
    """Its time is over; nothing if it has an end."""
    asking = state.asking
    if asking is None or asking.id != request or not asking.reserved_for:
        return []
    return [_reservation_ended(HUB, asking, "expired")]


def _reserved(by: str, request: str, participant: str) -> e.Event:
    return e.SessionReserved(by=by, request=request, participant=participant, window_ms=RESERVED_MS)


def _reservation_ended(by: str, asking: Asking, how: e.Reserved) -> e.Event:
    return e.ReservationEnded(by=by, request=asking.id, participant=asking.reserved_for, how=how)


def _asking(state: State, request: str) -> Asking | Refusal:
    asking = state.asking
    if asking is None or asking.id != request:
        return Refusal("not_found", "it was answered, or withdrawn", "request")
    return asking
