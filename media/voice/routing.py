"""Which attachments of a session are played sound and give it, as the folded state says it. Who hears whom is in
`legato.session.routing`."""

from __future__ import annotations

from collections.abc import Container

from legato.session.state import State


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
    return known is not None and "audio" in known.gives and not known.holds
