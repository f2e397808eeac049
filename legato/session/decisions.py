"""What is asked becomes facts, or is refused.

`decide(state, actor, command)` is pure and changes nothing: the events it gives are appended, and come back
into the state by folding what the store published. Each rule's theory is in the module named for its noun:
`message_rules`, `steering_rules`, `cost_rules`, `tool_rules`, `stance_rules`, `draft_rules`, `queue_rules`,
`right_rules`, `takeover_rules`, `presence_rules`, `modality_rules`, `voice_rules`; the last five also hold the
functions by which the hub itself decides (somebody joined, a worker crashed, a turn ended).

*Plain* commands are appended unconditionally, and may be decided on a state that foresees the batches still
in flight (`foresee`). What keeps them right is the token: words of an answer use the worker's right and the
responder's, drafts and everything else an agent says only the worker's, and a person's words none. So what a
zombie says is refused by the store, in the same step that would have stored it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from legato.session import (
    away_rules,
    cost_rules,
    draft_rules,
    handover_rules,
    limits,
    message_rules,
    modality_rules,
    presence_rules,
    queue_rules,
    right_rules,
    stance_rules,
    steering_rules,
    takeover_rules,
    tool_rules,
    voice_rules,
)
from legato.session import commands as c
from legato.session import events as e
from legato.session.actors import (
    RESPONDER,
    SERVICE,
    Actor,
    Decided,
    conducted,
    raised,
    responds,
    worker_right,
)
from legato.session.capability import NEEDS, permits
from legato.session.commands import Command, Refusal
from legato.session.fold import evolve
from legato.session.message_rules import Decision
from legato.session.state import Message, State

__all__ = ["SERVICE", "Actor", "Decided", "conducted", "decide", "decide_batch", "foresee", "raised"]


def decide(state: State, actor: Actor, command: Command) -> list[e.Event] | Refusal:
    """The events that `command` makes of `state` (perhaps several, to be appended together), or why not."""
    refusal = _refused(state, actor, command)
    if refusal is not None:
        return refusal
    events = _RULES[type(command)](state, actor, command)
    if isinstance(events, Refusal):
        return events
    return limits.oversize(events) or events


def decide_batch(state: State, actor: Actor, commands: Sequence[Command]) -> Decided | Refusal:
    """What the whole batch makes of `state`; each command sees what the earlier ones made. All or nothing."""
    if not 0 < len(commands) <= limits.BATCH:
        return Refusal("too_large" if commands else "malformed", field="commands", expected=limits.BATCH)
    seen, events = (state.copy() if len(commands) > 1 else state), list[e.Event]()
    rights, raises = dict[str, int](), dict[str, int]()
    conditional = False
    for command in commands:
        made = decide(seen, actor, command)
        if isinstance(made, Refusal):
            return made
        for name, token in rights_used(seen, actor, command).items():
            if name not in raises:
                rights[name] = token
        more = raised(made)
        if raises.keys() & more.keys():
            return Refusal("wrong_order", "a right changes once in a batch", "right")
        raises |= more
        events += made
        conditional = conditional or not command.plain
        if len(commands) > 1:
            _foresee(seen, made)
    if len(events) > limits.EVENTS:
        return Refusal("too_large", field="commands", expected=limits.EVENTS)
    return Decided(tuple(events), conditional, rights, raises)


def foresee(state: State, events: Iterable[e.Event]) -> State:
    """The state as it will be when `events` are stored next (at the last known time)."""
    coming = state.copy()
    _foresee(coming, events)
    return coming


def _foresee(coming: State, events: Iterable[e.Event]) -> None:
    for event in events:
        evolve(coming, replace(event, offset=coming.offset + 1, time=coming.time))


def rights_used(state: State, actor: Actor, command: Command) -> dict[str, int]:
    """The rights that the command's events are written under, with the numbers their tokens have in `state`."""
    used = dict[str, int]()
    if actor.role == "agent" and type(command) in _WORK and (name := worker_right(state, actor.participant)):
        used[name] = state.rights[name].token
    if responds(state, actor.participant) and _answers(state, actor, command):
        used[RESPONDER] = state.rights[RESPONDER].token
    return used


def _answers(state: State, actor: Actor, command: Command) -> bool:
    """Whether it is a part of an answer."""
    if type(command) in _OF_ANSWERS or isinstance(command, c.DismissDraft):
        return True
    if isinstance(command, (c.PostMessage, c.StartMessage)):
        return command.response != "" or actor.role != "agent"
    if isinstance(command, (c.GrowMessage, c.AddPart, c.EndMessage)):
        message = state.entries.get(command.message)
        return isinstance(message, Message) and message.response != ""
    return False


def _refused(state: State, actor: Actor, command: Command) -> Refusal | None:
    if type(command) not in _RULES:
        return Refusal("unknown_command", command.type)
    if state.ended:
        return Refusal("session_ended", state.ended_reason)
    if (refusal := limits.misshapen(command)) is not None:
        return refusal
    if actor.service:
        return None
    if not permits(actor.capabilities, actor.role, command.type):
        return Refusal("not_allowed", f"needs the capability {NEEDS.get(command.type, 'of nobody')}")
    if isinstance(command, c.AcceptSession):
        return None
    who = state.participants.get(actor.participant)
    if who is None:  # whose joining was lost with a tail comes again, and joins anew
        return Refusal("resume_first", "join first")
    if who.left:
        return Refusal("not_allowed", "you left: attach anew to come back")
    if actor.role == "agent" and type(command) in _WORK:
        return _unfit(state, actor, command) or cost_rules.refused(state, command)
    return None


def _unfit(state: State, actor: Actor, command: Command) -> Refusal | None:
    """Why this worker may not speak for its agent."""
    name = worker_right(state, actor.participant)
    if not name:
        return Refusal("stale_token", "accept the session first", "right")
    right = state.rights[name]
    if actor.worker and right.worker != actor.worker:
        return Refusal("stale_token", "another worker has the session", "right", expected=right.token)
    if right.listens and type(command) not in _OF_LISTENERS:
        return Refusal("not_allowed", "it listens, and does not answer")
    return None


def _post_message(state: State, actor: Actor, command: c.PostMessage) -> Decision:
    """A person who answers answers with whatever it posts."""
    if (refusal := stance_rules.out_of_reach_of_all(state, actor)) is not None:
        return refusal
    events = message_rules.post_message(state, actor, command)
    used = draft_rules.used(state, actor, command)
    if isinstance(events, Refusal) or isinstance(used, Refusal):
        return events if isinstance(events, Refusal) else used
    return [*used, *takeover_rules.as_answer(state, actor.participant, events)]


def _written(rule: Callable[[State, Actor, Any], Decision]) -> Callable[[State, Actor, Any], Decision]:
    """The rule of what is written piece by piece: of nobody who writes to nobody."""

    def decided(state: State, actor: Actor, command: Command) -> Decision:
        return stance_rules.out_of_reach_of_all(state, actor) or rule(state, actor, command)

    return decided


def _start_tool(state: State, actor: Actor, command: c.StartTool) -> Decision:
    events = tool_rules.start_tool(state, actor, command)
    return events if isinstance(events, Refusal) else cost_rules.with_tool_counted(state, events)


def _take_over(state: State, actor: Actor, command: c.TakeOver) -> Decision:
    """What was kept for this person in the queue is accepted by it."""
    if (refusal := queue_rules.kept_for_another(state, actor)) is not None:
        return refusal
    events = takeover_rules.take_over(state, actor, command)
    if isinstance(events, Refusal):
        return events
    return [*queue_rules.accepted(state, actor.participant), *events]


_OF_ANSWERS: Final[frozenset[type[Command]]] = frozenset(
    {
        c.RequestTool,
        c.StartTool,
        c.ProgressTool,
        c.EndTool,
        c.StartResponse,
        c.EndResponse,
        c.AnswerSteering,
        c.HandOver,
        c.ProgressResponse,
    }
)
_WORK: Final[frozenset[type[Command]]] = _OF_ANSWERS | {
    c.PostMessage,
    c.StartMessage,
    c.GrowMessage,
    c.AddPart,
    c.EndMessage,
    c.ChangeActivity,
    c.RequestHuman,
    c.ReportUsage,
    c.OfferDraft,
}
_OF_LISTENERS: Final[frozenset[type[Command]]] = frozenset(
    {c.ChangeActivity, c.RequestHuman, c.ReportUsage, c.OfferDraft}
)

_RULES: Final[dict[type[Command], Callable[[State, Actor, Any], Decision]]] = {
    c.PostMessage: _post_message,
    c.StartMessage: _written(message_rules.start_message),
    c.GrowMessage: _written(message_rules.grow_message),
    c.AddPart: _written(message_rules.add_part),
    c.EndMessage: message_rules.end_message,
    c.SettleHeard: message_rules.settle_heard,
    c.StartResponse: message_rules.start_response,
    c.EndResponse: message_rules.end_response,
    c.ProgressResponse: message_rules.progress_response,
    c.CancelResponse: message_rules.cancel_response,
    c.SteerResponse: steering_rules.steer_response,
    c.PauseResponse: steering_rules.pause_response,
    c.ContinueResponse: steering_rules.continue_response,
    c.RegenerateResponse: steering_rules.regenerate_response,
    c.AnswerSteering: steering_rules.answer_steering,
    c.RequestTool: tool_rules.request_tool,
    c.AnnounceTools: tool_rules.announce_tools,
    c.DecideTool: tool_rules.decide_tool,
    c.StartTool: _start_tool,
    c.ReportUsage: cost_rules.report_usage,
    c.ProgressTool: tool_rules.progress_tool,
    c.EndTool: tool_rules.end_tool,
    c.AcceptSession: right_rules.accept_session,
    c.HandOver: handover_rules.hand_over,
    c.ReleaseRight: right_rules.release_right,
    c.TakeOver: _take_over,
    c.HandBack: takeover_rules.hand_back,
    c.ChangeStance: stance_rules.change_stance,
    c.Whisper: stance_rules.whisper,
    c.HoldUsers: stance_rules.hold_users,
    c.ReleaseUsers: stance_rules.release_users,
    c.Transfer: stance_rules.transfer,
    c.OfferDraft: draft_rules.offer_draft,
    c.DismissDraft: draft_rules.dismiss_draft,
    c.RequestHuman: queue_rules.request_human,
    c.WithdrawRequest: queue_rules.withdraw_request,
    c.ReserveSession: queue_rules.reserve_session,
    c.RejectSession: queue_rules.reject_session,
    c.MakePromise: takeover_rules.make_promise,
    c.WithdrawPromise: takeover_rules.withdraw_promise,
    c.WrapUp: queue_rules.wrap_up,
    c.SubscribePush: away_rules.subscribe_push,
    c.UnsubscribePush: away_rules.unsubscribe_push,
    c.ChangeActivity: presence_rules.change_activity,
    c.ChangeAttention: presence_rules.change_attention,
    c.ChangeHold: modality_rules.change_hold,
    c.ChangeModality: modality_rules.change_modality,
    c.LabelSession: presence_rules.label_session,
    c.EndSession: presence_rules.end_session,
    c.Leave: presence_rules.leave,
    c.MarkTurn: voice_rules.mark_turn,
}
