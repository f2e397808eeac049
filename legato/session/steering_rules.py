"""Steering: going another way, pausing, going on, answering anew.

Each is a control event, so of two at once one is first, and the other is decided on what that one made: a pause of
what is paused is refused, and so is a second direction before the agent has answered the first. Sound stops and goes
on by the request itself. What the agent does it says by `answer_steering`; of an answer that is written to its end and
only still heard, the hub says it.
"""

from __future__ import annotations

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import Actor
from legato.session.commands import Refusal
from legato.session.ids import HUB
from legato.session.message_rules import Decision, own_response, sounds
from legato.session.state import State


def steer_response(state: State, actor: Actor, command: c.SteerResponse) -> Decision:
    """One direction at a time: until the agent has answered it, another is refused."""
    response = state.responses.get(command.response)
    if response is None or response.cancel_requested:
        return Refusal("already_ended", field="response")
    if not command.text.strip():
        return Refusal("malformed", "which way?", "text")
    if len(command.text) > limits.TEXTS["briefing"]:
        return Refusal("too_large", field="text", expected=limits.TEXTS["briefing"])
    if response.steer:
        return Refusal("already_exists", "it is being steered", "response")
    return [_requested(actor, command.response, "steer", command.text)]


def pause_response(state: State, actor: Actor, command: c.PauseResponse) -> Decision:
    """Of an answer that is being written, or is still heard."""
    response = state.responses.get(command.response)
    if response is None and not sounds(state, command.response):
        return Refusal("already_ended", field="response")
    if response is not None and response.cancel_requested:
        return Refusal("already_ended", field="response")
    if state.paused == command.response:
        return Refusal("already_exists", "it is paused", "response")
    return _held(state, actor, command.response, "pause", "the sound waits")


def continue_response(state: State, actor: Actor, command: c.ContinueResponse) -> Decision:
    """Of the answer that is paused."""
    if state.paused != command.response:
        return Refusal("wrong_order", "it is not paused", "response")
    return _held(state, actor, command.response, "continue", "the sound goes on")


def regenerate_response(state: State, actor: Actor, command: c.RegenerateResponse) -> Decision:
    """The turn waits for another answer. What is still heard of the old one stops."""
    if command.response in state.responses:
        return Refusal("wrong_order", "it has not ended: cancel it first", "response")
    answered = next((each for each in state.answered if each.response == command.response), None)
    if answered is None:
        return Refusal("not_found", "too long ago, answered anew already, or never begun", "response")
    who = state.participants.get(state.responder)
    if who is not None and who.role != "agent":
        return Refusal("not_allowed", "a person answers", "response")
    if len(state.turns) >= limits.WAITING_TURNS:
        return Refusal("too_fast", "too many turns wait for an answer", retry_after_ms=1000)
    silenced: list[e.Event] = []
    if sounds(state, command.response):
        silenced.append(e.CancelRequested(by=actor.participant, response=command.response))
    return [
        *silenced,
        e.ResponseSuperseded(by=actor.participant, response=command.response, turn=answered.turn),
    ]


def answer_steering(state: State, actor: Actor, command: c.AnswerSteering) -> Decision:
    """Once for each request, and of that one: who went on and paused again is not told that the first pause holds."""
    response = own_response(state, actor, command.response)
    if response is None:
        return Refusal("already_ended", "ended, or somebody else's", "response")
    steered = bool(response.steer) and command.asked == "steer"
    if not steered and command.asked != response.pausing:
        return Refusal("wrong_order", "nobody asks for it", "asked")
    if command.at not in (0, response.steer_at if steered else response.pausing_at):
        return Refusal("wrong_order", "another request has followed that one", "at")
    return [
        _answered(
            actor.participant, command.response, command.asked, command.done, command.detail, at=command.at
        )
    ]


def _held(state: State, actor: Actor, response: str, asked: e.Steering, detail: str) -> list[e.Event]:
    events = [_requested(actor, response, asked)]
    if response not in state.responses:
        events.append(_answered(HUB, response, asked, True, detail))
    return events


def _requested(actor: Actor, response: str, asked: e.Steering, text: str = "") -> e.Event:
    return e.SteeringRequested(by=actor.participant, response=response, asked=asked, text=text)


def _answered(by: str, response: str, asked: e.Steering, done: bool, detail: str, *, at: int = 0) -> e.Event:
    return e.SteeringAnswered(by=by, response=response, asked=asked, done=done, detail=detail, at=at)
