"""One session's voice on this node: its calls and microphones, and what the log is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from hub.node.promise import Room
from legato.session import events as e
from legato.session import voice_rules
from legato.session.position import Position
from legato.wire.up import Microphone as Opening
from media.rtc.rtp import AudioPacket
from media.voice.answering import Answering
from media.voice.bringing import Bringings
from media.voice.captured import CapturedEar
from media.voice.carrier import Carrier
from media.voice.clerk import Clerk
from media.voice.company import Company
from media.voice.ear import Ear
from media.voice.echoes import Echoes
from media.voice.foreseen import Foreseen
from media.voice.keeper import Keeper
from media.voice.microphones import Microphones, tools_for
from media.voice.moving import Moving
from media.voice.overheard import Overheard
from media.voice.owning import Claim
from media.voice.relay import Relay
from media.voice.rest import Report, Returning, report_of
from media.voice.sound import Sound
from media.voice.streams import Hearer, StreamCarrier
from media.voice.taps import Taps

LINGER: Final = 30_000
"""Milliseconds that a session's voice stays on the node after its last call: turns end, tracks go on."""

SETTLE_S: Final = 1.0
HUNG_UP: Final = "hung up"
"""Why a call is over that its own client ended."""


@dataclass(frozen=True, slots=True)
class _Line:
    call: str
    carrier: Carrier
    track: str


class SessionVoice:
    """See the module. It is a listener of the room (`hub.node.promise.Listener`); `run` is its task."""

    def __init__(self, room: Room, sound: Sound) -> None:
        self._room = room
        self._sound = sound
        self.keeper = Keeper(sound.store, sound.keys, room.key)
        self.clerk = Clerk(room, "voice", self.keeper.given)
        self.taps = Taps()
        echoes = Echoes()
        self.answering = Answering(room, sound, self.clerk, self.keeper, echoes)
        self.bringings = Bringings(room, self.keeper, sound.store.level, self.answering)
        tools = tools_for(room, sound, self.clerk, self.keeper, self.taps, self, echoes)
        self._microphones = Microphones(tools, sound)
        self._ear_of = self._microphones.get
        relay = partial(Relay, sound.store, sound.keys, room.key, sound.new_id("n"))
        self._company = company = Company(
            room, self.answering, self.clerk.write, self._silent_for, self._spawn, relay, sound.now
        )
        self.live, self.moved, self.turn_ended = company.live, company.moved, self.answering.turn_ended
        """What ears tell: see `Floor`."""
        self.claim = company.claim
        """A call's page says later what it may take."""
        self._lines: dict[str, _Line] = {}
        self._moving = Moving(room, sound.now)
        self.signals = Overheard(self.answering, self._moving, self._microphones, sound.now).signals
        """From the room, too."""
        self._tasks: asyncio.TaskGroup | None = None
        self._looking: list[e.Event] | None = None
        self._idle_since = sound.now()

    # --- life

    async def run(self, running: asyncio.Event) -> None:
        """Work until cancelled; `running` is set when calls may come."""
        self._room.listen(self, None)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                for work in (self.clerk.run(), self.keeper.run(), self.answering.run()):
                    tasks.create_task(work)
                running.set()
        finally:
            self._room.stop_listening(self)
            for line in tuple(self._lines.values()):
                line.carrier.close()

    def idle(self, now: int) -> bool:
        """Whether it may go: no call, and no agent listening, for a while."""
        if self._lines or self.taps or self.bringings:
            self._idle_since = now
        return now - self._idle_since >= LINGER

    async def close(self) -> None:
        """The node stops, or the session is idle: settle what is heard and stored."""
        self.answering.close()
        for attachment in tuple(self._lines):
            self.hang_up(attachment, reason="node")
        self._microphones.abandon()
        await self.clerk.settled(SETTLE_S)
        await self.keeper.settled(SETTLE_S)
        await self.archive(whole=True)

    async def archive(self, *, whole: bool = False) -> None:
        """Bring what is stored into the vault."""
        if self._sound.vault is not None:
            await self.keeper.archive(self._sound.store, self._sound.vault, whole=whole)

    def tick(self, now: int) -> None:
        """Time passed: some twenty times a second."""
        self._microphones.tick(now)
        self.answering.tick(now)
        self._company.tick()
        self.bringings.tick()

    # --- calls

    async def ear_for(self, attachment: str, participant: str, capture: str | None = None) -> Ear:
        """The ear for a call of this attachment: see `Microphones.ear`."""
        assert self._tasks is not None
        ear = await self._microphones.ear(attachment, participant, capture, self._tasks)
        if not self.answering.live:
            await self.clerk.settled(SETTLE_S)
        return ear

    async def open_stream(
        self, hearer: Hearer, attachment: str, participant: str, asked: Opening, claim: Claim | None = None
    ) -> CapturedEar:
        """A connection of the attachment brings a capture's frames, and perhaps carries its voice (see `begin`)."""
        await self._microphones.lost(attachment, asked.before)
        ear = await self.ear_for(attachment, participant, asked.capture)
        assert isinstance(ear, CapturedEar)
        ear.open(hearer, asked.stream, asked.since, self._sound.now())
        line = self._lines.get(attachment)
        carries = line is not None and _is_carried(line.carrier, hearer, asked.stream)
        if line is not None and line.track != ear.track:
            self._lines[attachment] = replace(line, track=ear.track)
            state = self._room.state
            self.clerk.write(voice_rules.voice_started(state, attachment, line.call, ear.track, asked.clock))
        if asked.carries and not carries:
            carrier = StreamCarrier(hearer, asked.stream)
            returning = await self.returning(participant, report_of(asked.heard), claim=claim)
            self.begin(ear, self._sound.new_id("c"), carrier, returning, asked.clock, claim=claim)
            self.connected(attachment, carrier)
        elif carries and not asked.carries:
            self.hang_up(attachment, reason="moved")
        return ear

    def hear(self, attachment: str, packet: AudioPacket, now: int) -> None:
        """A packet of the attachment's call: for whichever microphone is its own by now."""
        ear = self._ear_of(attachment)
        if ear is not None:
            ear.on_audio(packet, now)

    def shut_stream(self, ear: CapturedEar, hearer: Hearer, stream: int) -> None:
        """The stream's connection is over."""
        ear.shut(hearer, stream)
        line = self._lines.get(ear.attachment)
        if line is not None and _is_carried(line.carrier, hearer, stream):
            self.ended(ear.attachment, line.carrier, "lost")

    async def returning(
        self, who: str, said: Report | None = None, ahead: Foreseen | None = None, claim: Claim | None = None
    ) -> Returning:
        """What the participant is still to hear; `said`: how far it says that it heard. If it does not say so now, what
        it said last counts; what another device says that gives the voice up counts before all. `claim`: of the call
        that begins now. `ahead`: what was read for it before, and remembers what is read."""
        heard = await self._moving.heard(who, said, claim, ahead=ahead is not None and claim is None)
        return await self.answering.returning(who, heard, ahead)

    def knows(self, attachment: str) -> bool:
        """Whether the attachment is open."""
        return attachment in self._room.state.attachments

    def has_call(self, attachment: str) -> bool:
        """Whether a call of the attachment is here."""
        return attachment in self._lines

    def begin(
        self,
        ear: Ear,
        call: str,
        carrier: Carrier,
        returning: Returning,
        clock: int = 0,
        *,
        ready: bool | None = None,
        claim: Claim | None = None,
    ) -> None:
        """The call was answered: it takes the place of an older one of the attachment, and begins with what was not
        heard. `clock`: media time now. `ready`: whether its sound is warm, as its page says; unsaid, it is if it was
        when the last one ended. `claim`: without one it was dialled now."""
        attachment, state = ear.attachment, self._room.state
        older = self._lines.get(attachment)
        self._lines[attachment] = _Line(call, carrier, ear.track)
        events = self._microphones.left_open(ear) if older is None else []
        if older is not None:
            older.carrier.close()
            ear.call_ended()
            events += voice_rules.voice_ended(state, attachment, older.call, "replaced")
        known = state.attachments.get(attachment)
        listens = known is not None and "audio" in known.takes
        events += voice_rules.voice_started(state, attachment, call, ear.track, clock)
        self.clerk.write(events)
        warm = listens if ready is None else ready
        self._company.begin(attachment, ear.participant, returning, warm=warm, fresh=not listens, claim=claim)
        if (said := self._moving.came(attachment)) is not None:
            self.answering.look(ear.participant, attachment, warm=said)

    def connected(self, attachment: str, carrier: Carrier) -> None:
        """The call is up."""
        line = self._lines.get(attachment)
        if line is not None and line.carrier is carrier:
            self._company.connected(attachment, carrier)

    def ended(self, attachment: str, carrier: Carrier, reason: str) -> None:
        """The call is over."""
        line = self._lines.get(attachment)
        if line is None or line.carrier is not carrier:
            return
        del self._lines[attachment]
        self._company.ended(attachment, on_purpose=reason == HUNG_UP)
        self._microphones[attachment].call_ended()
        self.clerk.write(voice_rules.voice_ended(self._room.state, attachment, line.call, reason))

    def hang_up(self, attachment: str, call: str = "", reason: str = HUNG_UP) -> bool:
        """End the attachment's call (this one, if named); False if there is none."""
        line = self._lines.get(attachment)
        if line is None or call not in ("", line.call):
            return False
        self.ended(attachment, line.carrier, reason)
        line.carrier.close()
        return True

    # --- from the room

    def events(self, encoded: Sequence[bytes], events: Sequence[e.Event], position: Position) -> None:
        self._look(events)

    def snapshot(self, encoded_state: bytes, position: Position, reason: str) -> None:
        self._look(())

    def discontinuity(self, lost_from: int, lost_to: int, encoded_state: bytes, position: Position) -> None:
        self._look(())

    def gone(self, reason: str) -> None:
        self._idle_since = -LINGER
        for attachment in tuple(self._lines):
            asyncio.get_running_loop().call_soon(self.hang_up, attachment)

    # --- from the ears

    @property
    def speaking(self) -> bool:
        """Whether an agent is being heard."""
        return self.answering.speaking

    # --- inside

    def _look(self, events: Sequence[e.Event]) -> None:
        """A room's listener must not call back into it, so what follows is done right after."""
        if self._looking is None:
            self._looking = []
            asyncio.get_running_loop().call_soon(self._looked)
        self._looking += events

    def _looked(self) -> None:
        events, self._looking = self._looking or [], None
        for number, event in enumerate(events, 1):
            if isinstance(event, e.AttachmentClosed):
                self.hang_up(event.attachment, reason=event.reason)
                self._microphones.close(event.attachment)
            elif isinstance(event, e.ModalityChanged):
                self._company.heed(event.attachment, events[number:])
        self._company.look()
        self.answering.follow(events)

    def _silent_for(self, attachment: str) -> int:
        """Milliseconds since the attachment's microphone was heard; 0 if it never was."""
        return 0 if (at := self._microphones[attachment].heard_at) is None else self._sound.now() - at

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._tasks is not None
        self._tasks.create_task(work)


def _is_carried(carrier: Carrier, hearer: Hearer, stream: int) -> bool:
    """Whether the voice is on this very stream."""
    return isinstance(carrier, StreamCarrier) and (carrier.hearer, carrier.number) == (hearer, stream)
