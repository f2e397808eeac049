"""What may be said: messages and responses.

A message and a response have one author, who alone grows and ends them, and exactly one end. Whatever a
user, operator or supervisor posts is a turn that waits for an answer, unless they are the ones who answer.
"""

from __future__ import annotations

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits
from legato.session.actors import Actor, responds
from legato.session.commands import Refusal
from legato.session.state import Message, Response, State, ToolCall

Decision = list[e.Event] | Refusal


def post_message(state: State, actor: Actor, command: c.PostMessage) -> Decision:
    refusal = limits.misshapen_parts(command.parts) or _free(state, actor, command.message, command.response)
    if refusal is not None:
        return refusal
    asks = actor.role in ("user", "operator", "supervisor") and not responds(state, actor.participant)
    if asks and len(state.turns) >= limits.WAITING_TURNS:
        return Refusal("too_fast", "too many turns wait for an answer", retry_after_ms=1000)
    return [
        e.MessagePosted(
            by=actor.participant,
            message=command.message,
            parts=command.parts,
            response=command.response,
            turn=command.message if asks else "",
            ends_turn=asks,
        )
    ]


def start_message(state: State, actor: Actor, command: c.StartMessage) -> Decision:
    if (refusal := _free(state, actor, command.message, command.response)) is not None:
        return refusal
    if sum(message.by == actor.participant for message in state.open_messages()) >= limits.OPEN_MESSAGES_EACH:
        return Refusal("too_large", "too many open messages", "message")
    return [
        e.MessageStarted(
            by=actor.participant, message=command.message, response=command.response, brought=command.brought
        )
    ]


def grow_message(state: State, actor: Actor, command: c.GrowMessage) -> Decision:
    message = own_message(state, actor, command.message)
    if isinstance(message, Refusal):
        return message
    if command.index != message.deltas:
        return Refusal("wrong_order", "deltas count from 0", "index", expected=message.deltas)
    if command.part > len(message.parts):
        return Refusal("wrong_order", "parts count from 0", "part", expected=len(message.parts))
    if command.part == limits.MESSAGE_PARTS:
        return Refusal("too_large", field="part")
    if command.part < len(message.parts) and message.parts[command.part].kind != command.kind:
        return Refusal("malformed", "the part is of another kind", "kind")
    if (refusal := _room(message, len(command.text))) is not None:
        return refusal
    return [
        e.MessageGrown(
            by=actor.participant,
            message=command.message,
            index=command.index,
            text=command.text,
            part=command.part,
            kind=command.kind,
        )
    ]


def add_part(state: State, actor: Actor, command: c.AddPart) -> Decision:
    message = own_message(state, actor, command.message)
    if isinstance(message, Refusal):
        return message
    refusal = limits.misshapen_parts((*message.parts, command.part)) if len(message.parts) else None
    refusal = refusal or limits.misshapen_parts((command.part,)) or _room(message, len(command.part.text))
    if refusal is not None:
        return refusal
    return [e.PartAdded(by=actor.participant, message=command.message, part=command.part)]


def end_message(state: State, actor: Actor, command: c.EndMessage) -> Decision:
    message = own_message(state, actor, command.message)
    if isinstance(message, Refusal):
        return message
    return [
        e.MessageEnded(
            by=actor.participant, message=command.message, outcome=command.outcome, reason=command.reason
        )
    ]


def settle_heard(state: State, actor: Actor, command: c.SettleHeard) -> Decision:
    message = state.entries.get(command.message)
    if not isinstance(message, Message):
        return Refusal("not_found", field="message")
    if command.characters > text_length(message):
        return Refusal("malformed", "more than was said", "characters", expected=text_length(message))
    return [
        e.HeardSettled(
            by=actor.participant,
            message=command.message,
            participant=actor.participant,
            characters=command.characters,
            samples=command.samples,
            final=command.final,
        )
    ]


def start_response(state: State, actor: Actor, command: c.StartResponse) -> Decision:
    if not responds(state, actor.participant):
        return Refusal("not_allowed", "somebody else answers", "response")
    if command.response in state.responses:
        return Refusal("already_exists", field="response")
    if len(state.responses) >= limits.OPEN_RESPONSES:
        return Refusal("too_large", "too many open responses", "response")
    if command.parent and own_response(state, actor, command.parent) is None:
        return Refusal("not_found", field="parent")
    if command.parent and command.turn:
        return Refusal("malformed", "a part of an answer answers no turn of its own", "turn")
    if command.parent and state.responses[command.parent].cancel_requested:
        return Refusal("already_ended", "it is being cancelled", "parent")
    if command.turn:
        turn = state.turns.get(command.turn)
        if turn is None:
            return Refusal("not_found", "answered, or never asked", "turn")
        if turn.status == "speaking":
            return Refusal("wrong_order", "the turn is still being spoken", "turn")
        if turn.status == "answering":
            return Refusal("already_exists", "the turn is being answered", "turn")
    return [
        e.ResponseStarted(
            by=actor.participant,
            response=command.response,
            turn=command.turn,
            parent=command.parent,
            title=command.title,
        )
    ]


def progress_response(state: State, actor: Actor, command: c.ProgressResponse) -> Decision:
    if own_response(state, actor, command.response) is None:
        return _missing(state, actor, command.response)
    if len(command.text) > limits.TEXTS["status"]:
        return Refusal("too_large", field="text", expected=limits.TEXTS["status"])
    return [
        e.ResponseProgressed(
            by=actor.participant,
            response=command.response,
            text=command.text,
            step=command.step,
            steps=command.steps,
            eta_ms=command.eta_ms,
        )
    ]


def end_response(state: State, actor: Actor, command: c.EndResponse) -> Decision:
    if own_response(state, actor, command.response) is None:
        return _missing(state, actor, command.response)
    return response_ends(state, actor.participant, command.response, command.outcome, command.reason)


def cancel_response(state: State, actor: Actor, command: c.CancelResponse) -> Decision:
    response = state.responses.get(command.response)
    if response is None and not sounds(state, command.response):
        return Refusal("already_ended", field="response")
    if response is not None and response.cancel_requested:
        return Refusal("already_exists", field="response")
    below = [each for each in _below(state, command.response) if not state.responses[each].cancel_requested]
    return [e.CancelRequested(by=actor.participant, response=each) for each in (command.response, *below)]


def _below(state: State, response: str) -> list[str]:
    """The parts of it that are open, and theirs."""
    found = [response]
    for above in found:
        found += [
            each.id for each in state.responses.values() if each.parent == above and each.id not in found
        ]
    return found[1:]


def sounds(state: State, response: str) -> bool:
    """Whether speech of an answer that was written to its end is still to be heard: stopping it stops the sound."""
    if not any(attachment.call for attachment in state.attachments.values()):
        return False
    said = (entry for entry in state.entries.values() if isinstance(entry, Message) and entry.speech_end >= 0)
    return any(
        entry.response == response
        and (not entry.heard or min(entry.heard.values()) < entry.speech_characters)
        for entry in said
    )


def response_ends(
    state: State,
    by: str,
    id: str,
    outcome: e.Outcome,
    reason: str = "",
    *,
    turn_waits: bool = False,
    spare_idempotent: bool = False,
) -> list[e.Event]:
    """The end of a response and of all that is open in it, children first.

    `spare_idempotent` leaves tool calls that may be done again to the next worker.
    """
    events: list[e.Event] = []
    for child in sorted(each.id for each in state.responses.values() if each.parent == id and each.id != id):
        events += response_ends(
            state, by, child, outcome, reason, turn_waits=turn_waits, spare_idempotent=spare_idempotent
        )
    for entry in state.open_entries():
        if entry.response == id and not (spare_idempotent and goes_on(entry)):
            events.append(entry_ends(by, entry, outcome, reason))
    waits = turn_waits and state.responses[id].turn in state.turns
    return [*events, e.ResponseEnded(by=by, response=id, outcome=outcome, reason=reason, turn_waits=waits)]


def goes_on(entry: Message | ToolCall) -> bool:
    """Whether it need not end with the worker that began it: it may be done again, or somebody else is doing it."""
    return isinstance(entry, ToolCall) and (entry.idempotent or entry.runner != "")


def entry_ends(by: str, entry: Message | ToolCall, outcome: e.Outcome, reason: str) -> e.Event:
    """The end of an open message or tool call."""
    if isinstance(entry, Message):
        return e.MessageEnded(by=by, message=entry.id, outcome=outcome, reason=reason)
    return e.ToolEnded(by=by, call=entry.id, outcome=outcome, reason=reason)


def own_message(state: State, actor: Actor, id: str) -> Message | Refusal:
    """The open message, if it is the actor's to grow and end."""
    message = state.entries.get(id)
    if not isinstance(message, Message):
        return Refusal("not_found", field="message")
    if message.by != actor.participant and not actor.service:
        return Refusal("not_allowed", "only its author grows a message", "message")
    if message.status != "open":
        return Refusal("already_ended", field="message")
    return message


def own_response(state: State, actor: Actor, id: str) -> Response | None:
    """The open response, if it is the actor's."""
    response = state.responses.get(id)
    mine = response is not None and (response.by == actor.participant or actor.service)
    return response if mine else None


def text_length(message: Message) -> int:
    """Code points of the message's spoken text (reasoning is never spoken)."""
    return sum(len(part.text) for part in message.parts if part.kind == "text")


def _free(state: State, actor: Actor, id: str, response: str) -> Refusal | None:
    if id in state.entries:
        return Refusal("already_exists", field="message")
    if response and own_response(state, actor, response) is None:
        return _missing(state, actor, response)
    return None


def _missing(state: State, actor: Actor, response: str) -> Refusal:
    if response in state.responses:
        return Refusal("not_allowed", "it is somebody else's", "response")
    return Refusal("already_ended", "ended, or never begun", "response")


def _room(message: Message, more: int) -> Refusal | None:
    if sum(len(part.text) for part in message.parts) + more > limits.MESSAGE_TEXT:
        return Refusal("too_large", "a message ends here", "text", expected=limits.MESSAGE_TEXT)
    return None
