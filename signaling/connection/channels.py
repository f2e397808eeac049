"""Sessions on a worker's connection: each has a line as if it had come by a connection of its own.

What goes down is gathered and leaves once in a pass of the loop, `ROOM` at a time (and what one line had ready). While
the connection does not take more, each line keeps to its own bounds, and those that have something wait in the
order in which they asked: who says much waits behind all who waited. When the connection ends, so do they.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from legato.wire.carried import BINARY, ENDS, OPENS, TEXT, Piece, carried, encode_piece
from signaling.connection import close_codes
from signaling.connection.allowance import Allowance

if TYPE_CHECKING:
    from signaling.connection.line import Line, Wire

ROOM: Final = 64 * 1024
"""Bytes that are gathered from which on lines wait."""

BEAT_MS: Final = 30_000
"""On a channel; the connection that carries it beats for all of them, and much more often."""

MOST: Final = 10_000
OPENED_A_SECOND: Final = 1_000
OPENED_AT_ONCE: Final = 4_000


class Mistake(NamedTuple):
    """Why the worker's connection is to be closed, as in `Line.close`."""

    code: int
    reason: str
    retry_after_ms: int


class Passes(Protocol):
    """The clock, and what is done at the end of a pass of the loop (`signaling.hall.Hall`)."""

    @property
    def now(self) -> Callable[[], int]:
        """Monotonic ms."""

    @property
    def last(self) -> Callable[[Callable[[], None]], object]:
        """Do it then."""


class ChannelWire:
    """The `Wire` of one channel's line."""

    carries = False
    beat_ms = BEAT_MS
    __slots__ = ("_channels", "_number")

    def __init__(self, channels: Channels, number: int) -> None:
        self._channels = channels
        self._number = number

    @property
    def writable(self) -> bool:
        return self._channels.writable(self._number)

    def send(self, envelopes: Sequence[bytes]) -> None:
        for envelope in envelopes:
            self._channels.put(encode_piece(self._number, TEXT, envelope))

    def send_audio(self, envelope: bytes) -> None:
        self._channels.put(encode_piece(self._number, BINARY, envelope))

    def close(self, code: int, reason: str) -> None:
        self._channels.close(self._number)


class Channels:
    """See the module. `wire` is the worker's, `open_line` makes a line for a wire."""

    def __init__(self, wire: Wire, open_line: Callable[[Wire], Line], passes: Passes) -> None:
        self._wire = wire
        self._open_line = open_line
        self._passes = passes
        self._lines: dict[int, Line] = {}
        self._waiting: dict[int, None] = {}
        """Lines that asked in vain whether they may write, the first one first."""
        self._out: list[bytes] = []
        self._size = 0
        self._openings = Allowance(OPENED_A_SECOND, OPENED_AT_ONCE, passes.now())

    def __len__(self) -> int:
        return len(self._lines)

    # --- up

    def received(self, pieces: Sequence[Piece]) -> Mistake | None:
        """The worker said this. What comes on a channel that is over was on its way when it ended."""
        for number, what, envelope in pieces:
            line = self._lines.get(number)
            if what == OPENS:
                if line is not None:
                    return Mistake(close_codes.MALFORMED, "malformed", -1)
                if len(self._lines) >= MOST or self._openings.take(self._passes.now()):
                    return Mistake(close_codes.TOO_FAST, "too_fast", 1000)
                line = self._lines[number] = self._open_line(ChannelWire(self, number))
                line.received(envelope)
            elif line is None:
                continue
            elif what == TEXT:
                line.received(envelope)
            elif what == BINARY:
                line.received_audio(envelope)
            elif what == ENDS:
                self._forget(number)
                line.ended("closed")
        return None

    def end(self) -> None:
        """The worker's connection is over."""
        lines, self._lines = self._lines, {}
        self._out.clear()
        for line in lines.values():
            line.ended("lost")

    # --- down

    def writable(self, number: int) -> bool:
        """Whether the channel may say more now. If not its line is flushed when it may."""
        if self._wire.writable and self._size < ROOM:
            return True
        self._waiting[number] = None
        return False

    def put(self, piece: bytes) -> None:
        """Send it at the end of this pass."""
        if not self._out:
            self._passes.last(self._write)
        self._out.append(piece)
        self._size += len(piece)

    def close(self, number: int) -> None:
        """The hub has said its last word on it."""
        if number in self._lines:
            self._forget(number)
            self.put(encode_piece(number, ENDS))

    def flush(self) -> None:
        """The connection may take more: those that waited go on, in their order."""
        while self._waiting and self._wire.writable and self._size < ROOM:
            number = next(iter(self._waiting))
            del self._waiting[number]
            if (line := self._lines.get(number)) is not None:
                line.flush()

    def _write(self) -> None:
        out, self._out, self._size = self._out, [], 0
        if out:
            self._wire.send_audio(carried(out))
            self.flush()

    def _forget(self, number: int) -> None:
        del self._lines[number]
        self._waiting.pop(number, None)
