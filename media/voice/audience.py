"""Who listens in one session, what each is still to hear, and how much of it each has heard.

*Heard* is what a page reports of what was sent to it; of a listener that reports nothing, what was sent, less what is
on its way. It is settled in the log about each second while speech is played, and once more, `final`, when a message
was played to its end or was cut. So whoever speaks on knows from where, whatever happened to this node.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from legato.session import events as e
from legato.session.ids import HUB
from media.opus import FRAME
from media.pacer import Beat
from media.playout import MessageClosed
from media.voice.coders import Coders
from media.voice.earpiece import COLD as COLD_OUTPUT
from media.voice.earpiece import Earpiece
from media.voice.ledger import Ledger
from media.voice.rest import Report, Returning
from media.voice.wheel import Carrier, Wheel

SETTLE_EVERY: Final = 1_000
SETTLE_AFTER_CUT: Final = 300
"""Milliseconds: how often what is heard is settled, and how long after a cut for good."""

SETTLE_AFTER_END: Final = 1_000
"""Milliseconds after the last frame of a message at which it counts as heard though its listener did not say so."""

COLD: Final = 1_500
"""Milliseconds that speech waits at most for a page to say whether its sound is warm. For one that says that it is not,
and is alone, it waits until it is."""

LEAD_IN: Final = 80
"""Milliseconds that the beat of a listener who is new to voice waits for something to say. Silence that was sent
before makes a browser's jitter buffer hold the first word back by two frames."""

SUSPECT: Final = 300
"""Milliseconds without a packet from a microphone that was there, after which what is sent may not arrive."""

BREATH_S: Final = 0.002
"""Between two pieces of speech that are there: to make them takes as long, and each is heard for 60 ms at least."""

RECENT: Final = 64
"""Pieces of speech that are remembered for somebody who comes while they are given out."""

_FLOOR: Final = "floor"


@dataclass(frozen=True, slots=True)
class Tellers:
    """Whom an audience tells. `write` takes events, `first(message, now)` hears of a message's first frame,
    `playing(attachment, beat, timestamp)` of a frame that does not simply follow the one before (without a message:
    of the first silent one), `spoken(participant, payload, timestamp, now)` of every frame of speech;
    `late(attachment)` says how many ms after it was sent a frame is heard."""

    write: Callable[[Sequence[e.HeardSettled]], None]
    first: Callable[[str, int], None]
    playing: Callable[[str, Beat, int], None]
    spoken: Callable[[str, bytes, int, int], None]
    late: Callable[[str], int]


@dataclass(slots=True)
class _Ending:
    """A message that was sent to its end, or cut, at sample `sent`: settled for good at `due` at the latest."""

    piece: Earpiece
    message: str
    sent: int
    due: int
    cut: bool


class Audience:
    """The listeners of one session. `name(attachment)` gives a name of the wheel's."""

    def __init__(self, wheel: Wheel, coders: Coders, name: Callable[[str], str], tell: Tellers) -> None:
        self._wheel = wheel
        self._coders = coders
        self._name = name
        self._tell = tell
        self._pieces: dict[str, Earpiece] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._endings: list[_Ending] = []
        self._recent: deque[tuple[str, int, Sequence[bytes]]] = deque(maxlen=RECENT)
        self._floor = False
        self._room = asyncio.Event()
        """Set whenever a queue got shorter."""

    def __len__(self) -> int:
        return len(self._pieces)

    @property
    def several(self) -> bool:
        """Whether more than one person listens."""
        return len({piece.participant for piece in self._pieces.values()}) > 1

    def others(self, participant: str) -> bool:
        """Whether somebody else listens."""
        return any(piece.participant != participant for piece in self._pieces.values())

    @property
    def speaking(self) -> bool:
        """Whether somebody hears, or is about to hear, speech; who is on hold does not."""
        return any(piece.playout.speaking and not piece.kept for piece in self._pieces.values())

    # --- who

    def join(
        self,
        attachment: str,
        participant: str,
        now: int,
        returning: Returning,
        *,
        warm: bool,
        fresh: bool = False,
        behind: int = 0,
    ) -> None:
        """An attachment will listen, to what it has not heard first; one that did and says nothing else goes on where
        it was. `warm`: its sound is ready; `fresh`: nothing was played to it before; `behind`: samples that it is to
        make up for, if this node can help it to."""
        piece = self._pieces.get(attachment)
        if piece is None or returning.reported:
            self._wheel.remove(self._name(attachment))
            piece = self._pieces[attachment] = Earpiece(attachment, participant, settle_at=now, fresh=fresh)
            if (coder := self._coders.lend() if behind > 0 else None) is not None:
                piece.hurry(behind, coder)
            _hand_over(piece, returning, self._ledgers, self._recent)
            self._room.set()
        if not warm:
            piece.warm_by = now + COLD
            piece.hold(COLD_OUTPUT)
        if self._floor:
            piece.hold(_FLOOR)

    def connect(self, attachment: str, carrier: Carrier, now: int) -> None:
        """Its call is up: the beat begins, or soon (`LEAD_IN`)."""
        piece = self._pieces.get(attachment)
        if piece is None:
            return
        piece.carrier, piece.begin_by = carrier, now + (LEAD_IN if piece.fresh else 0)
        if not piece.fresh or piece.playout.speaking:
            self._begin_beat(piece)

    def warm(self, participant: str, attachment: str, *, warm: bool) -> bool:
        """This page of the participant (empty: any) says whether it can sound; returns whether what waited goes on."""
        return True in [piece.sounds(warm, COLD_OUTPUT) for piece in self._of(participant, attachment)]

    def keep(self, attachment: str, holds: bool) -> None:
        """Its person has put it on hold: what is said waits for it; or takes it off: it goes on from what it heard."""
        if (piece := self._pieces.get(attachment)) is not None:
            piece.keep(holds)

    def report(self, participant: str, attachment: str, report: Report, *, last: bool = False) -> None:
        """This page of the participant (empty: any) says how far it has played; `last`: it gives its voice up."""
        for piece in [each for each in self._of(participant, attachment) if each.gives_way or not last]:
            piece.reported = report
            for ending in [each for each in self._endings if each.piece is piece and not each.cut]:
                if ending.message != report.message or report.samples > ending.sent - FRAME:
                    self._end(ending)

    def give_way(self, participant: str, attachment: str, now: int) -> None:
        """The participant's voice moves to this attachment: any other one waits for whether it does."""
        for piece in self._of(participant):
            piece.give_way(attachment, now)

    def leave(self, attachment: str, silent_for: int) -> None:
        """Its call is over; nothing had come from it for so many ms."""
        self._wheel.remove(self._name(attachment))
        piece = self._pieces.pop(attachment, None)
        self._room.set()
        if piece is None:
            return
        for ending in [each for each in self._endings if each.piece is piece and not each.cut]:
            self._endings.remove(ending)
            self._settle(piece, ending.message, piece.heard(ending.message, ending.sent, 0) or 0)
        progress, late = piece.source.progress(), silent_for if silent_for > SUSPECT else 0
        if progress is None or progress.message not in self._ledgers:
            return
        if (heard := piece.heard(progress.message, progress.samples, late)) is not None:
            self._settle(piece, progress.message, heard)

    # --- what

    def begin(self, message: str, ledger: Ledger) -> None:
        """A recital of the message begins."""
        self._ledgers[message] = ledger

    async def play(self, message: str, frames: Sequence[bytes], start: int) -> None:
        """Everybody is to hear these frames, which are the message's speech from sample `start` on. Waits while a
        queue is full."""
        self._recent.append((message, start, frames))
        for piece in tuple(self._pieces.values()):
            while piece.playout.room < len(frames) and self._here(piece):
                if piece.kept and len(self._pieces) > 1:
                    # Others do not wait for who is on hold: it reads that, and goes on with what is said next.
                    for message, heard in piece.spill():
                        self._settle(piece, message, heard, final=True)
                    break
                self._room.clear()
                await self._room.wait()
            if self._here(piece):
                _enqueue(piece, message, frames, start)
                if not piece.holds:
                    self._begin_beat(piece)
        # What comes next may be there already, and takes milliseconds to code: others go first, and longer.
        await asyncio.sleep(BREATH_S)

    def finish(self, message: str) -> None:
        """The recital is complete."""
        for piece in self._pieces.values():
            sent = piece.playout.sent(message)
            if piece.playout.finish(message) and sent is not None:
                self._heard_out(piece, message, sent, 0)

    # --- the floor

    def hold(self) -> None:
        """Somebody speaks: pause."""
        self._floor = True
        for piece in self._pieces.values():
            piece.hold(_FLOOR)

    def release(self) -> None:
        """The floor is free: everybody goes on from what they heard last."""
        self._floor = False
        for piece in self._pieces.values():
            piece.resume(_FLOOR)

    def cut(self, now: int, of: Collection[str] | None = None) -> list[str]:
        """Drop all that waits, or what does of these messages; returns those not heard to their end. What was sent
        bounds what was heard, and is told at once; what was heard is settled for good a little later."""
        messages: dict[str, None] = {}
        self._room.set()
        for piece in self._pieces.values():
            for cut in piece.source.cut(of):
                messages[cut.message] = None
                self._settle(piece, cut.message, cut.samples)
                due = now + SETTLE_AFTER_CUT
                self._endings.append(_Ending(piece, cut.message, cut.samples, due, cut=True))
        return list(messages)

    def waiting(self) -> list[str]:
        """The messages that somebody has not heard to their end, each listener's in order."""
        return [message for piece in self._pieces.values() for message in piece.source.messages]

    def tick(self, now: int) -> None:
        """Time passed."""
        for piece in self._pieces.values():
            if now >= piece.begin_by:
                self._begin_beat(piece)
            piece.expire(now, alone=not self.several)
            if now >= piece.settle_at:
                self._settle_front(piece, now)
        for ending in [each for each in self._endings if each.due <= now]:
            self._end(ending)

    def settle_all(self, now: int) -> None:
        """The node stops: write down what was heard so far."""
        for piece in self._pieces.values():
            self._settle_front(piece, now)

    def forget(self, messages: Iterable[str]) -> None:
        """These are over for everybody; their ledgers may go."""
        for message in messages:
            self._ledgers.pop(message, None)

    # --- inside

    def _begin_beat(self, piece: Earpiece) -> None:
        """If it is not yet begun."""
        carrier, piece.carrier = piece.carrier, None
        if carrier is not None:
            piece.fresh = False
            self._wheel.add(self._name(piece.attachment), piece.source, carrier, _Teller(self, piece))

    def sent(self, piece: Earpiece, beat: Beat, timestamp: int | None, now: int) -> None:
        """A frame of a message left for this listener, or the first silent one after."""
        if timestamp is not None and not beat.joined:
            self._tell.playing(piece.attachment, beat, timestamp)
        if beat.message is None:
            return
        if timestamp is not None:
            self._tell.spoken(piece.participant, beat.payload, timestamp, now)
        self._room.set()
        if beat.first:
            piece.settle_at = now + SETTLE_EVERY
            self._tell.first(beat.message, now)
        if beat.last:
            self._heard_out(piece, beat.message, beat.end, now)

    def _of(self, participant: str, attachment: str = "") -> list[Earpiece]:
        known = [piece for piece in self._pieces.values() if piece.participant == participant]
        return [piece for piece in known if attachment in ("", piece.attachment)]

    def _here(self, piece: Earpiece) -> bool:
        return self._pieces.get(piece.attachment) is piece

    def _heard_out(self, piece: Earpiece, message: str, end: int, now: int) -> None:
        """All of the message was sent."""
        self._endings.append(ending := _Ending(piece, message, end, now + SETTLE_AFTER_END, cut=False))
        if piece.reported is None:
            self._end(ending)

    def _end(self, ending: _Ending) -> None:
        """Settle it for good."""
        self._endings.remove(ending)
        piece, heard = ending.piece, ending.sent
        if ending.cut:
            heard = piece.heard(ending.message, ending.sent, self._tell.late(piece.attachment)) or 0
        self._settle(piece, ending.message, heard, final=True)

    def _settle_front(self, piece: Earpiece, now: int) -> None:
        progress = piece.source.progress()
        if progress is None or progress.message not in self._ledgers:
            return
        heard = piece.heard(progress.message, progress.samples, self._tell.late(piece.attachment))
        if heard and piece.floor != Report(progress.message, heard):
            piece.settle_at, piece.floor = now + SETTLE_EVERY, Report(progress.message, heard)
            self._settle(piece, progress.message, heard)

    def _settle(self, piece: Earpiece, message: str, samples: int, *, final: bool = False) -> None:
        self._tell.write([_settled(piece, message, samples, self._ledgers.get(message), final=final)])


def _settled(
    piece: Earpiece, message: str, samples: int, ledger: Ledger | None, *, final: bool
) -> e.HeardSettled:
    return e.HeardSettled(
        by=HUB,
        message=message,
        participant=piece.participant,
        characters=ledger.heard(samples) if ledger is not None else 0,
        samples=samples,
        final=final,
    )


def _hand_over(
    piece: Earpiece,
    returning: Returning,
    ledgers: dict[str, Ledger],
    recent: Iterable[tuple[str, int, Sequence[bytes]]],
) -> None:
    """Give the piece what is at rest for it, and what was given out since that was read."""
    ends: dict[str, int] = {}
    for rest in returning.rests:
        ledgers.setdefault(rest.message, rest.ledger())
        _enqueue(piece, rest.message, rest.frames, rest.start)
        ends[rest.message] = rest.end
        piece.floor = piece.floor or Report(rest.message, rest.start)
    # Who reports is taken at its word from the first frame on: what is sent to a page that cannot sound is not heard.
    piece.reported = piece.floor if returning.reported else None
    for message, start, frames in recent:
        if message in ends and start >= ends[message]:
            _enqueue(piece, message, frames, start)


def _enqueue(piece: Earpiece, message: str, frames: Sequence[bytes], start: int) -> None:
    if frames and piece.floor is not None and piece.floor.message == message:
        # What an agent brings may have been heard before the log told of it: who goes on after a kill brings it again.
        heard = max(0, piece.floor.samples - start) // FRAME
        frames, start = frames[heard:], start + min(heard, len(frames)) * FRAME
        if not frames:
            return
    try:
        piece.playout.enqueue(message, frames, start)
    except MessageClosed:
        return


@dataclass(slots=True)
class _Teller:
    audience: Audience
    piece: Earpiece

    def __call__(self, beat: Beat, timestamp: int | None, now: int) -> None:
        self.audience.sent(self.piece, beat, timestamp, now)
