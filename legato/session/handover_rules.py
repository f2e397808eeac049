"""Handover: by agreement, another agent answers.

Which agent a session wants is its label `agent`. Whoever hands over changes it and gives both rights back in the same
batch, so that there is no moment in which the session wants the wrong one. The turn that was being answered waits for
the next, with a briefing.
"""

from __future__ import annotations

from msgspec.structs import replace

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import RESPONDER, WORKER, Actor, listens, responds, worker_right
from legato.session.agent_labels import AGENT_LABEL
from legato.session.commands import Refusal
from legato.session.ids import well_formed
from legato.session.message_rules import Decision
from legato.session.right_rules import left_open, released
from legato.session.state import Right, State


def hand_over(state: State, actor: Actor, command: c.HandOver) -> Decision:
    """Only by the agent that answers; what it has open ends, tool calls that could be done again included: they are
    its own, and another agent has other tools."""
    right = worker_right(state, actor.participant)
    if actor.role != "agent" or not right or not responds(state, actor.participant):
        return Refusal("not_allowed", "only the agent that answers hands over", "to")
    if not well_formed(WORKER + command.to):
        return Refusal("malformed", "not an agent's name", "to")
    if right == WORKER + command.to:
        return Refusal("wrong_order", "you are that agent", "to")
    if listens(state, state.rights.get(WORKER + command.to, Right(0)).holder):
        return Refusal("not_allowed", "that agent only listens", "to")
    if AGENT_LABEL not in state.labels and len(state.labels) >= limits.LABELS:
        return Refusal("too_large", "too many labels", "to")
    return [
        *left_open(
            state, actor.participant, actor.participant, "interrupted", "handed over", spare=False, waits=True
        ),
        e.SessionLabelled(by=actor.participant, labels={AGENT_LABEL: command.to}),
        *(_briefed(event, command.briefing) for event in _released(state, actor.participant, right)),
    ]


def _released(state: State, by: str, right: str) -> list[e.Event]:
    return released(state, by, [right, RESPONDER], "released")


def _briefed(event: e.Event, briefing: str) -> e.Event:
    if isinstance(event, e.ResponderChanged):
        return replace(event, reason="handed_over", briefing=briefing)
    return event
