"""Which command turns an attachment to voice, to text, or to listening only."""

from __future__ import annotations

from typing import Final, Literal

from legato.session.commands import ChangeModality
from legato.session.modality_rules import MICROPHONE, PLAYOUT
from legato.session.state import Right, State
from legato.session.vocabulary import Medium

Modality = Literal["voice", "text", "listening"]

_MEDIA: Final[dict[Modality, tuple[tuple[Medium, ...], tuple[Medium, ...]]]] = {
    "voice": (("text", "audio"), ("text", "audio")),
    "text": (("text",), ("text",)),
    "listening": (("text", "audio"), ("text",)),
}


def hurried(state: State, attachment: str, *, unsettled: bool) -> bool:
    """Whether a dead connection would be missed at once: in voice, while an answer comes, and while the log does not
    have all that was said (`unsettled`)."""
    return unsettled or midst_of(state, attachment) != ""


def midst_of(state: State, attachment: str) -> Literal["", "voice", "streaming"]:
    """What the attachment is in the midst of, for its next connection's `was`."""
    known = state.attachments.get(attachment)
    if known is not None and "audio" in (*known.takes, *known.gives):
        return "voice"
    return "streaming" if state.responses else ""


def switching(state: State, participant: str, modality: Modality) -> ChangeModality:
    """The command, with the numbers of the rights that `state` shows: who is slower than another device is refused."""
    takes, gives = _MEDIA[modality]
    playout = state.rights.get(PLAYOUT + participant, Right(0)).token
    microphone = state.rights.get(MICROPHONE + participant, Right(0)).token
    return ChangeModality(takes=takes, gives=gives, playout=playout, microphone=microphone)
