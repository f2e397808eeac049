"""Who listens in one session, what each is still to hear, and how much of it each has heard.

*Heard* is the hub's bound: frames that were sent, less what was sent into a call that had fallen silent. It is
settled in the log about each second while speech is played, and once more, `final`, when a message was played
to its end or was cut. So whoever speaks on knows from where, whatever happened to this node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from legato.session import events as e
from legato.session.ids import HUB
from media.opus import FRAME
from media.pacer import Beat
from media.playout import MessageClosed, Playout
from media.timeline import PER_MS
from media.voice.ledger import Ledger
from media.voice.wheel import Carrier, Wheel

SETTLE_EVERY: Final = 1_000
SETTLE_AFTER_CUT: Final = 300
"""Milliseconds: how often what is heard is settled, and how long after a cut for good."""

COLD: Final = 1_500
"""Milliseconds that speech waits at most for a page to say that its sound is warm."""

SUSPECT: Final = 300
"""Milliseconds without a packet from a microphone that was there, after which what is sent may not arrive."""

_FLOOR: Final = "floor"
_COLD: Final = "cold"


@dataclass(slots=True)
class Earpiece:
    """One attachment that listens."""

    attachment: str
    participant: str
    playout: Playout = field(default_factory=Playout)
    holds: set[str] = field(default_factory=set)
    warm_by: int = 0
    sent: dict[str, int] = field(default_factory=dict)
    """Samples of a message's recital that were sent, or were before this listener came."""
    settled: tuple[str, int] = ("", 0)
    settle_at: int = 0

    def hold(self, why: str) -> None:
        self.holds.add(why)
        self.playout.pause()

    def release(self, why: str) -> None:
        self.holds.discard(why)
        if not self.holds:
            self.playout.go_on()


class Audience:
    """The listeners of one session. `write` takes events, `first(message, now)` is told when a message is
    first sent, `name(attachment)` gives a name of the wheel's."""

    def __init__(
        self,
        wheel: Wheel,
        name: Callable[[str], str],
        write: Callable[[Sequence[e.Event]], None],
        first: Callable[[str, int], None],
    ) -> None:
        self._wheel = wheel
        self._name = name
        self._write = write
        self._first = first
        self._pieces: dict[str, Earpiece] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._cuts: list[tuple[int, e.HeardSettled]] = []
        self._floor = False
        self._room = asyncio.Event()
        """Set whenever a queue got shorter."""

    def __len__(self) -> int:
        return len(self._pieces)

    @property
    def speaking(self) -> bool:
        """Whether somebody hears, or is about to hear, speech."""
        return any(piece.playout.speaking for piece in self._pieces.values())

    # --- who

    def join(self, attachment: str, participant: str, now: int, *, warm: bool) -> None:
        """An attachment will listen; one that did goes on where it was. `warm`: its sound is ready."""
        piece = self._pieces.setdefault(attachment, Earpiece(attachment, participant, settle_at=now))
        if not warm:
            piece.warm_by = now + COLD
            piece.hold(_COLD)
        if self._floor:
            piece.hold(_FLOOR)

    def connect(self, attachment: str, carrier: Carrier) -> None:
        """Its call is up: the beat begins."""
        piece = self._pieces.get(attachment)
        if piece is not None:
            told = _Teller(self, piece)
            self._wheel.add(self._name(attachment), piece.playout, carrier, told)

    def warm(self, participant: str) -> None:
        """The participant's page says that its sound is ready."""
        for piece in self._pieces.values():
            if piece.participant == participant:
                piece.release(_COLD)

    def leave(self, attachment: str, silent_for: int) -> None:
        """Its call is over; nothing had come from it for so many ms."""
        self._wheel.remove(self._name(attachment))
        piece = self._pieces.pop(attachment, None)
        self._room.set()
        if piece is None:
            return
        progress = piece.playout.progress()
        if progress is not None and progress.message in self._ledgers:
            unheard = silent_for * PER_MS if silent_for > SUSPECT else 0
            samples = max(0, piece.sent.get(progress.message, 0) - unheard)
            self._write([self._settled(piece, progress.message, samples, final=False)])

    # --- what

    def begin(self, message: str, ledger: Ledger) -> None:
        """A recital of the message begins."""
        self._ledgers[message] = ledger

    async def play(self, message: str, frames: Sequence[bytes], start: int) -> None:
        """Everybody is to hear these frames of a recital, `start` samples after its beginning. Waits while a
        queue is full."""
        for piece in tuple(self._pieces.values()):
            while piece.playout.room < len(frames) and self._pieces.get(piece.attachment) is piece:
                self._room.clear()
                await self._room.wait()
            piece.sent.setdefault(message, start)
            try:
                piece.playout.enqueue(message, frames)
            except MessageClosed:
                continue

    def finish(self, message: str) -> None:
        """The recital is complete."""
        for piece in self._pieces.values():
            if piece.playout.finish(message) and message in piece.sent:
                self._heard_out(piece, message)

    # --- the floor

    def hold(self) -> None:
        """Somebody speaks: pause."""
        self._floor = True
        for piece in self._pieces.values():
            piece.hold(_FLOOR)

    def release(self) -> None:
        """The floor is free."""
        self._floor = False
        for piece in self._pieces.values():
            piece.release(_FLOOR)

    def cut(self, now: int) -> list[str]:
        """Drop all that waits; returns the messages that are not heard to their end. What was heard of them is
        told at once, and settled for good a little later."""
        messages: dict[str, None] = {}
        self._room.set()
        for piece in self._pieces.values():
            for cut in piece.playout.cut():
                messages[cut.message] = None
                samples = piece.sent.pop(cut.message, 0)
                self._write([self._settled(piece, cut.message, samples, final=False)])
                final = self._settled(piece, cut.message, samples, final=True)
                self._cuts.append((now + SETTLE_AFTER_CUT, final))
        return list(messages)

    def waiting(self) -> list[str]:
        """The messages that are in front of somebody's queue."""
        fronts = (piece.playout.progress() for piece in self._pieces.values())
        return [front.message for front in fronts if front is not None]

    def tick(self, now: int) -> None:
        """Time passed."""
        for piece in self._pieces.values():
            if _COLD in piece.holds and now >= piece.warm_by:
                piece.release(_COLD)
            if now >= piece.settle_at:
                self._settle(piece, now)
        due = [event for at, event in self._cuts if at <= now]
        if due:
            self._cuts = [each for each in self._cuts if each[0] > now]
            self._write(due)

    def settle_all(self, now: int) -> None:
        """The node stops: write down what was heard so far."""
        for piece in self._pieces.values():
            self._settle(piece, now)

    # --- inside

    def sent(self, piece: Earpiece, beat: Beat, now: int) -> None:
        """A frame of a message left for this listener."""
        message = beat.message or ""
        piece.sent[message] = piece.sent.get(message, 0) + FRAME
        self._room.set()
        if beat.first:
            piece.settle_at = now + SETTLE_EVERY
            self._first(message, now)
        if beat.last:
            self._heard_out(piece, message)

    def _heard_out(self, piece: Earpiece, message: str) -> None:
        samples = piece.sent.pop(message, 0)
        self._write([self._settled(piece, message, samples, final=True)])

    def _settle(self, piece: Earpiece, now: int) -> None:
        progress = piece.playout.progress()
        if progress is None or progress.message not in self._ledgers:
            return
        samples = piece.sent.get(progress.message, 0)
        if samples and piece.settled != (progress.message, samples):
            piece.settled, piece.settle_at = (progress.message, samples), now + SETTLE_EVERY
            self._write([self._settled(piece, progress.message, samples, final=False)])

    def _settled(self, piece: Earpiece, message: str, samples: int, *, final: bool) -> e.HeardSettled:
        ledger = self._ledgers.get(message)
        return e.HeardSettled(
            by=HUB,
            message=message,
            participant=piece.participant,
            characters=ledger.heard(samples) if ledger is not None else 0,
            samples=samples,
            final=final,
        )

    def forget(self, messages: Iterable[str]) -> None:
        """These are over for everybody; their ledgers may go."""
        for message in messages:
            self._ledgers.pop(message, None)


@dataclass(slots=True)
class _Teller:
    audience: Audience
    piece: Earpiece

    def __call__(self, beat: Beat, now: int) -> None:
        self.audience.sent(self.piece, beat, now)
