"""Who hears whom in a session: the matrix, as the folded state says it.

Agents are not in it: what they say is said to everybody who takes audio, by the mouth.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from legato.session.state import State

HEARD: Final = frozenset({"user", "operator", "supervisor"})
"""Roles whose microphones others hear."""


def hears(state: State, listener: str, speaker: str) -> bool:
    """Whether participant `listener` hears participant `speaker`. Nobody hears themselves, on whatever device."""
    if listener == speaker:
        return False
    heard, hearing = state.participants.get(speaker), state.participants.get(listener)
    here = heard is not None and hearing is not None and not heard.left and not hearing.left
    return here and heard is not None and heard.role in HEARD


def several(state: State) -> bool:
    """Whether more than one person is played what there is to hear, on whatever node."""
    return len({known.participant for known in state.attachments.values() if "audio" in known.takes}) > 1


def listens(state: State, attachment: str) -> bool:
    """Whether the attachment is played what there is to hear."""
    known = state.attachments.get(attachment)
    return known is not None and "audio" in known.takes


def talkers(state: State, here: Container[str]) -> frozenset[str]:
    """Whoever has audio at an attachment without a call `here`: it may have one on another node."""
    return frozenset(
        known.participant
        for attachment, known in state.attachments.items()
        if attachment not in here and ("audio" in known.takes or "audio" in known.gives)
    )


def speaks(state: State, attachment: str) -> bool:
    """Whether what its microphone hears is heard by anybody."""
    known = state.attachments.get(attachment)
    return known is not None and "audio" in known.gives
