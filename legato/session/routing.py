"""Who hears and sees whom: one matrix over the folded state.

A person who does not answer takes a *stance*. Whoever answers is heard by all, whatever stance they took before: so
who hands back is again where they were.

| who speaks | users hear | who answers hears | others who listen in hear | an agent is told |
|---|---|---|---|---|
| user | yes | yes | yes | yes |
| user, held | no | no | no | no |
| `monitor` | no | no | no | no |
| `whisper` | no | yes | no | as a whisper |
| `barge`, or no stance | yes | yes | yes | yes |
| who answers | yes | yes | yes | as an answer |

A stance is its participant's, on all their devices; what one of these gives goes no further than the ticket lets it
that the device came with (`reach` of an attachment), and so does not make the others go less far.

Held users hear nobody. Nobody hears themselves, and nobody hears observers. What an agent says is not in it: it is
said to everybody who takes audio.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from legato.session.state import State
from legato.session.vocabulary import Reaches

PEOPLE: Final = frozenset({"operator", "supervisor"})
"""Who may answer instead of an agent."""


class Reach(Enum):
    """How far what a participant says goes."""

    ALL = "all"
    RESPONDER = "responder"
    NOBODY = "nobody"


def at_most(state: State, attachment: str) -> Reaches:
    """How far what is given by this device may go at most; one that is not known is not bounded."""
    known = state.attachments.get(attachment)
    return "all" if known is None else known.reach


def reach(state: State, participant: str, most: Reaches = "all") -> Reach:
    """How far what the participant says goes, in voice or in text, on a device that reaches so far at `most`."""
    who = state.participants.get(participant)
    if who is None or who.left:
        return Reach.NOBODY
    if who.role == "user":
        return Reach.NOBODY if state.held else Reach.ALL
    if who.role not in PEOPLE or most == "nobody":
        return Reach.NOBODY
    if state.responder == participant or who.stance in ("", "barge"):
        return Reach(most)
    return Reach.RESPONDER if who.stance == "whisper" else Reach.NOBODY


def apart(state: State, participant: str, most: Reaches = "all") -> bool:
    """Whether what the participant says is not for everybody's ears: said in a stance, or on a device that reaches so
    far at `most`, in which users do not hear it."""
    who = state.participants.get(participant)
    return who is not None and who.role in PEOPLE and reach(state, participant, most) is not Reach.ALL


def hears(state: State, listener: str, speaker: str, most: Reaches = "all") -> bool:
    """Whether participant `listener` hears, on whatever device, what participant `speaker` says on one that reaches so
    far at `most`."""
    hearing = state.participants.get(listener)
    if listener == speaker or hearing is None or hearing.left:
        return False
    if state.held and hearing.role == "user":
        return False
    far = reach(state, speaker, most)
    return far is Reach.ALL or (far is Reach.RESPONDER and listener == state.responder)


def waits(state: State, participant: str) -> bool:
    """Whether the participant is held: it hears a tone where there would be silence."""
    who = state.participants.get(participant)
    return state.held != "" and who is not None and who.role == "user"
