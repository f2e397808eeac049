"""The fold: what a log means.

`evolve(state, event)` is the only way a state changes, on the hub, in an agent and in the browser
(`web/src/client/fold.ts` is its twin; both run the vectors of `tests/vectors/fold`). It never refuses:
an event in the log is a fact, and deciding came before. An event about something unknown to the state
changes nothing but offset and time, so every log folds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from legato.session import events as e
from legato.session.parts import Part
from legato.session.state import (
    KEPT,
    KEPT_UNKNOWN,
    Attachment,
    Entry,
    Message,
    Participant,
    Reopening,
    Response,
    Right,
    State,
    ToolCall,
    Turn,
)

E = TypeVar("E", bound=e.Event)
Handler = Callable[[State, Any], None]


def evolve(state: State, event: e.Event | e.Unknown) -> list[Entry]:
    """Fold `event` into `state`. Returns the entries that left the state's window: they belong in the history."""
    if isinstance(event, e.Unknown):
        state.unknown = [*state.unknown, event.raw][-KEPT_UNKNOWN:]
    else:
        _HANDLERS[type(event)](state, event)
        if event.control:
            state.control = event.offset
    state.offset, state.time = event.offset, event.time
    return _overflow(state)


def fold(events: Iterable[e.Event | e.Unknown], onto: State | None = None) -> State:
    """The state after `events`, starting from a copy of `onto` (or from nothing)."""
    state = State() if onto is None else onto.copy()
    for event in events:
        evolve(state, event)
    return state


def _overflow(state: State) -> list[Entry]:
    left: list[Entry] = []
    while state.finished - KEPT > 0 and (oldest := _oldest_ended(state)) is not None:
        left.append(state.entries.pop(oldest.id))
    return left


def _oldest_ended(state: State) -> Entry | None:
    limit = state.finished - KEPT
    return next((entry for entry in state.entries.values() if 0 < entry.ordinal <= limit), None)


# --- the session itself


def _session_created(state: State, event: e.SessionCreated) -> None:
    state.created, state.title = event.time, event.title
    state.labels.update(event.labels)


def _session_labelled(state: State, event: e.SessionLabelled) -> None:
    for label, value in event.labels.items():
        if value:
            state.labels[label] = value
        else:
            state.labels.pop(label, None)


def _session_ended(state: State, event: e.SessionEnded) -> None:
    state.ended, state.ended_reason = True, event.reason


def _log_reopened(state: State, event: e.LogReopened) -> None:
    lost = Reopening(event.offset, event.previous_epoch, event.lost_from, event.lost_to)
    state.reopened = [*state.reopened, lost][-8:]
    state.rights = {name: Right(right.token, "", right.worker) for name, right in state.rights.items()}


# --- who is there


def _participant_joined(state: State, event: e.ParticipantJoined) -> None:
    state.participants[event.participant] = Participant(
        event.participant, event.role, event.name, since=event.time
    )


def _participant(state: State, id: str, **changes: Any) -> None:
    if (who := state.participants.get(id)) is not None:
        state.participants[id] = replace(who, **changes)


def _participant_left(state: State, event: e.ParticipantLeft) -> None:
    _participant(state, event.participant, left=True, activity="idle", since=event.time)
    for id in [each.id for each in state.attachments.values() if each.participant == event.participant]:
        del state.attachments[id]


def _attachment_opened(state: State, event: e.AttachmentOpened) -> None:
    state.attachments[event.attachment] = Attachment(
        event.attachment, event.participant, event.device, event.takes, event.gives
    )


def _attachment(state: State, id: str, **changes: Any) -> None:
    if (attachment := state.attachments.get(id)) is not None:
        state.attachments[id] = replace(attachment, **changes)


def _attachment_away(state: State, event: e.AttachmentAway) -> None:
    _attachment(state, event.attachment, away_since=event.time)


def _attachment_back(state: State, event: e.AttachmentBack) -> None:
    _attachment(state, event.attachment, away_since=0)


def _attachment_closed(state: State, event: e.AttachmentClosed) -> None:
    state.attachments.pop(event.attachment, None)


def _modality_changed(state: State, event: e.ModalityChanged) -> None:
    _attachment(state, event.attachment, takes=event.takes, gives=event.gives)


def _activity_changed(state: State, event: e.ActivityChanged) -> None:
    _participant(
        state,
        event.participant,
        activity=event.activity,
        text=event.text,
        step=event.step,
        steps=event.steps,
        eta_ms=event.eta_ms,
        since=event.time,
    )


# --- rights


def _right_granted(state: State, event: e.RightGranted) -> None:
    state.rights[event.right] = Right(event.token, event.holder, event.worker)
    _participant(state, event.holder, fault="", fault_since=0, window_ms=0)


def _right_released(state: State, event: e.RightReleased) -> None:
    state.rights[event.right] = Right(event.token)


def _responder_changed(state: State, event: e.ResponderChanged) -> None:
    state.responder = event.participant


def _agent_unreachable(state: State, event: e.AgentUnreachable) -> None:
    _participant(
        state, event.participant, fault="unreachable", fault_since=event.time, window_ms=event.window_ms
    )


def _agent_reachable(state: State, event: e.AgentReachable) -> None:
    _participant(state, event.participant, fault="", fault_since=0, window_ms=0)


def _agent_crashed(state: State, event: e.AgentCrashed) -> None:
    _participant(
        state, event.participant, fault="crashed", fault_since=event.time, window_ms=0, activity="idle"
    )
    state.rights[event.right] = Right(event.token)


# --- turns, responses, messages


def _turn_started(state: State, event: e.TurnStarted) -> None:
    state.turns[event.turn] = Turn(event.turn, event.participant, since=event.time, at=event.offset)


def _turn_ended(state: State, event: e.TurnEnded) -> None:
    if (turn := state.turns.get(event.turn)) is None or turn.status != "speaking":
        return
    if event.empty:
        del state.turns[event.turn]
    else:
        state.turns[event.turn] = replace(
            turn, status="waiting", since=event.time, incomplete=event.incomplete
        )


def _nothing(state: State, event: e.Event) -> None:
    """A fact for the record that the state does not hold."""


def _response_started(state: State, event: e.ResponseStarted) -> None:
    state.responses[event.response] = Response(
        event.response, event.by, event.offset, event.turn, event.parent
    )
    if (turn := state.turns.get(event.turn)) is not None:
        state.turns[event.turn] = replace(turn, status="answering", response=event.response, since=event.time)


def _cancel_requested(state: State, event: e.CancelRequested) -> None:
    if (response := state.responses.get(event.response)) is not None:
        state.responses[event.response] = replace(response, cancel_requested=True)


def _response_ended(state: State, event: e.ResponseEnded) -> None:
    response = state.responses.pop(event.response, None)
    turn = state.turns.get(response.turn) if response is not None else None
    if turn is None or turn.response != event.response:
        return
    if event.turn_waits:
        state.turns[turn.id] = replace(turn, status="waiting", response="", since=event.time)
    else:
        del state.turns[turn.id]


def _message_posted(state: State, event: e.MessagePosted) -> None:
    if event.message in state.entries:
        return
    state.finished += 1
    state.entries[event.message] = Message(
        event.message,
        event.by,
        event.offset,
        event.time,
        status="finished",
        parts=tuple(event.parts),
        turn=event.turn,
        response=event.response,
        ordinal=state.finished,
        spoken=event.spoken,
    )
    if event.ends_turn and event.turn:
        turn = state.turns.get(event.turn) or Turn(event.turn, event.by, at=event.offset)
        if turn.status == "speaking":
            state.turns[event.turn] = replace(turn, status="waiting", since=event.time)


def _message_started(state: State, event: e.MessageStarted) -> None:
    if event.message not in state.entries:
        state.entries[event.message] = Message(
            event.message, event.by, event.offset, event.time, response=event.response
        )


def _open_message(state: State, id: str) -> Message | None:
    entry = state.entries.get(id)
    return entry if isinstance(entry, Message) and entry.status == "open" else None


def _message_grown(state: State, event: e.MessageGrown) -> None:
    message = _open_message(state, event.message)
    if message is None or event.index != message.deltas:
        return
    parts = list(message.parts)
    if event.part < len(parts) and parts[event.part].kind == event.kind:
        parts[event.part] = replace(parts[event.part], text=parts[event.part].text + event.text)
    elif event.part == len(parts):
        parts.append(Part(event.kind, event.text))
    state.entries[event.message] = replace(message, parts=tuple(parts), deltas=event.index + event.count)


def _part_added(state: State, event: e.PartAdded) -> None:
    if (message := _open_message(state, event.message)) is not None:
        state.entries[event.message] = replace(message, parts=(*message.parts, event.part))


def _message_ended(state: State, event: e.MessageEnded) -> None:
    if (message := _open_message(state, event.message)) is not None:
        state.finished += 1
        state.entries[event.message] = replace(
            message, status=event.outcome, reason=event.reason, ordinal=state.finished
        )


def _speech_queued(state: State, event: e.SpeechQueued) -> None:
    message = state.entries.get(event.message)
    if isinstance(message, Message):
        state.entries[event.message] = replace(
            message, speech_track=event.track, speech_end=event.end, speech_characters=event.characters
        )


def _heard_settled(state: State, event: e.HeardSettled) -> None:
    message = state.entries.get(event.message)
    if isinstance(message, Message):
        heard = {**message.heard, event.participant: event.characters}
        state.entries[event.message] = replace(message, heard=heard)


# --- tools


def _tool_requested(state: State, event: e.ToolRequested) -> None:
    if event.call not in state.entries:
        state.entries[event.call] = ToolCall(
            event.call,
            event.by,
            event.offset,
            event.time,
            event.name,
            event.arguments,
            response=event.response,
            key=event.key,
            idempotent=event.idempotent,
            approval=event.approval,
        )


def _tool(state: State, id: str, **changes: Any) -> None:
    entry = state.entries.get(id)
    if isinstance(entry, ToolCall) and entry.ordinal == 0:
        state.entries[id] = replace(entry, **changes)


def _tool_decided(state: State, event: e.ToolDecided) -> None:
    _tool(state, event.call, decided_by=event.by, **({"status": "approved"} if event.approved else {}))


def _tool_started(state: State, event: e.ToolStarted) -> None:
    _tool(state, event.call, status="started")


def _tool_progressed(state: State, event: e.ToolProgressed) -> None:
    _tool(state, event.call, text=event.text, step=event.step, steps=event.steps)


def _tool_ended(state: State, event: e.ToolEnded) -> None:
    entry = state.entries.get(event.call)
    if isinstance(entry, ToolCall) and entry.ordinal == 0:
        state.finished += 1
        state.entries[event.call] = replace(
            entry, status=event.outcome, result=event.result, reason=event.reason, ordinal=state.finished
        )


# --- voice


def _voice_started(state: State, event: e.VoiceStarted) -> None:
    _attachment(state, event.attachment, call=event.call, track=event.track)


def _voice_ended(state: State, event: e.VoiceEnded) -> None:
    attachment = state.attachments.get(event.attachment)
    if attachment is not None and attachment.call == event.call:
        _attachment(state, event.attachment, call="")


def _gap_marked(state: State, event: e.GapMarked) -> None:
    state.gaps = [*state.gaps, (event.track, event.start, event.end)][-32:]


_HANDLERS: Final[dict[type[e.Event], Handler]] = {
    e.SessionCreated: _session_created,
    e.SessionLabelled: _session_labelled,
    e.SessionEnded: _session_ended,
    e.LogReopened: _log_reopened,
    e.ParticipantJoined: _participant_joined,
    e.ParticipantLeft: _participant_left,
    e.AttachmentOpened: _attachment_opened,
    e.AttachmentAway: _attachment_away,
    e.AttachmentBack: _attachment_back,
    e.AttachmentClosed: _attachment_closed,
    e.ModalityChanged: _modality_changed,
    e.ActivityChanged: _activity_changed,
    e.RightGranted: _right_granted,
    e.RightReleased: _right_released,
    e.ResponderChanged: _responder_changed,
    e.AgentUnreachable: _agent_unreachable,
    e.AgentReachable: _agent_reachable,
    e.AgentCrashed: _agent_crashed,
    e.TurnStarted: _turn_started,
    e.TurnEnded: _turn_ended,
    e.TurnMarked: _nothing,
    e.ResponseStarted: _response_started,
    e.CancelRequested: _cancel_requested,
    e.ResponseEnded: _response_ended,
    e.MessagePosted: _message_posted,
    e.MessageStarted: _message_started,
    e.MessageGrown: _message_grown,
    e.PartAdded: _part_added,
    e.MessageEnded: _message_ended,
    e.SpeechQueued: _speech_queued,
    e.HeardSettled: _heard_settled,
    e.ToolRequested: _tool_requested,
    e.ToolDecided: _tool_decided,
    e.ToolStarted: _tool_started,
    e.ToolProgressed: _tool_progressed,
    e.ToolEnded: _tool_ended,
    e.VoiceStarted: _voice_started,
    e.VoiceEnded: _voice_ended,
    e.GapMarked: _gap_marked,
}
