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

from legato.session import alone_fold as alone
from legato.session import away_fold as away
from legato.session import bounds
from legato.session import cost_fold as cost
from legato.session import events as e
from legato.session import people_fold as people
from legato.session import transcript_fold as transcript
from legato.session.actors import WORKER
from legato.session.audience import MOVES, somebody_here
from legato.session.state import (
    Attachment,
    Entry,
    Participant,
    Reopening,
    Right,
    State,
)

E = TypeVar("E", bound=e.Event)
Handler = Callable[[State, Any], None]


def evolve(state: State, event: e.Event | e.Unknown) -> list[Entry]:
    """Fold `event` into `state`. Returns the entries that left the state's window: they belong in the history."""
    finished = state.finished
    if isinstance(event, e.Unknown):
        state.unknown = bounds.newest_unknown([*state.unknown, event.raw])
    else:
        fold_one = _with_audience if type(event) in MOVES else _HANDLERS[type(event)]
        fold_one(state, event)
        if event.control:
            state.control = event.offset
    state.offset, state.time = event.offset, event.time
    return bounds.overflow(state) if state.finished != finished else []


def fold(events: Iterable[e.Event | e.Unknown], onto: State | None = None) -> State:
    """The state after `events`, starting from a copy of `onto` (or from nothing)."""
    state = State() if onto is None else onto.copy()
    for event in events:
        evolve(state, event)
    return state


def _with_audience(state: State, event: e.Event) -> None:
    """An event after which others may attend."""
    here = somebody_here(state)
    _HANDLERS[type(event)](state, event)
    away.audience_moved(state, here, event.offset)
    alone.audience_moved(state, event, here)


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
    lost = Reopening(event.offset, event.previous_epoch, event.lost_from, event.lost_to, event.checks)
    state.reopened = [*state.reopened, lost][-bounds.KEPT_REOPENED :]
    state.rights = {name: replace(right, holder="") for name, right in state.rights.items()}


# --- who is there


def _participant_joined(state: State, event: e.ParticipantJoined) -> None:
    state.participants[event.participant] = Participant(
        event.participant, event.role, event.name, since=event.time
    )


def _participant(state: State, id: str, **changes: Any) -> None:
    if (who := state.participants.get(id)) is not None:
        state.participants[id] = replace(who, **changes)


def _participant_left(state: State, event: e.ParticipantLeft) -> None:
    _participant(
        state,
        event.participant,
        left=True,
        activity="idle",
        text="",
        step=0,
        steps=0,
        eta_ms=0,
        since=event.time,
    )
    for id in [each.id for each in state.attachments.values() if each.participant == event.participant]:
        del state.attachments[id]
    away.push_left(state, event.participant)
    bounds.forget_left(state)


def _attachment_opened(state: State, event: e.AttachmentOpened) -> None:
    state.attachments[event.attachment] = Attachment(
        event.attachment, event.participant, event.device, event.takes, event.gives, reach=event.reach
    )


def _attachment(state: State, id: str, **changes: Any) -> None:
    if (attachment := state.attachments.get(id)) is not None:
        state.attachments[id] = replace(attachment, **changes)


def _attachment_away(state: State, event: e.AttachmentAway) -> None:
    _attachment(state, event.attachment, away_since=event.time, away_at=event.offset)


def _attachment_back(state: State, event: e.AttachmentBack) -> None:
    _attachment(state, event.attachment, away_since=0, away_at=0)


def _attachment_closed(state: State, event: e.AttachmentClosed) -> None:
    state.attachments.pop(event.attachment, None)


def _attention_changed(state: State, event: e.AttentionChanged) -> None:
    _attachment(state, event.attachment, attentive=event.attentive)


def _modality_changed(state: State, event: e.ModalityChanged) -> None:
    _attachment(state, event.attachment, takes=event.takes, gives=event.gives)


def _hold_changed(state: State, event: e.HoldChanged) -> None:
    _attachment(state, event.attachment, holds=event.holds)


def _tools_announced(state: State, event: e.ToolsAnnounced) -> None:
    _attachment(state, event.attachment, tools=event.tools)


def _activity_changed(state: State, event: e.ActivityChanged) -> None:
    if (who := state.participants.get(event.participant)) is None or who.left:
        return
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
    state.rights[event.right] = Right(
        event.token, event.holder, event.worker, event.attachment, event.listens
    )
    _participant(state, event.holder, fault="", fault_since=0, fault_at=0, window_ms=0)
    if event.right == WORKER + state.awaited:
        state.awaited = ""


def _right_released(state: State, event: e.RightReleased) -> None:
    _free(state, event.right, event.token)


def _free(state: State, name: str, token: int) -> None:
    """Nobody has the right. Its last worker is asked first, by whatever node."""
    before = state.rights.get(name, Right(0))
    state.rights[name] = Right(token, last=before.worker or before.last)


def _agent_unreachable(state: State, event: e.AgentUnreachable) -> None:
    _participant(
        state,
        event.participant,
        fault="unreachable",
        fault_since=event.time,
        fault_at=event.offset,
        window_ms=event.window_ms,
    )


def _agent_reachable(state: State, event: e.AgentReachable) -> None:
    _participant(state, event.participant, fault="", fault_since=0, fault_at=0, window_ms=0)


def _agent_crashed(state: State, event: e.AgentCrashed) -> None:
    _participant(
        state,
        event.participant,
        fault="crashed",
        fault_since=event.time,
        fault_at=event.offset,
        window_ms=0,
        activity="idle",
    )
    _free(state, event.right, event.token)


def _agent_awaited(state: State, event: e.AgentAwaited) -> None:
    state.awaited = event.agent


# --- voice


def _voice_started(state: State, event: e.VoiceStarted) -> None:
    _attachment(state, event.attachment, call=event.call, track=event.track)


def _voice_ended(state: State, event: e.VoiceEnded) -> None:
    attachment = state.attachments.get(event.attachment)
    if attachment is not None and attachment.call == event.call:
        _attachment(state, event.attachment, call="")


def _gap_marked(state: State, event: e.GapMarked) -> None:
    state.gaps = [*state.gaps, (event.track, event.start, event.end)][-bounds.KEPT_GAPS :]


def _nothing(state: State, event: e.Event) -> None:
    """A fact for the record that the state does not hold."""


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
    e.AttentionChanged: _attention_changed,
    e.HoldChanged: _hold_changed,
    e.ModalityChanged: _modality_changed,
    e.ActivityChanged: _activity_changed,
    e.RightGranted: _right_granted,
    e.RightReleased: _right_released,
    e.ResponderChanged: people.responder_changed,
    e.AgentUnreachable: _agent_unreachable,
    e.AgentReachable: _agent_reachable,
    e.AgentCrashed: _agent_crashed,
    e.AgentAwaited: _agent_awaited,
    e.TurnStarted: transcript.turn_started,
    e.TurnEnded: transcript.turn_ended,
    e.TurnMarked: _nothing,
    e.ResponseStarted: transcript.response_started,
    e.ResponseProgressed: transcript.response_progressed,
    e.CancelRequested: transcript.cancel_requested,
    e.ResponseEnded: transcript.response_ended,
    e.SteeringRequested: transcript.steering_requested,
    e.SteeringAnswered: transcript.steering_answered,
    e.ResponseSuperseded: transcript.response_superseded,
    e.MessagePosted: transcript.message_posted,
    e.MessageStarted: transcript.message_started,
    e.MessageGrown: transcript.message_grown,
    e.PartAdded: transcript.part_added,
    e.MessageEnded: transcript.message_ended,
    e.SpeechQueued: transcript.speech_queued,
    e.HeardSettled: transcript.heard_settled,
    e.SpeechShown: transcript.speech_shown,
    e.SpeechSkipped: transcript.speech_skipped,
    e.ToolRequested: transcript.tool_requested,
    e.ToolDecided: transcript.tool_decided,
    e.ToolStarted: transcript.tool_started,
    e.ToolsAnnounced: _tools_announced,
    e.ToolProgressed: transcript.tool_progressed,
    e.ToolEnded: transcript.tool_ended,
    e.VoiceStarted: _voice_started,
    e.VoiceEnded: _voice_ended,
    e.GapMarked: _gap_marked,
    e.ClockSighted: _nothing,
    e.StanceChanged: people.stance_changed,
    e.Whispered: people.whispered,
    e.ReplyDrafted: people.reply_drafted,
    e.DraftUsed: people.draft_settled,
    e.DraftDismissed: people.draft_settled,
    e.UsersHeld: people.users_held,
    e.UsersReleased: people.users_released,
    e.HumanRequested: people.human_requested,
    e.HumanRequestTold: people.human_request_told,
    e.HumanRequestWithdrawn: people.human_request_withdrawn,
    e.SessionReserved: people.session_reserved,
    e.ReservationEnded: people.reservation_ended,
    e.PromiseMade: people.promise_made,
    e.PromiseWithdrawn: people.promise_withdrawn,
    e.WrappedUp: people.wrapped_up,
    e.PushSubscribed: away.push_subscribed,
    e.PushUnsubscribed: away.push_unsubscribed,
    e.UsageReported: cost.usage_reported,
    e.BudgetNeared: _nothing,
    e.BudgetExhausted: _nothing,
    e.NotificationAttempted: away.notification_attempted,
}
