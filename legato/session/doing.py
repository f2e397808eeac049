"""What a participant is doing: what it said of itself, else what the log shows of its work."""

from __future__ import annotations

import msgspec

from legato.session.state import Response, State, ToolCall
from legato.session.vocabulary import Activity


class Doing(msgspec.Struct, frozen=True, omit_defaults=True):
    """An activity, with `text` and `step` of `steps` that say how far it is, and `eta_ms` from then on until it is done
    (0: nobody said). `tool`: the one that runs; its name is the `text` until it says something."""

    activity: Activity = "idle"
    text: str = ""
    step: int = 0
    steps: int = 0
    eta_ms: int = 0
    tool: str = ""


def doing(state: State, participant: str) -> Doing:
    """What it is doing: what it declared; or the tool it runs (the call begun last); or an answer in progress, which it
    is `speaking` once a word of it is there, and `thinking` of before; else it is `listening` while somebody speaks
    whom it is to answer."""
    who = state.participants.get(participant)
    if who is not None and who.activity != "idle":
        return Doing(who.activity, who.text, who.step, who.steps, who.eta_ms)
    calls = [
        each
        for each in state.entries.values()
        if isinstance(each, ToolCall) and each.by == participant and each.status == "started"
    ]
    if calls:
        call = max(calls, key=lambda each: each.at)
        return Doing("tool", call.text or call.name, call.step, call.steps, call.eta_ms, call.name)
    answers = [each for each in state.responses.values() if each.by == participant and not each.parent]
    if answers:
        answer = max(answers, key=lambda each: each.at)
        return Doing(_answering(state, answer), answer.text, answer.step, answer.steps, answer.eta_ms)
    return Doing("listening" if _is_spoken_to(state, participant) else "idle")


def _is_spoken_to(state: State, participant: str) -> bool:
    return state.responder == participant and any(
        turn.status == "speaking" and turn.participant != participant for turn in state.turns.values()
    )


def _answering(state: State, answer: Response) -> Activity:
    began = any(
        not isinstance(each, ToolCall)
        and each.response == answer.id
        and any(part.kind == "text" for part in each.parts)
        for each in state.entries.values()
    )
    return "speaking" if began else "thinking"
