"""Which command turns an attachment to voice, to text, or to listening only."""

from __future__ import annotations

from typing import Final, Literal

from legato.session.commands import ChangeModality
from legato.session.modality_rules import MICROPHONE, PLAYOUT
from legato.session.state import Right, State
from legato.session.vocabulary import Medium
from legato.wire.down import Attached

Modality = Literal["voice", "text", "listening"]

_MEDIA: Final[dict[Modality, tuple[tuple[Medium, ...], tuple[Medium, ...]]]] = {
    "voice": (("text", "audio"), ("text", "audio")),
    "text": (("text",), ("text",)),
    "listening": (("text", "audio"), ("text",)),
}


VOICE_BEAT_MS: Final = 1_000


def beat_of(attached: Attached, state: State) -> int:
    """Milliseconds in which the connection is to be heard of: a second while its attachment has audio, however it was
    attached."""
    known = state.attachments.get(attached.attachment)
    voiced = known is not None and "audio" in (*known.takes, *known.gives)
    return min(attached.beat_ms, VOICE_BEAT_MS) if voiced else attached.beat_ms


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
