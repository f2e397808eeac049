"""Who hears whom in a session: the matrix, as the folded state says it.

Agents are not in it: what they say is said to everybody who takes audio, by the mouth.
"""

from __future__ import annotations

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


def listens(state: State, attachment: str) -> bool:
    """Whether the attachment is played what there is to hear."""
    known = state.attachments.get(attachment)
    return known is not None and "audio" in known.takes


def speaks(state: State, attachment: str) -> bool:
    """Whether what its microphone hears is heard by anybody."""
    known = state.attachments.get(attachment)
    return known is not None and "audio" in known.gives
