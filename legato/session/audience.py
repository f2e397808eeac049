"""Who attends to a session: for whom an answer is worth its price, and who need not be told what ended meanwhile.

| who | attentive while |
|---|---|
| user | a device of theirs shows the session, or is on a call, and has not lost its connection |
| operator, supervisor | they answer, or have barged in |
| agent, observer | never |

A device shows the session until it says otherwise (`change_attention`): a page says it of itself after it was hidden
for a while. Who listens in unheard, whispers or reads along does not attend, and what makes the difference is shown to
users, too, so that everybody who folds the log comes to the same.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from legato.session import events as e
from legato.session.routing import PEOPLE
from legato.session.state import Attachment, Participant, State


class Attendee(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who is there, by text or by `voice`, and whether they attend."""

    participant: str
    role: e.Role
    modality: Literal["text", "voice"] = "text"
    attentive: bool = False


MOVES: Final = frozenset(
    {
        *(e.ParticipantJoined, e.ParticipantLeft),
        *(e.AttachmentOpened, e.AttachmentAway, e.AttachmentBack, e.AttachmentClosed, e.AttentionChanged),
        *(e.VoiceStarted, e.VoiceEnded, e.StanceChanged, e.ResponderChanged),
    }
)
"""Events after which others may attend. Compaction leaves out none of them."""


def attends(state: State, attachment: Attachment) -> bool:
    """Whether somebody attends by it; that its connection was lost a moment ago is left aside."""
    who = state.participants.get(attachment.participant)
    if who is None:
        return False
    if who.role in PEOPLE:
        return state.responder == who.id or who.stance == "barge"
    return who.role == "user" and (attachment.attentive or attachment.call != "")


def attended(state: State) -> bool:
    """Whether anybody attends, or did until their connection was lost a moment ago."""
    return any(attends(state, each) for each in state.attachments.values())


def somebody_here(state: State) -> bool:
    """Whether anybody attends and is connected."""
    return any(not each.away_since and attends(state, each) for each in state.attachments.values())


def attending(state: State) -> frozenset[str]:
    """Who attends and is connected."""
    devices = state.attachments.values()
    return frozenset(each.participant for each in devices if not each.away_since and attends(state, each))


def gone(state: State) -> list[Participant]:
    """Who takes part, is no agent and does not attend; nor did, until their connection was lost a moment ago."""
    there = {each.participant for each in state.attachments.values() if attends(state, each)}
    return [who for who in state.participants.values() if takes_part(who) and who.id not in there]


def takes_part(who: Participant) -> bool:
    """Whether they are somebody who may be told."""
    return who.role != "agent" and not who.left


def audience(state: State) -> tuple[Attendee, ...]:
    """Everybody but agents with a device that is here, in the order of their ids."""
    here: dict[str, list[Attachment]] = {}
    for each in state.attachments.values():
        who = state.participants.get(each.participant)
        if not each.away_since and who is not None and who.role != "agent":
            here.setdefault(who.id, []).append(each)
    return tuple(_attendee(state, id, here[id]) for id in sorted(here))


def _attendee(state: State, id: str, devices: list[Attachment]) -> Attendee:
    sounds = any(each.call or "audio" in (*each.takes, *each.gives) for each in devices)
    attentive = any(attends(state, each) for each in devices)
    return Attendee(id, state.participants[id].role, "voice" if sounds else "text", attentive)
