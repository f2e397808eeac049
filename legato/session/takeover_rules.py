"""Takeover: a person answers instead of the agent, and gives the answering back.

Who answers is who holds the right `responder`; taking over and handing back move it, and nothing else: nobody joins
anew and no call changes. The agent keeps `worker:NAME`. It goes on reading, may suggest what to say (`draft_rules`),
and goes on where the person ends, with a briefing. What it was saying ends `interrupted` and falls
silent, and turns that waited for it wait for the person.

Whatever a person says who answers is an answer: it ends every turn that waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import RESPONDER, WORKER, Actor, out_of_reach, responds
from legato.session.commands import Refusal
from legato.session.ids import HUB
from legato.session.message_rules import Decision, sounds
from legato.session.right_rules import left_open, released
from legato.session.routing import PEOPLE
from legato.session.state import Right, State

_ID: Final = 56
"""Characters of a message's id that its answers' ids begin with (an id has 64 at most)."""


def take_over(state: State, actor: Actor, command: c.TakeOver) -> Decision:
    """The person answers from here on. Of two at once one is first, and the other is told who; a supervisor may take
    over from an operator, and anybody from a person who asks for another one."""
    right = state.rights.get(RESPONDER, Right(0))
    who = state.participants.get(right.holder)
    if right.holder == actor.participant:
        return Refusal("already_exists", "you answer already", "right", expected=right.token)
    above = who is not None and actor.role == "supervisor" and who.role == "operator"
    given_on = state.asking is not None and state.asking.by == right.holder
    if who is not None and who.role in PEOPLE and not (above or given_on):
        return Refusal("already_exists", f"{who.id} answers", "right", expected=right.token)
    return [
        *_silenced(state, actor.participant, right.holder),
        *left_open(state, actor.participant, right.holder, "interrupted", "taken over"),
        _given(state, actor.participant),
        _taken(state, actor, command),
    ]


def _taken(state: State, actor: Actor, command: c.TakeOver) -> e.Event:
    """From the agent, or from a person who asked for another one: with what that one said of it."""
    asking, me = state.asking, actor.participant
    if asking is None or asking.by != state.responder or not is_person_answering(state):
        return e.ResponderChanged(by=me, participant=me, reason=command.reason or "taken_over")
    return e.ResponderChanged(by=me, participant=me, reason="transferred", briefing=asking.reason)


def hand_back(state: State, actor: Actor, command: c.HandBack) -> Decision:
    """The agent answers again, with what it should know; without one, the session waits for it."""
    if not responds(state, actor.participant):
        token = state.rights.get(RESPONDER, Right(0)).token
        return Refusal("stale_token", "you do not answer", "right", expected=token)
    return passed_on(state, actor.participant, actor.participant, "handed_back", command.briefing)


def make_promise(state: State, actor: Actor, command: c.MakePromise) -> Decision:
    """By who answers: it is theirs, and whoever answers after them is told."""
    if not person_answers(state, actor.participant):
        return Refusal("not_allowed", "you do not answer")
    if not command.text.strip():
        return Refusal("malformed", "what?", "text")
    if len(command.text) > limits.PROMISE_TEXT:
        return Refusal("too_large", field="text", expected=limits.PROMISE_TEXT)
    if _promised(state, command.promise):
        return Refusal("already_exists", field="promise")
    return [e.PromiseMade(by=actor.participant, promise=command.promise, text=command.text)]


def withdraw_promise(state: State, actor: Actor, command: c.WithdrawPromise) -> Decision:
    """By who made it, while they answer."""
    if not person_answers(state, actor.participant):
        return Refusal("not_allowed", "you do not answer")
    if not _promised(state, command.promise):
        return Refusal("not_found", "no such promise, or not of these minutes", "promise")
    return [e.PromiseWithdrawn(by=actor.participant, promise=command.promise)]


def _promised(state: State, promise: str) -> bool:
    return state.help is not None and any(each.id == promise for each in state.help.promises)


def passed_on(state: State, by: str, participant: str, reason: str, briefing: str = "") -> list[e.Event]:
    """The participant answers no more (it hands back, or is gone): the agent that is here does.

    Nothing if it did not answer.
    """
    if not responds(state, participant):
        return []
    ends = left_open(state, by, participant, "finished" if by == participant else "interrupted", reason)
    agent = _agent_here(state)
    if agent is None:
        return [*ends, *_released(state, by, reason, briefing)]
    return [
        *ends,
        _given(state, agent.holder, agent.worker),
        e.ResponderChanged(by=by, participant=agent.holder, reason=reason, briefing=briefing),
    ]


def person_answers(state: State, participant: str) -> bool:
    """Whether it is a person who answers, and this one."""
    who = state.participants.get(participant)
    return who is not None and who.role in PEOPLE and responds(state, participant)


def is_person_answering(state: State) -> bool:
    """Whether it is a person who answers, whoever."""
    return person_answers(state, state.responder)


def answers(state: State, by: str, message: str) -> list[tuple[e.ResponseStarted, e.ResponseEnded]]:
    """A begin and an end for each turn that waits, as `by`'s message answers it."""
    return [
        (
            e.ResponseStarted(by=by, response=f"{message[:_ID]}.{place}", turn=turn.id),
            e.ResponseEnded(by=by, response=f"{message[:_ID]}.{place}", outcome="finished"),
        )
        for place, turn in enumerate(state.waiting_turns())
    ]


def as_answer(state: State, participant: str, events: Iterable[e.Event]) -> list[e.Event]:
    """What somebody said, as it is when it is they who answer: no turn that waits, but the end of those that do."""
    if not person_answers(state, participant):
        return list(events)
    made: list[e.Event] = []
    for event in events:
        if isinstance(event, e.MessagePosted):
            pairs = answers(state, participant, event.message)
            made += [begin for begin, _ in pairs]
            response = pairs[0][0].response if pairs else event.response
            made.append(replace(event, ends_turn=False, response=response))
            made += [end for _, end in pairs]
        elif isinstance(event, e.TurnEnded):
            made.append(replace(event, empty=True))
        else:
            made.append(event)
    return made


def _silenced(state: State, by: str, participant: str) -> list[e.Event]:
    """What is still heard of the participant's answers stops, and of agents': one that crashed, or handed over, may
    have left its words behind."""
    open_ones = {each.id for each in state.responses.values() if each.by == participant}
    speakers = {participant} | {id for id, who in state.participants.items() if who.role == "agent"}
    said = {entry.response for entry in state.entries.values() if entry.by in speakers and entry.response}
    return [
        e.CancelRequested(by=by, response=response)
        for response in sorted(open_ones | {one for one in said if sounds(state, one)})
        if response not in state.responses or not state.responses[response].cancel_requested
    ]


def _given(state: State, holder: str, worker: str = "") -> e.Event:
    token = state.rights.get(RESPONDER, Right(0)).token + 1
    return e.RightGranted(by=HUB, right=RESPONDER, holder=holder, token=token, worker=worker)


def _released(state: State, by: str, reason: str, briefing: str) -> list[e.Event]:
    events = released(state, by, [RESPONDER], "released")
    return [
        replace(event, reason=reason, briefing=briefing) if isinstance(event, e.ResponderChanged) else event
        for event in events
    ]


def _agent_here(state: State) -> Right | None:
    """The right of an agent's worker that can answer."""
    here = (
        right
        for name, right in sorted(state.rights.items())
        if name.startswith(WORKER) and right.holder and not out_of_reach(state, right.holder)
    )
    return next((right for right in here if not right.listens), None)
