"""One attachment's microphone at work: stored, heard, understood, and allowed to interrupt."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from hub.node.promise import Room
from legato.session.events import ClockSighted, Event
from legato.session.ids import HUB
from legato.session.modality_rules import on_hold
from legato.session.routing import Reach, apart, reach
from legato.session.stance_rules import as_routed
from legato.session.vocabulary import Reaches
from legato.session.voice_rules import gap_marked
from legato.speech import Ears
from media.activity import SpeechEnded, SpeechStarted
from media.echo import EchoGuard
from media.frames import Frame, Mark, silenced
from media.listener import Listener, ListenerEvent, ListenerOptions, Transcript, TurnHeard
from media.order import Order
from media.ring import Write
from media.rtc.rtp import AudioPacket
from media.suspicion import Dismissed, Suspected
from media.turns import TurnEnded, TurnStarted
from media.voice.asides import Asides
from media.voice.barge_in import BargeIn, Move
from media.voice.clerk import Clerk
from media.voice.confided import Confided, aside_of, within
from media.voice.echoes import Echoes
from media.voice.keeper import Keeper
from media.voice.microphone import Due
from media.voice.minutes import Ended, Minutes, Written
from media.voice.sightings import Sightings
from media.voice.taps import Taps

_RESENT: Final = int(Mark.RESENT)
_ASIDE: Final = int(Mark.ASIDE)
DOUBT_MS: Final = 600
"""After a page's suspicion: whose microphone falls silent then holds nobody up."""

LOOK_EVERY: Final = 90
"""Milliseconds between two looks at what time alone brings: less than two ticks, of which there are twenty a second."""

SLICE: Final = 10
"""Frames that are heard at once; after a gap there are many, and others wait."""


class Source(Protocol):
    """Where each frame of a microphone belongs (`microphone.Microphone`, `capture.Capture`)."""

    def packet(self, packet: AudioPacket, now: int, mark: int = 0) -> tuple[Frame | None, list[Write]]: ...

    def at(self, media_time: int) -> int: ...

    @property
    def newest(self) -> tuple[int, int] | None: ...

    def expire(self, now: int) -> Due: ...

    def finish(self) -> Due: ...

    def close(self) -> Due: ...

    def stored(self, write: Write) -> None: ...


class Floor(Protocol):
    """Whom an ear tells about the floor and about turns."""

    @property
    def speaking(self) -> bool: ...

    def live(self, attachment: str, participant: str, frame: Frame, level: int | None) -> None: ...

    def moved(self, attachment: str, move: Move) -> None: ...

    def turn_ended(self, ended: Ended) -> None: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What the ears of a session work with. `level`: what the store gives."""

    room: Room
    clerk: Clerk
    keeper: Keeper
    taps: Taps
    ears: Ears | None
    listener: ListenerOptions
    now: Callable[[], int]
    new_id: Callable[[str], str]
    floor: Floor
    level: str
    echoes: Echoes


class Ear:
    """See the module. `run` is its task, owned by the caller."""

    def __init__(self, attachment: str, participant: str, track: str, source: Source, tools: Tools) -> None:
        self.attachment = attachment
        self.participant = participant
        self.track = track
        self.heard_at: int | None = None
        """When the last packet of the call came (monotonic ms); None: none yet."""
        self._tools = tools
        self._source = source
        self._minutes = Minutes(participant, track, source.at, tools.new_id)
        self._sightings = Sightings()
        self._order = Order()
        self._backlog: deque[Frame] = deque()
        self._barge_in = BargeIn()
        self._asides = Asides()
        self._confided = Confided()
        self._doubt_by: int | None = None
        self._listening = True
        self._look_at = 0
        self._most: Reaches = "all"
        guard = EchoGuard(tools.echoes.of(participant))
        self._listener = Listener(self._emit, tools.ears, tools.listener, guard)

    def on_audio(self, packet: AudioPacket, now: int) -> None:
        """A packet of the call, from within its arrival."""
        self.heard_at = now
        frame, writes = self._source.packet(packet, now, self._aside)
        self._took(frame, writes, now, packet.audio_level)

    def tick(self, now: int) -> None:
        """Time passed. Whether to listen is asked every time, the rest each `LOOK_EVERY` unless frames wait."""
        self._listening = self._needed
        if not self._listening:
            self._backlog.clear()
        if now < self._look_at and not self._backlog and not self._order.hole:
            return
        self._look_at = now + LOOK_EVERY
        self._deal_with(self._source.expire(now))
        self._sight(now)
        self._hear(self._order.expire(now), now)
        self._listener.expire(now)
        if self._doubt_by is not None and now >= self._doubt_by:
            self._doubt_by = None
            self._move(self._barge_in.dismissed())

    def suspect(self, now: int) -> None:
        """Its page has fallen silent, for it hears what may be speech."""
        self._doubt_by = now + DOUBT_MS
        self._move(self._barge_in.suspected(None, speaking=self._tools.floor.speaking))

    def call_ended(self) -> None:
        """The call is over; another may go on with the track."""
        self.heard_at = None
        self._deal_with(self._source.finish())

    def abandon(self) -> None:
        """The node lets the session go: what is open ends here."""
        self.call_ended()
        for event in self._minutes.abandon():
            self._write([event], event.turn)

    def close(self) -> None:
        """The microphone goes for good."""
        self._deal_with(self._source.close())
        self.abandon()

    def owns(self, turn: str) -> bool:
        """Whether the turn is being heard here."""
        return self._minutes.knows(turn)

    async def run(self) -> None:
        """Understand until cancelled."""
        await self._listener.run()

    def _took(self, frame: Frame | None, writes: list[Write], now: int, level: int | None = None) -> None:
        if writes:
            self._tools.keeper.keep(self.track, writes, self._source.stored)
        if frame is not None:
            if not frame.mark & _RESENT:
                if on_hold(self._tools.room.state, self.attachment):
                    frame, level = silenced(frame), None
                self._tools.floor.live(self.attachment, self.participant, frame, level)
                if self._listening:
                    self._asides.note(frame.media_time, aside=self._far_aside)
            if self._listening:
                self._hear(self._order.add(frame, now), now)

    def _hear(self, frames: Iterable[Frame], now: int) -> None:
        self._backlog.extend(frames)
        tapped = bool(self._tools.taps) and self._for_all
        for _ in range(min(SLICE, len(self._backlog))):
            frame = self._backlog.popleft()
            aside = self._asides.at(frame.media_time, unknown=self._unknown if frame.mark & _RESENT else 0)
            if self._confided.heard(aside):
                self._part()
            self._listener.push(frame, now)
            if tapped and not aside:
                self._tools.taps.frame(self.participant, self.track, frame)
            self._move(self._barge_in.heard(frame.end, speaking=self._tools.floor.speaking))

    def _part(self) -> None:
        """What is said from here on goes further than what was said before, whose words come later."""
        self._listener.part()
        self._move([*self._barge_in.dismissed(), *self._barge_in.turn_over()])

    @property
    def _needed(self) -> bool:
        """Whether anybody wants to know what is said: else nothing is decoded, which is most of what a call costs.
        A turn that was begun is heard to its end, also when it has silenced the agent that it was listened to for."""
        tools = self._tools
        return tools.ears is not None or bool(tools.taps) or tools.floor.speaking or self._listener.turn_open

    @property
    def _aside(self) -> int:
        """The mark of what is said now."""
        return _ASIDE if apart(self._tools.room.state, self.participant, self._at_most) else 0

    @property
    def _far_aside(self) -> int:
        """How far aside what is said now is said."""
        return aside_of(reach(self._tools.room.state, self.participant, self._at_most))

    @property
    def _unknown(self) -> int:
        """How far aside what this node did not see said may have been: who took a stance may have stood in another."""
        who = self._tools.room.state.participants.get(self.participant)
        return 2 if who is not None and (who.stance != "" or self._at_most != "all") else 0

    @property
    def _for_all(self) -> bool:
        """Whether what is said here is for everybody, and may take the floor."""
        return reach(self._tools.room.state, self.participant, self._at_most) is Reach.ALL

    @property
    def _at_most(self) -> Reaches:
        """How far what is said here may go at most. What is understood when the attachment is gone already was said
        while it was here."""
        if (known := self._tools.room.state.attachments.get(self.attachment)) is not None:
            self._most = known.reach
        return self._most

    def _deal_with(self, due: Due) -> None:
        self._tools.keeper.keep(self.track, due.writes, self._source.stored)
        self._lose(due.gaps)

    def _sight(self, now: int) -> None:
        newest = self._source.newest
        if newest is not None and (seen := self._sightings.see(*newest)) is not None:
            ago = max(0, now - seen.at)
            sighted = ClockSighted(by=HUB, track=self.track, media_time=seen.media_time, ago=ago)
            self._tools.clerk.write([sighted])

    def _lose(self, gaps: Iterable[tuple[int, int]]) -> None:
        for start, end in gaps:
            self._tools.clerk.write(gap_marked(self._tools.room.state, self.track, start, end))

    def _emit(self, event: ListenerEvent) -> None:
        if isinstance(event, SpeechStarted):
            self._barge_in.speech_started(event.at)
        elif isinstance(event, SpeechEnded):
            self._barge_in.speech_ended()
        elif isinstance(event, Suspected):
            self._move(self._barge_in.suspected(event.at, speaking=self._tools.floor.speaking))
        elif isinstance(event, Dismissed):
            self._move(self._barge_in.dismissed())
        understood = self._tools.ears is not None
        written = self._minutes.hear(event, self._tools.now(), understood=understood)
        if isinstance(event, TurnStarted):
            self._confided.begun(written.turn)
        self._tell(written)
        if isinstance(event, TurnEnded):
            self._confided.ended(written.turn)
            if not understood:
                ends = self._minutes.silent_end(event.number, asks=bool(self._tools.taps))
                self._write(ends, written.turn)
        if not self._confided.parted(written.turn):
            self._follow(event, written.turn, understood=understood)
        if isinstance(event, TurnHeard) or (isinstance(event, TurnEnded) and not understood):
            self._confided.understood(written.turn)

    def _follow(self, event: ListenerEvent, turn: str, *, understood: bool) -> None:
        if isinstance(event, Transcript) and event.heard.text:
            if not self._confided.of(turn):
                self._move(self._barge_in.words())
        elif isinstance(event, TurnEnded):
            self._move(self._barge_in.sound_over() if understood else self._barge_in.turn_over())
        elif isinstance(event, TurnHeard):
            self._move(self._barge_in.turn_over())

    def _tell(self, written: Written) -> None:
        aside = self._confided.of(written.turn)
        most = within(self._at_most, aside)
        self._tools.clerk.write(as_routed(self._tools.room.state, self.participant, written.events, most))
        if written.interim is not None and self._for_all and not aside:
            data = {"turn": written.turn, "text": written.interim}
            self._tools.room.signal(HUB, "interim", data)
        if written.ended is not None:
            self._tools.floor.turn_ended(written.ended)

    def _write(self, events: list[Event], turn: str) -> None:
        """What ends a turn without its speaker, who may be gone: as it is, unless it was said aside."""
        if aside := self._confided.of(turn):
            most = within(self._at_most, aside)
            events = as_routed(self._tools.room.state, self.participant, events, most)
        self._tools.clerk.write(events)

    def _move(self, moves: list[Move]) -> None:
        for move in moves:
            if move is not Move.RELEASE and (self._confided.aside or not self._for_all):
                continue
            self._tools.floor.moved(self.attachment, move)
