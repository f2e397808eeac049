"""One wheel for all listeners of a node: everybody gets one frame every 20 ms.

The wheel turns a notch every 5 ms and each listener sits in one of its four notches, the emptiest when it
came, so that the packets of a thousand calls are spread evenly. The beat never stops: a listener for whom
nothing waits gets silence, because the frames are how each side knows that the other lives.

If the loop comes late, the wheel catches up by at most `MAX_CATCH_UP` turns; the rest is skipped. No speech
is lost by that (it waits in its `Playout`), but the listener's media time goes on with the clock, as the
timestamps of RTP must.

What is due may be asked for a portion at a time, so that sound which comes in meanwhile need not wait until hundreds
of listeners have got theirs. A frame is taken from its source only when it leaves.
"""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from media.opus import FRAME, SILENCE
from media.playout import Step

TICK: Final = 5
NOTCHES: Final = 4
MAX_CATCH_UP: Final = 5
"""Turns (of 20 ms) that a late wheel makes up for at once."""


class Source(Protocol):
    """Where a listener's frames come from: `media.playout.Playout`, or what stands before it."""

    def next(self) -> Step | None:
        """The frame that leaves now, or None: silence."""
        ...


class Beat(msgspec.Struct, frozen=True, gc=False):
    """A frame to send to a listener now. `message` is None for silence; the fields from `end` to `joined`
    are those of `Step`; what comes after beats that were skipped is not `joined`.

    `media_time` is that of the listener's outgoing track: samples since it was added, a multiple of 960.
    """

    listener: str
    media_time: int
    payload: bytes = SILENCE
    message: str | None = None
    end: int = 0
    samples: int = 0
    first: bool = False
    last: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Where a listener's outgoing track is. `frames` counts beats sent, `spoken` those that were speech."""

    frames: int
    spoken: int
    skipped: int
    media_time: int


@dataclass(slots=True)
class _Seat:
    listener: str
    source: Source
    frames: int = 0
    spoken: int = 0
    skipped: int = 0
    gone: bool = False
    jumped: bool = False
    """Beats were skipped since the last one: media time does not follow it."""


class Pacer:
    """The wheel. `now` is monotonic milliseconds; call `due` at every `next_deadline`."""

    def __init__(self, now: int) -> None:
        self._tick = now // TICK
        self._notches: tuple[dict[str, _Seat], ...] = tuple({} for _ in range(NOTCHES))
        self._notch_of: dict[str, int] = {}
        self._left: deque[_Seat] = deque()
        """Those in the notch of `_tick` whose frame is still to leave."""

    def __len__(self) -> int:
        return len(self._notch_of)

    def add(self, listener: str, source: Source) -> Beat | None:
        """Begin the beat of a listener; its first frame is returned, or leaves within 20 ms. Adding one twice is an
        error."""
        if listener in self._notch_of:
            raise KeyError(listener)
        # Of the emptiest the one that was turned last, or the next to come: who is alone does not wait.
        notch = min(
            range(NOTCHES), key=lambda each: (len(self._notches[each]), (each - self._tick) % NOTCHES)
        )
        seat = self._notches[notch][listener] = _Seat(listener, source)
        self._notch_of[listener] = notch
        return _beat(seat) if notch == self._tick % NOTCHES else None

    def remove(self, listener: str) -> None:
        """End the beat; a listener that is not there is no error. Its queue is the caller's."""
        notch = self._notch_of.pop(listener, None)
        if notch is not None:
            self._notches[notch].pop(listener).gone = True

    def position(self, listener: str) -> Position:
        """Raises `KeyError` for a listener that is not there."""
        seat = self._notches[self._notch_of[listener]][listener]
        beats = seat.frames + seat.skipped
        return Position(seat.frames, seat.spoken, seat.skipped, beats * FRAME)

    def next_deadline(self) -> int | None:
        """When the next notch with a listener is due; in the past, if a portion of it is left."""
        if self._left:
            return self._tick * TICK
        for tick in range(self._tick + 1, self._tick + NOTCHES + 1):
            if self._notches[tick % NOTCHES]:
                return tick * TICK
        return None

    def due(self, now: int, most: int = sys.maxsize) -> list[Beat]:
        """The frames to send now, in the order in which they were due, or the first `most` of them."""
        tick = now // TICK
        behind = (tick - self._tick) // NOTCHES - MAX_CATCH_UP
        if behind > 0:
            self._skip(behind)
        beats: list[Beat] = []
        while len(beats) < most:
            if self._left:
                seat = self._left.popleft()
                if not seat.gone:
                    beats.append(_beat(seat))
            elif self._tick < tick:
                self._tick += 1
                self._left.extend(self._notches[self._tick % NOTCHES].values())
            else:
                break
        return beats

    def _skip(self, turns: int) -> None:
        self._tick += turns * NOTCHES
        for notch in self._notches:
            for seat in notch.values():
                seat.skipped += turns
                seat.jumped = True


def _beat(seat: _Seat) -> Beat:
    media_time = (seat.frames + seat.skipped) * FRAME
    seat.frames += 1
    jumped, seat.jumped = seat.jumped, False
    step = seat.source.next()
    if step is None:
        return Beat(seat.listener, media_time)
    seat.spoken += 1
    return Beat(
        seat.listener, media_time, step.payload,
        step.message, step.end, step.samples, step.first, step.last, step.joined and not jumped,
    )  # fmt: skip
