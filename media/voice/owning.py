"""A call that begins takes the voice for its attachment: the right to play and the right to speak."""

from __future__ import annotations

import logging
from typing import Final

from hub.keys.errors import KeysError
from hub.node.promise import Room
from hub.store.promise import StoreUnavailable
from legato.session.commands import Refusal
from legato.session.decisions import Decided, conducted
from legato.session.modality_rules import MICROPHONE, PLAYOUT, owner, switched, with_audio
from legato.session.state import State

log: Final = logging.getLogger("legato.voice")

PRODUCER: Final = "owning"


def owned(state: State, attachment: str) -> bool:
    """Whether the attachment has all of its participant's voice."""
    known = state.attachments.get(attachment)
    if known is None:
        return False
    rights = (PLAYOUT + known.participant, MICROPHONE + known.participant)
    return all(owner(state, right) == attachment for right in rights)


class Owning:
    """One session's. `pending` are attachments whose claim is on its way into the log."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.pending: set[str] = set()

    async def take(self, attachment: str) -> bool:
        """Bring the claim of this attachment into the log. False: it was refused."""
        self.pending.add(attachment)
        try:
            answer = await self._room.settle(PRODUCER, lambda state: _taken(state, attachment))
        except (StoreUnavailable, KeysError) as problem:
            log.warning("a voice was not taken", extra={"kind": type(problem).__name__})
            return False
        finally:
            self.pending.discard(attachment)
        return not isinstance(answer, Refusal)


def _taken(state: State, attachment: str) -> Decided | Refusal:
    known = state.attachments.get(attachment)
    if known is None or owned(state, attachment):
        return Decided(())
    made = switched(state, attachment, with_audio(known.takes), with_audio(known.gives))
    return made if isinstance(made, Refusal) else conducted(made)
