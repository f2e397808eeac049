"""Who is there: what the hub appends when people and devices come, fall silent and go.

Each function says what must be appended to a state, which may be nothing: asked again, it changes nothing
twice. Attachments beat in the memory of their node; the log hears only of `away` and `back`.
"""

from __future__ import annotations

from typing import Literal

from legato.session import commands as c
from legato.session import events as e
from legato.session import limits, modality_rules, takeover_rules
from legato.session.actors import RESPONDER, Actor
from legato.session.commands import Refusal
from legato.session.cost_rules import kept_from
from legato.session.ids import HUB
from legato.session.message_rules import Decision, entry_ends, response_ends
from legato.session.right_rules import left_open, released
from legato.session.routing import PEOPLE
from legato.session.state import Attachment, State


def session_created(by: str, labels: dict[str, str], title: str = "") -> list[e.Event]:
    """The first event of every log."""
    return [e.SessionCreated(by=by, labels=labels, title=title)]


def joined(state: State, participant: str, role: e.Role, name: str = "") -> Decision:
    """The participant takes part from here on; nothing if it does already under that role and name."""
    who = state.participants.get(participant)
    if who is not None and not who.left and who.role == role and name in ("", who.name):
        return []
    if (who is None or who.left) and state.present() >= limits.PARTICIPANTS:
        return Refusal("too_large", "too many participants")
    return [e.ParticipantJoined(by=participant, participant=participant, role=role, name=name)]


def attached(
    state: State,
    participant: str,
    attachment: str,
    now: int,
    device: str = "",
    takes: tuple[e.Medium, ...] = ("text",),
    gives: tuple[e.Medium, ...] = ("text",),
    reach: e.Reaches = "all",
) -> Decision:
    """A device or tab attaches: opened, or back if it is known; `now` is session time. `reach`: how far what it gives
    may go at most."""
    known = state.attachments.get(attachment)
    if known is None or known.participant != participant:
        mine = sum(each.participant == participant for each in state.attachments.values())
        if known is not None:
            return Refusal("not_allowed", "somebody else's attachment", "attachment")
        if mine >= limits.ATTACHMENTS_EACH or len(state.attachments) >= limits.ATTACHMENTS:
            return Refusal("too_large", "too many attachments", "attachment")
        coming = Attachment(attachment, participant, device, takes, gives)
        grants, takes, gives = modality_rules.opened(state, coming)
        opening = e.AttachmentOpened(
            by=participant,
            participant=participant,
            attachment=attachment,
            device=device,
            takes=takes,
            gives=gives,
            reach=reach,
        )
        return [opening, *grants]
    events = resumed(state, attachment, now)
    if (known.takes, known.gives) != (takes, gives):
        changed = modality_rules.switched(state, attachment, takes, gives, participant)
        return changed if isinstance(changed, Refusal) else [*events, *changed]
    return events


def connection_lost(state: State, attachment: str, reason: str = "") -> list[e.Event]:
    """Its last connection ended or fell silent: it is away from here on (by the time of the append)."""
    known = state.attachments.get(attachment)
    if known is None or known.away_since:
        return []
    return [e.AttachmentAway(by=HUB, attachment=attachment, reason=reason)]


def resumed(state: State, attachment: str, now: int) -> list[e.Event]:
    """It is here again; `now` is session time."""
    known = state.attachments.get(attachment)
    if known is None or not known.away_since:
        return []
    return [
        e.AttachmentBack(by=known.participant, attachment=attachment, gap_ms=max(0, now - known.away_since))
    ]


def closed(
    state: State,
    attachment: str,
    reason: Literal["detached", "grace_over", "left", "revoked"] = "detached",
) -> list[e.Event]:
    """It is gone for good; its participant still takes part."""
    known = state.attachments.get(attachment)
    if known is None:
        return []
    closing = e.AttachmentClosed(by=HUB, attachment=attachment, reason=reason)
    others = any(
        each.participant == known.participant and each.id != attachment for each in state.attachments.values()
    )
    gone = (
        []
        if others or not _person(state, known.participant)
        else takeover_rules.passed_on(state, HUB, known.participant, "gone")
    )
    return [closing, *modality_rules.let_go(state, attachment), *gone]


def grace_over(state: State, attachment: str) -> list[e.Event]:
    """It did not come back in time; nothing if it did."""
    known = state.attachments.get(attachment)
    return closed(state, attachment, "grace_over") if known is not None and known.away_since else []


def left(state: State, participant: str, by: str, reason: str = "") -> list[e.Event]:
    """The participant ends its part: attachments close, what it has open ends, its rights go back."""
    who = state.participants.get(participant)
    if who is None or who.left:
        return []
    attachments = sorted(each.id for each in state.attachments.values() if each.participant == participant)
    handed = takeover_rules.passed_on(state, by, participant, "left") if _person(state, participant) else []
    rights = sorted(name for name, right in state.rights.items() if right.holder == participant)
    rights = [name for name in rights if not (handed and name == RESPONDER)]
    return [
        *(e.AttachmentClosed(by=by, attachment=id, reason="left") for id in attachments),
        *(handed or left_open(state, by, participant, "interrupted", "left")),
        *_silenced(state, by, participant),
        *released(state, by, rights, "released"),
        e.ParticipantLeft(by=by, participant=participant, reason=reason),
    ]


def session_ended(state: State, by: str = HUB, reason: str = "") -> list[e.Event]:
    """The end of the session and of everything open in it."""
    if state.ended:
        return []
    events: list[e.Event] = []
    tops = sorted(each.id for each in state.responses.values() if each.parent not in state.responses)
    for id in tops:
        events += response_ends(state, by, id, "interrupted", "session ended")
    inside = {id for event in events if (id := getattr(event, "message", "") or getattr(event, "call", ""))}
    events += [
        entry_ends(by, entry, "interrupted", "session ended")
        for entry in state.open_entries()
        if entry.id not in inside
    ]
    rights = [*sorted(state.rights.keys() - {RESPONDER}), RESPONDER]
    return [*events, *released(state, by, rights, "ended"), e.SessionEnded(by=by, reason=reason)]


def log_reopened(previous_epoch: str, lost_from: int, lost_to: int, checks: str = "") -> list[e.Event]:
    """The first event of a new epoch: these offsets of the previous one are gone. Rights are void."""
    return [
        e.LogReopened(
            by=HUB, previous_epoch=previous_epoch, lost_from=lost_from, lost_to=lost_to, checks=checks
        )
    ]


# --- what participants ask for themselves


def change_activity(state: State, actor: Actor, command: c.ChangeActivity) -> Decision:
    if len(command.text) > limits.TEXTS["status"]:
        return Refusal("too_large", field="text")
    return [
        e.ActivityChanged(
            by=actor.participant,
            participant=actor.participant,
            activity=command.activity,
            text=command.text,
            step=command.step,
            steps=command.steps,
            eta_ms=command.eta_ms,
        )
    ]


def change_attention(state: State, actor: Actor, command: c.ChangeAttention) -> Decision:
    """Of a user's attachment: who else attends follows from what they do."""
    known = state.attachments.get(actor.attachment)
    if known is None or known.participant != actor.participant:
        return Refusal("resume_first", "this attachment is not here", "attachment")
    if actor.role != "user":
        return Refusal("not_allowed", "only users are asked whether they attend", "attentive")
    if known.attentive == command.attentive:
        return Refusal("already_exists", "so it is", "attentive")
    return [e.AttentionChanged(by=actor.participant, attachment=known.id, attentive=command.attentive)]


def label_session(state: State, actor: Actor, command: c.LabelSession) -> Decision:
    if (refusal := limits.misshapen_labels(command.labels)) is not None:
        return refusal
    if (refusal := kept_from(actor, command.labels)) is not None:
        return refusal
    after = {**state.labels, **command.labels}
    if sum(value != "" for value in after.values()) > limits.LABELS:
        return Refusal("too_large", "too many labels", "labels")
    return [e.SessionLabelled(by=actor.participant, labels=command.labels)]


def end_session(state: State, actor: Actor, command: c.EndSession) -> Decision:
    return session_ended(state, actor.participant, command.reason)


def leave(state: State, actor: Actor, command: c.Leave) -> Decision:
    return left(state, actor.participant, actor.participant, command.reason)


def _person(state: State, participant: str) -> bool:
    who = state.participants.get(participant)
    return who is not None and who.role in PEOPLE


def _silenced(state: State, by: str, participant: str) -> list[e.Event]:
    speaking = (turn for turn in state.turns.values() if turn.status == "speaking")
    return [
        e.TurnEnded(by=by, turn=turn.id, incomplete=True)
        for turn in sorted(speaking, key=lambda turn: (turn.at, turn.id))
        if turn.participant == participant
    ]
