"""Where in a track does this packet belong?

RTP numbers packets and stamps them, but both start at random, wrap (16 and 32 bits), and start anew with
every call; packets come late, twice, or never (RFC 3550, sections 5.1 and A.1). A `Timeline` maps them to the
media time of the track: samples at 48 kHz from the track's first frame, through any number of calls.

Its promise: taken frames never overlap; `tiles` covers any stretch without a seam, each piece either sound
or a named hole; a late frame fills its hole if it comes within the memory of the machine (two minutes, as
long as a ring is hot).

A *leg* is one run of packets whose timestamps share an origin: an SSRC of a call, until that source jumps.
A jump that cannot be true (further than the clock allows, or backwards beyond memory) is believed only when
the next packet agrees with it, as RFC 3550 does with sequence numbers; then a new leg begins.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import Final

from media.opus import FRAME, RATE

MEMORY: Final = 120 * RATE
"""Samples behind the newest in which a late frame still finds its place."""

JUMP: Final = 5 * RATE
"""Samples by which timestamps may run ahead of the clock before they are doubted."""

MAX_LEGS: Final = 4
MAX_SPANS: Final = 4096

PER_MS: Final = RATE // 1000


class Refused(Enum):
    """Why a packet has no place."""

    DUPLICATE = "duplicate"
    """Its stretch, or a part of it, is taken already."""
    STALE = "stale"
    """It lies behind the memory, or before the leg's beginning."""
    DOUBTED = "doubted"
    """Its timestamp jumps further than can be true; the next packet will tell."""


class Why(Enum):
    """Why nothing is known of a stretch."""

    LOST = "lost"
    """Packets of it were sent (their sequence numbers are missing)."""
    SILENT = "silent"
    """None was sent: the sender paused (discontinuous transmission, mute)."""
    ABSENT = "absent"
    """No call was there, or frames came without numbers."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch covered by frames, `end` exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of which nothing is known, `end` exclusive."""

    start: int
    end: int
    why: Why = Why.ABSENT


@dataclass(slots=True)
class _Span:
    start: int
    end: int
    leg: int  # 0: frames that carried their media time
    first: int  # extended sequence number of its first and last frame
    last: int


@dataclass(slots=True)
class _Leg:
    number: int
    origin: int  # media time of extended timestamp 0
    timestamp: int  # the newest extended timestamp, and its sequence number
    sequence: int
    at: int  # now, when the newest came
    doubt: tuple[int, int] | None = None  # what the next packet must carry to make a jump true


class Timeline:
    """The places of one track's frames. Pure: `now` is monotonic milliseconds of the caller."""

    def __init__(self, start: int = 0) -> None:
        """`start`: media time at which the track begins or goes on (frames before it are stale)."""
        self._floor = start
        self._tail = start
        self._spans: list[_Span] = []
        self._legs: OrderedDict[int, _Leg] = OrderedDict()
        self._numbers = 0
        self._tail_at: int | None = None

    @property
    def tail(self) -> int:
        """Media time just after the newest frame."""
        return self._tail

    def place(self, ssrc: int, sequence: int, timestamp: int, samples: int, now: int) -> int | Refused:
        """The media time of a packet of `samples` length, or why it has none."""
        leg = self._legs.get(ssrc)
        if leg is None:
            leg = self._begin(ssrc, sequence, timestamp, now)
        elif (start := self._next(leg, sequence, timestamp, samples, now)) is not None:
            return start
        ahead = _signed(timestamp - leg.timestamp, 32)
        step = _signed(sequence - leg.sequence, 16)
        if not _plausible(step, ahead, now - leg.at):
            if leg.doubt != (sequence, timestamp):
                leg.doubt = ((sequence + 1) & 0xFFFF, (timestamp + samples) & 0xFFFFFFFF)
                return Refused.DOUBTED
            leg = self._begin(ssrc, sequence, timestamp, now)
            ahead = step = 0
        extended, number = leg.timestamp + ahead, leg.sequence + step
        start = leg.origin + extended
        refused = self._take(_Span(start, start + samples, leg.number, number, number), now)
        if refused is not None:
            return refused
        leg.doubt = None
        if ahead >= 0:
            leg.timestamp, leg.sequence, leg.at = extended, number, now
        return start

    def take(self, media_time: int, samples: int, now: int) -> int | Refused:
        """Place a frame that carries its own media time (sent again, or stamped by its sender)."""
        refused = self._take(_Span(media_time, media_time + samples, 0, 0, 0), now)
        return media_time if refused is None else refused

    def tiles(self, start: int, end: int) -> list[Sound | Hole]:
        """The stretch as adjoining pieces, from `start` to `end` exactly. Beyond memory all is a hole."""
        pieces: list[Sound | Hole] = []
        at = start
        before: _Span | None = None
        for span in self._spans:
            if span.end <= at:
                before = span
                continue
            if span.start >= end:
                _extend(pieces, Hole(at, end, _why(before, span)))
                return pieces
            if span.start > at:
                _extend(pieces, Hole(at, span.start, _why(before, span)))
                at = span.start
            _extend(pieces, Sound(at, min(span.end, end)))
            at, before = min(span.end, end), span
            if at == end:
                return pieces
        if at < end:
            _extend(pieces, Hole(at, end))
        return pieces

    def holes(self, start: int, end: int) -> list[Hole]:
        """The holes of the stretch, in order."""
        return [piece for piece in self.tiles(start, end) if isinstance(piece, Hole)]

    def _begin(self, ssrc: int, sequence: int, timestamp: int, now: int) -> _Leg:
        """A new leg goes on after the tail, later by the time in which no frame came (in whole frames)."""
        self._numbers += 1
        idle = 0 if self._tail_at is None else max(0, (now - self._tail_at) * PER_MS - FRAME)
        anchor = self._tail + idle // FRAME * FRAME
        leg = _Leg(self._numbers, anchor - timestamp, timestamp, sequence, now)
        self._legs[ssrc] = leg
        self._legs.move_to_end(ssrc)
        if len(self._legs) > MAX_LEGS:
            self._legs.popitem(last=False)
        return leg

    def _next(self, leg: _Leg, sequence: int, timestamp: int, samples: int, now: int) -> int | None:
        """Take the packet that follows the newest one of its leg, just where that ended, as nearly all do."""
        ahead = timestamp - (leg.timestamp & 0xFFFFFFFF)
        if sequence - (leg.sequence & 0xFFFF) != 1 or not 0 < ahead <= JUMP or not self._spans:
            return None
        newest, extended = self._spans[-1], leg.timestamp + ahead
        start = leg.origin + extended
        if newest.end != start or newest.leg != leg.number:
            return None
        leg.doubt = None
        leg.timestamp, leg.sequence, leg.at = extended, leg.sequence + 1, now
        self._tail = newest.end = start + samples
        newest.last, self._tail_at = leg.sequence, now
        if self._tail - MEMORY > self._floor:
            self._floor = self._tail - MEMORY
        if len(self._spans) > 1:
            self._forget()
        return start

    def _take(self, span: _Span, now: int) -> Refused | None:
        if span.start < self._floor:
            return Refused.STALE
        spans = self._spans
        index = bisect_right(spans, span.start, key=lambda each: each.start)
        if index and spans[index - 1].end > span.start:
            return Refused.DUPLICATE
        if index < len(spans) and spans[index].start < span.end:
            return Refused.DUPLICATE
        spans.insert(index, span)
        self._join(index)
        if span.end > self._tail:
            self._tail, self._tail_at = span.end, now
            self._forget()
        return None

    def _join(self, index: int) -> None:
        """Merge the span at `index` with neighbours that it continues without a seam."""
        spans = self._spans
        for left in (index, index - 1):
            if 0 <= left < len(spans) - 1 and _adjoin(spans[left], spans[left + 1]):
                spans[left].end, spans[left].last = spans[left + 1].end, spans[left + 1].last
                del spans[left + 1]

    def _forget(self) -> None:
        floor, spans = self._tail - MEMORY, self._spans
        if floor > self._floor:
            self._floor = floor
        while len(spans) > MAX_SPANS or (len(spans) > 1 and spans[0].end <= self._floor):
            self._floor = max(self._floor, spans.pop(0).end)


def _signed(difference: int, bits: int) -> int:
    """The smallest step between two wrapping numbers."""
    half = 1 << (bits - 1)
    return ((difference + half) & ((1 << bits) - 1)) - half


def _plausible(step: int, ahead: int, elapsed: int) -> bool:
    """Whether sequence and timestamp moved the same way, and no further than the clock allows."""
    if step == 0 or ahead == 0:
        return step == ahead
    return (step > 0) == (ahead > 0) and -MEMORY <= ahead <= max(0, elapsed) * PER_MS + JUMP


def _adjoin(left: _Span, right: _Span) -> bool:
    return left.end == right.start and left.leg == right.leg


def _why(before: _Span | None, after: _Span) -> Why:
    if before is None or before.leg != after.leg or after.leg == 0:
        return Why.ABSENT
    return Why.SILENT if before.last + 1 == after.first else Why.LOST


def _extend(pieces: list[Sound | Hole], piece: Sound | Hole) -> None:
    """Append, joining sound to sound (a seam between two legs is no seam to a listener)."""
    last = pieces[-1] if pieces else None
    if isinstance(last, Sound) and isinstance(piece, Sound):
        pieces[-1] = Sound(last.start, piece.end)
    else:
        pieces.append(piece)
