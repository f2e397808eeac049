"""Listening in, whispering, holding and passing on: what people do beside answering.

    (none) ◀──▶ monitor ◀──▶ whisper ◀──▶ barge        each to each, by `change_stance`
       └──────────┴─────────────┴──────────┴── take_over ──▶ answers ── hand_back, transfer ──▶ where they were

Each transition is a control event of its author: of two at once one is first, and the other is decided anew. What each
stance means stands in `routing`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import RESPONDER, Actor
from legato.session.commands import Refusal
from legato.session.ids import HUB
from legato.session.message_rules import Decision
from legato.session.routing import PEOPLE, Reach, reach
from legato.session.state import Right, State
from legato.session.takeover_rules import as_answer, person_answers
from legato.session.tickets import Capability
from legato.session.vocabulary import Reaches, Stance

NEEDED: Final[dict[Stance, Capability]] = {
    "": "takeover",
    "monitor": "monitor",
    "whisper": "whisper",
    "barge": "takeover",
}
"""The capability that each stance needs: to be heard by all, that of answering."""


def reach_of(actor: Actor) -> Reaches:
    """How far what somebody gives by this device may go at most."""
    if actor.role not in PEOPLE or "takeover" in actor.capabilities:
        return "all"
    return "responder" if "whisper" in actor.capabilities else "nobody"


def placed(state: State, actor: Actor) -> list[e.Event]:
    """Where somebody who comes stands: who has no device on which they may be heard by all, and is to be folded as if
    they were, listens."""
    who = state.participants.get(actor.participant)
    if who is None or who.left or actor.role not in PEOPLE or person_answers(state, actor.participant):
        return []
    if who.stance not in ("", "barge") or NEEDED[who.stance] in actor.capabilities:
        return []
    devices = [each for each in state.attachments.values() if each.participant == actor.participant]
    if any(each.reach == "all" for each in devices):
        return []
    return [e.StanceChanged(by=HUB, participant=actor.participant, stance="monitor")]


_ROUTED: Final = PEOPLE | {"user"}
"""Whose words go as far as the matrix says; agents are heard by all, and observers say nothing."""


def change_stance(state: State, actor: Actor, command: c.ChangeStance) -> Decision:
    """Of somebody who does not answer."""
    if actor.role not in PEOPLE or NEEDED[command.stance] not in actor.capabilities:
        return Refusal("not_allowed", f"needs the capability {NEEDED[command.stance]}", "stance")
    if person_answers(state, actor.participant):
        return Refusal("wrong_order", "you answer: hand back first", "stance")
    if state.participants[actor.participant].stance == command.stance:
        return Refusal("already_exists", "there you are", "stance")
    return [e.StanceChanged(by=actor.participant, participant=actor.participant, stance=command.stance)]


def whisper(state: State, actor: Actor, command: c.Whisper) -> Decision:
    """To whoever answers; typed, it needs no stance."""
    if actor.role not in PEOPLE:
        return Refusal("not_allowed", "only operators and supervisors whisper")
    if not command.text.strip():
        return Refusal("malformed", "what?", "text")
    if len(command.text) > limits.TEXTS["briefing"]:
        return Refusal("too_large", field="text", expected=limits.TEXTS["briefing"])
    if state.responder in ("", actor.participant):
        return Refusal("wrong_order", "nobody else answers", "text")
    return [e.Whispered(by=actor.participant, to=state.responder, text=command.text)]


def hold_users(state: State, actor: Actor, command: c.HoldUsers) -> Decision:
    """Only who answers lets them wait."""
    if not person_answers(state, actor.participant):
        return Refusal("not_allowed", "you do not answer")
    if state.held:
        return Refusal("already_exists", "they wait already")
    return [e.UsersHeld(by=actor.participant)]


def release_users(state: State, actor: Actor, command: c.ReleaseUsers) -> Decision:
    """Who answers, or a supervisor."""
    if not person_answers(state, actor.participant) and actor.role != "supervisor":
        return Refusal("not_allowed", "you do not answer")
    if not state.held:
        return Refusal("wrong_order", "nobody waits")
    return [e.UsersReleased(by=actor.participant)]


def transfer(state: State, actor: Actor, command: c.Transfer) -> Decision:
    """To another person who is here, on a device by which they may answer."""
    right = state.rights.get(RESPONDER, Right(0))
    if not person_answers(state, actor.participant):
        return Refusal("stale_token", "you do not answer", "right", expected=right.token)
    who = state.participants.get(command.to)
    if who is None or who.role not in PEOPLE or state.liveness(who.id) != "online":
        return Refusal("not_found", "nobody of that name is here to answer", "to")
    if who.id == actor.participant:
        return Refusal("already_exists", "you answer already", "to")
    devices = [each for each in state.attachments.values() if each.participant == who.id]
    if not any(each.reach == "all" and not each.away_since for each in devices):
        return Refusal("not_allowed", "they may not answer", "to")
    return [
        e.RightGranted(by=HUB, right=RESPONDER, holder=who.id, token=right.token + 1),
        e.ResponderChanged(
            by=actor.participant, participant=who.id, reason="transferred", briefing=command.briefing
        ),
    ]


def out_of_reach_of_all(state: State, actor: Actor) -> Refusal | None:
    """Why what somebody writes would reach nobody, or only who answers: a log is read by all, so it is not stored."""
    if actor.role not in _ROUTED or reach(state, actor.participant, reach_of(actor)) is Reach.ALL:
        return None
    if actor.role in PEOPLE:
        return Refusal("not_allowed", "you only listen: whisper, barge in, or take over", "message")
    return Refusal("on_hold", f"{state.held} lets you wait: say it when the wait is over", "message")


def as_routed(
    state: State, participant: str, events: Iterable[e.Event], most: Reaches = "all"
) -> list[e.Event]:
    """What the ears made of somebody's speech (which, where and when it was said, went so far at `most`), as far as it
    goes: a turn or an answer, a whisper, or nothing. A turn that had begun when the speaker's reach changed ends, and
    asks for no answer."""
    # No device bounds a user's words, but a hold does, and what was said in it is understood when it is over.
    far = Reach.NOBODY if most == "nobody" else reach(state, participant, most)
    heard_by = state.responder if far is Reach.RESPONDER and state.responder != participant else ""
    if far is Reach.ALL:
        return as_answer(state, participant, events)
    made: list[e.Event] = []
    for event in events:
        if isinstance(event, e.TurnEnded) and event.turn in state.turns:
            made.append(replace(event, empty=True))
        elif isinstance(event, e.MessagePosted) and heard_by:
            text = " ".join(part.text for part in event.parts)[: limits.TEXTS["briefing"]]
            spoken = replace(event.spoken, words=[]) if event.spoken is not None else None
            made.append(e.Whispered(by=participant, to=heard_by, text=text, spoken=spoken))
    return made
