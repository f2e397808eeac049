"""What agents bring of their own sound to this node, and how much of it they are told is kept.

A message outlives its agent's connection. Whoever says `speak` for it again goes on from what ring and log have, and
what comes by an older connection is nobody's from then on. Where the message ends, so does its sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from hub.node.promise import Room
from legato.session.state import Message
from legato.wire import down
from legato.wire.audio import Audio
from legato.wire.up import Speak
from media.codecs import RATES, BadPcm
from media.playout import MAX_QUEUED
from media.voice.intake import LEAD, Hole, Intake
from media.voice.keeper import Keeper
from media.voice.recital import Recital
from media.voice.streams import Hearer

UNKNOWN: Final = 200
"""Looks (some twenty a second) at a message that the room has not heard of, before it is given up."""


class Bringing:
    """One message's sound on this node."""

    def __init__(self, message: str, rate: int, recital: Recital, level: str) -> None:
        assert recital.brought is not None
        self.message = message
        self.recital = recital
        self.unknown = 0
        self._brought = recital.brought
        self._intake = Intake(rate, self._brought.known)
        self._level = level
        self._owner: Hearer | None = None
        self._stream = 0
        self._told = -1

    @property
    def behind(self) -> bool:
        """Whether another node has taken more of it."""
        return self._brought.known > self._intake.next

    def open(self, owner: Hearer, stream: int) -> None:
        """It comes by this connection from now on, and by no other."""
        self._owner, self._stream, self._told = owner, stream, -1
        self._intake.reopen()
        self.tell()

    def shut(self, owner: Hearer) -> None:
        """The connection is over: another one may go on."""
        if self._owner is owner:
            self._owner = None

    def add(self, owner: Hearer, audio: Audio) -> None:
        """A piece of it."""
        if self._owner is not owner or self.recital.closed:
            return
        try:
            if self._brought.waiting > MAX_QUEUED:
                raise Hole
            start, frames = self._intake.add(audio)
        except (Hole, BadPcm):
            self.refuse()
            return
        self._put(start, frames)

    def end(self, owner: Hearer | None = None) -> None:
        """That was all; says its connection, or the log (None)."""
        if owner not in (None, self._owner) or self.recital.closed:
            return
        self._put(*self._intake.close())
        self.recital.closed = True
        self.recital.news.set()

    def tell(self) -> None:
        """Say how much of it is kept, if that is news."""
        known, all_of_it = self._brought.known, self.recital.closed and self.recital.over
        until = min(self._intake.taken, max(0, known - LEAD))
        if all_of_it and known >= self._intake.next:
            until = self._intake.taken
        if until > self._told and self._owner is not None:
            self._told = until
            self._owner.tell(_taken(self._stream, self.message, until, self._level))

    def refuse(self) -> None:
        """Nothing of it is taken any more."""
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.tell(_taken(self._stream, self.message, max(0, self._told), self._level, over=True))

    def _put(self, start: int, frames: tuple[bytes, ...]) -> None:
        if frames:
            self._brought.put(start, frames)
            self.recital.news.set()


class Speech(Protocol):
    """What is said in the session."""

    def bring(self, message: str, author: str) -> Recital:
        """The recital of a message whose sound comes here: a new one, or the one there is."""

    def silence(self, messages: Sequence[str]) -> None:
        """No more of these."""


class Bringings:
    """All of one session's on this node. `level` is the store's."""

    def __init__(self, room: Room, keeper: Keeper, level: str, speech: Speech) -> None:
        self._room = room
        self._keeper = keeper
        self._level = level
        self._speech = speech
        self._all: dict[str, Bringing] = {}

    def __len__(self) -> int:
        return len(self._all)

    def open(self, owner: Hearer, author: str, asked: Speak) -> Bringing | None:
        """`author` brings sound of its message by this connection. None: it cannot, and was told so."""
        usable = asked.format == "opus" or asked.rate in RATES
        if not usable or not self._may(author, asked.message):
            owner.tell(_taken(asked.stream, asked.message, 0, self._level, over=True))
            return None
        found = self._all.get(asked.message)
        if found is None or not found.recital.over:
            recital = self._speech.bring(asked.message, author)
            if found is None or found.behind or found.recital is not recital:
                rate = asked.rate if asked.format == "pcm" else 0
                found = self._all[asked.message] = Bringing(asked.message, rate, recital, self._level)
        found.open(owner, asked.stream)
        return found

    def tick(self) -> None:
        """Time passed: say what is kept by now, and let go what has ended."""
        for bringing in tuple(self._all.values()):
            if self._keeper.idle:
                bringing.tell()
            if self._ended(bringing):
                if not bringing.recital.over:
                    bringing.refuse()
                del self._all[bringing.message]

    def _may(self, author: str, message: str) -> bool:
        """Whether the message is open (or not heard of yet), the author's, and of no answer that was stopped."""
        entry = self._entry(message)
        if entry is None:
            return True
        response = self._room.state.responses.get(entry.response)
        stopped = response is not None and response.cancel_requested
        return entry.status == "open" and entry.by == author and not stopped

    def _ended(self, bringing: Bringing) -> bool:
        """Whether its message is over, for its agent or for those who listen."""
        entry = self._entry(bringing.message)
        bringing.unknown = 0 if entry is not None else bringing.unknown + 1
        if entry is not None and entry.status == "finished":
            bringing.end()
        elif (entry is not None and entry.status != "open") or bringing.unknown > UNKNOWN:
            if not bringing.recital.stopped:
                self._speech.silence([bringing.message])
            return True
        else:
            return bringing.recital.stopped
        return bringing.recital.stopped or (bringing.recital.over and self._keeper.idle)

    def _entry(self, message: str) -> Message | None:
        entry = self._room.state.entries.get(message)
        return entry if isinstance(entry, Message) else None


def _taken(stream: int, message: str, until: int, level: str, *, over: bool = False) -> down.SoundTaken:
    return down.SoundTaken(stream=stream, message=message, until=until, level=level, over=over)
