"""The calls of one session on this node, as its log has them: which of them hear, and which are heard.

A call may stand while its attachment takes no audio, gives none, or neither: then nothing is said into it, and what
its microphone hears goes to nobody. A call that begins takes the voice of its participant (`media.voice.owning`), and
hears from its first frame on: it does not wait for the log to say so.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from hub.node.promise import Room
from legato.session.events import Event
from legato.session.modality_rules import PLAYOUT, on_hold, owner
from legato.session.routing import at_most, hears, waits
from legato.session.voice_rules import speech_shown
from media.frames import Frame
from media.voice.answering import Answering
from media.voice.barge_in import Move
from media.voice.carrier import Carrier
from media.voice.gathering import Gathering
from media.voice.owning import Claim, Owning, claimed, owned, plays
from media.voice.pauses import Pauses
from media.voice.relay import Floor, Hear, Relay
from media.voice.rest import Returning
from media.voice.routing import listens, speaks, talkers
from media.voice.script import Written, written


@dataclass(slots=True)
class _Member:
    attachment: str
    participant: str
    carrier: Carrier | None = None
    """Once its call is up."""
    hears: bool = True
    holds: bool = False
    """Its person has put it on hold: its call stands, and is silent both ways."""


class Company:
    """See the module. `silent_for(attachment)`: milliseconds since its microphone was heard; `spawn` runs a task
    as long as the session's voice lives."""

    def __init__(
        self,
        room: Room,
        answering: Answering,
        write: Callable[[Sequence[Event]], None],
        silent_for: Callable[[str], int],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        relay: Callable[[Hear, Floor], Relay],
        now: Callable[[], int],
    ) -> None:
        self._room = room
        self._relay = relay(self._relayed, self._floor)
        self._now = now
        self._pauses = Pauses()
        self._relays = False
        self._apart: frozenset[str] = frozenset()
        """Who may talk and listen on another node."""
        self._answering = answering
        self._write = write
        self._silent_for = silent_for
        self._spawn = spawn
        self._owning = Owning(room)
        self._gathering = Gathering(
            lambda listener, speaker, by: hears(room.state, listener, speaker, at_most(room.state, by)),
            lambda listener: waits(room.state, listener),
        )
        self._members: dict[str, _Member] = {}

    def begin(
        self,
        attachment: str,
        participant: str,
        returning: Returning,
        *,
        warm: bool,
        fresh: bool = False,
        claim: Claim | None = None,
    ) -> None:
        """A call of the attachment was answered; it begins with what was not heard. `warm`: its page can sound
        already. `fresh`: it is new to voice. `claim`: without one it was dialled just now."""
        claim = claim or claimed(self._room.state, attachment)
        older = self._members.get(attachment)
        member = self._members[attachment] = _Member(attachment, participant)
        member.holds = on_hold(self._room.state, attachment)
        self._gathering.hush(attachment, member.holds)
        member.hears = plays(self._room.state, claim)
        if member.hears:
            self._answering.join(attachment, participant, returning, warm=warm, fresh=fresh)
        elif older is not None and older.hears:
            self._deafen(older)
        self.claim(claim)

    def claim(self, claim: Claim) -> None:
        """Its call, if there is one, takes what it may of the voice."""
        if claim.attachment in self._members and not owned(self._room.state, claim.attachment):
            self._spawn(self._take(claim))

    def connected(self, attachment: str, carrier: Carrier) -> None:
        """The call is up."""
        member = self._members[attachment]
        member.carrier = carrier
        if member.hears:
            self._listen(member, carrier)

    def ended(self, attachment: str, *, on_purpose: bool) -> None:
        """The call is over; who hung up `on_purpose` reads on."""
        member = self._members.pop(attachment)
        self._gathering.silence(attachment)
        self._gathering.hush(attachment, False)
        self._relay.tell(attachment, member.participant, None)
        if member.hears and on_purpose:
            self._to_text(member)
        elif member.hears:
            self._deafen(member)

    def heed(self, attachment: str, later: Sequence[Event] = ()) -> None:
        """The log says something about the modality of this attachment; the state has also what came `later`."""
        member = self._members.get(attachment)
        if member is None or attachment in self._owning.pending:
            return
        if not speaks(self._room.state, attachment):
            self._gathering.silence(attachment)
        before, member.hears = member.hears, listens(self._room.state, attachment)
        if before and not member.hears:
            self._to_text(member)
        elif member.hears and not before:
            self._spawn(self._hear_on(member, written(self._room.state, later)))

    def live(self, attachment: str, participant: str, frame: Frame, level: int | None) -> None:
        """A frame of a microphone as it came: to everybody who hears it."""
        apart = len(self._apart) > (participant in self._apart)
        # Who is alone in the session's voice is heard by nobody.
        if (apart or len(self._members) > 1) and speaks(self._room.state, attachment):
            talks = self._gathering.frame(attachment, participant, frame, level, asked=apart)
            if apart:
                self._relay.tell(attachment, participant, frame if talks else None)

    def moved(self, attachment: str, move: Move) -> None:
        """A microphone holds, takes or frees the floor: on every node where the agent is heard."""
        self._answering.moved(attachment, move)
        self._pauses.moved(attachment, move)
        self._tell_floor()

    def tick(self) -> None:
        """Time passed."""
        self._tell_floor()
        for node in self._pauses.expire(self._now()):
            self._answering.moved(node, Move.RELEASE)

    def look(self) -> None:
        """The state changed."""
        state = self._room.state
        self._gathering.look()
        for member in self._members.values():
            self._hold(member, on_hold(state, member.attachment))
        self._apart = talkers(state, self._members)
        for gone in self._gathering.speakers - state.attachments.keys():
            self._gathering.silence(gone)
        if self._apart and not self._relays:
            self._relays = True
            self._spawn(self._relay.run())

    def _hold(self, member: _Member, holds: bool) -> None:
        """What is said waits for who is on hold, and goes on from the same word."""
        if holds == member.holds:
            return
        member.holds = holds
        self._gathering.hush(member.attachment, holds)
        self._answering.keep(member.attachment, holds)
        if holds:
            self._gathering.silence(member.attachment)

    def _relayed(self, attachment: str, participant: str, frame: Frame | None) -> None:
        """From another node. Where the log says that the microphone is nobody's, it is quiet."""
        if attachment not in self._members:
            given = frame if speaks(self._room.state, attachment) else None
            self._gathering.relayed(attachment, participant, given)

    def _floor(self, node: str, held: bool) -> None:
        """Somebody at another node holds the floor, or nobody does any more."""
        if (move := self._pauses.heard(node, held, self._now())) is not None:
            self._answering.moved(node, move)

    def _tell_floor(self) -> None:
        held = self._pauses.due(self._now())
        if held is not None and self._apart:
            self._relay.tell_floor(held)

    async def _take(self, claim: Claim) -> None:
        took = await self._owning.take(claim)
        if not took or listens(self._room.state, claim.attachment):
            self.heed(claim.attachment)

    async def _hear_on(self, member: _Member, turned: Written) -> None:
        """The attachment takes audio again: it goes on with what was not heard, and what came since it `turned`."""
        returning = await self._answering.returning(member.participant)
        if member.hears and self._members.get(member.attachment) is member:
            self._answering.join(member.attachment, member.participant, returning, warm=True, turned=turned)
            if member.carrier is not None:
                self._listen(member, member.carrier)

    def _listen(self, member: _Member, carrier: Carrier) -> None:
        blend = self._gathering.join(member.attachment, member.participant, carrier)
        self._answering.connect(member.attachment, blend)

    def _to_text(self, member: _Member) -> None:
        """What was heard is settled, and what was not is read; or another device of its person plays it on."""
        saying, state = self._answering.saying, self._room.state
        self._deafen(member)
        if owner(state, PLAYOUT + member.participant) in ("", member.attachment):
            self._write(speech_shown(state, member.participant, saying))

    def _deafen(self, member: _Member) -> None:
        self._gathering.leave(member.attachment)
        self._pauses.moved(member.attachment, Move.RELEASE)
        self._answering.leave(member.attachment, self._silent_for(member.attachment))
