"""A call that begins takes the voice for its attachment: the right to play and the right to speak.

It was dialled before it begins, and the voice may have moved meanwhile. So a call comes with a *claim*: the numbers
that the rights had when it was dialled. What another device was given since stays there: who asked for it later has
it. A call that nobody asked for, since its page only calls anew, takes nothing from another device at all.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.keys.errors import KeysError
from hub.node.promise import Room
from hub.store.promise import StoreUnavailable
from legato.session.commands import Refusal
from legato.session.decisions import Decided, conducted
from legato.session.modality_rules import (
    AUDIO,
    MICROPHONE,
    PLAYOUT,
    owner,
    switched,
    with_audio,
    without_audio,
)
from legato.session.state import Attachment, Right, State

log: Final = logging.getLogger("legato.voice")

PRODUCER: Final = "owning"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a call of this attachment may take. `seen`: the numbers of its participant's rights when it was dialled;
    `again`: nobody asked for it; `sounded`: the attachment had sound then."""

    attachment: str
    again: bool = False
    seen: Mapping[str, int] = field(default_factory=dict)
    sounded: bool = False


def claimed(state: State, attachment: str, *, again: bool = False) -> Claim:
    """The claim of a call that is dialled now."""
    known = state.attachments.get(attachment)
    if known is None:
        return Claim(attachment, again)
    names = (PLAYOUT + known.participant, MICROPHONE + known.participant)
    seen = {name: _number(state, name) for name in names}
    return Claim(attachment, again, seen, AUDIO in (*known.takes, *known.gives))


def owned(state: State, attachment: str) -> bool:
    """Whether the attachment has all of its participant's voice."""
    known = state.attachments.get(attachment)
    if known is None:
        return False
    rights = (PLAYOUT + known.participant, MICROPHONE + known.participant)
    return all(owner(state, right) == attachment for right in rights)


def plays(state: State, claim: Claim) -> bool:
    """Whether a call with this claim is played what its participant hears."""
    known = state.attachments.get(claim.attachment)
    return known is not None and _open(state, known, claim, PLAYOUT)


def speaks(state: State, claim: Claim) -> bool:
    """Whether its microphone is its participant's: where it may not play, only if it is already."""
    known = state.attachments.get(claim.attachment)
    if known is None:
        return False
    return AUDIO in known.gives or (plays(state, claim) and _open(state, known, claim, MICROPHONE))


def taken(state: State, claim: Claim) -> Decided | Refusal:
    """What a call with this claim makes of the state. An attachment that does not get the voice is told so, unless
    the log has told it: it had sound as it called."""
    known = state.attachments.get(claim.attachment)
    if known is None or owned(state, claim.attachment):
        return Decided(())
    can_play, can_speak = plays(state, claim), speaks(state, claim)
    if not can_play and claim.sounded:
        return Decided(())
    takes = with_audio(known.takes) if can_play else without_audio(known.takes)
    gives = with_audio(known.gives) if can_speak else without_audio(known.gives)
    made = switched(state, claim.attachment, takes, gives)
    return made if isinstance(made, Refusal) else conducted(made)


class Owning:
    """One session's. `pending` are attachments whose claim is on its way into the log."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.pending: Counter[str] = Counter()

    async def take(self, claim: Claim) -> bool:
        """Bring the claim into the log. False: the attachment does not play."""
        played = False

        def decide(state: State) -> Decided | Refusal:
            nonlocal played
            played = plays(state, claim)
            return taken(state, claim)

        self.pending[claim.attachment] += 1
        try:
            answer = await self._room.settle(PRODUCER, decide)
        except (StoreUnavailable, KeysError) as problem:
            log.warning("a voice was not taken", extra={"kind": type(problem).__name__})
            return False
        finally:
            self.pending -= Counter({claim.attachment: 1})
        return played and not isinstance(answer, Refusal)


def _number(state: State, right: str) -> int:
    return state.rights.get(right, Right(0)).token


def _open(state: State, known: Attachment, claim: Claim, prefix: str) -> bool:
    """Whether no other device of its person has that right, or one from which the claim may take it."""
    elsewhere = any(
        AUDIO in (each.takes if prefix == PLAYOUT else each.gives)
        for each in state.attachments.values()
        if each.participant == known.participant and each.id != known.id
    )
    right = prefix + known.participant
    return not elsewhere or (not claim.again and claim.seen.get(right) == _number(state, right))
