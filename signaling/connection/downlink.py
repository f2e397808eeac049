"""What waits to go down one connection, bounded.

Two queues. *Replies* answer what the client asked, in order. The *line* of events is what its room tells it. When
the line grows beyond its bound, because the client reads slowly or gave no credit, everything in it is
dropped and the client is `behind`: nothing is kept for it any more, until it reads again and is caught up
from the position it was last sent. So a slow reader costs its bound, and the log never waits.

    flowing ──line over its bound──▶ behind ──resume_from──▶ flowing

Acknowledgements are gathered into one envelope, signals are kept by sender and name, the latest of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from legato.session.position import ORIGIN, Position
from legato.wire.down import Acks, Signals, encode_down, events_envelope
from signaling.connection.limits import ConnectionLimits

ENVELOPE_BYTES: Final = 60_000
"""Events of several passes of the loop share an envelope up to here; those of one pass always do."""

KEPT_SIGNALS: Final = 64

WritePosition = Callable[[Position], str]
"""How a position of the connection's session is written for its client (`hub.keys.positions`)."""


@dataclass(slots=True)
class _Piece:
    """One step of the line: events, or (`whole`) an envelope that stands for them. `held`: not yet to be sent."""

    position: Position
    encoded: Sequence[bytes] = ()
    whole: bytes = b""
    held: bool = False
    size: int = 0


class Downlink:
    """See the module. `sent` is the position after the last event that was handed out; `written` spells positions."""

    # Ten thousand idle connections each have one of these.
    __slots__ = (
        "_acks", "_behind", "_credit", "_level", "_limits", "_line", "_line_bytes", "_line_events", "_replies",
        "_signals", "sent", "written",
    )  # fmt: skip

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._replies: list[bytes] = []
        self._line: list[_Piece] = []  # an empty deque is ten times as large
        self._line_bytes = 0
        self._line_events = 0
        self._acks: list[tuple[int, int, int]] = []
        self._level = ""
        self._signals: dict[tuple[Any, Any], Mapping[str, Any]] = {}
        self._credit: int | None = None
        self._behind = False
        self.sent: Position = ORIGIN
        self.written: WritePosition = _nowhere

    # --- in

    def begin(self, sent: Position, written: WritePosition) -> None:
        """The client is in a session, and has what is before `sent`."""
        self.sent, self.written = sent, written

    def reply(self, envelope: bytes) -> None:
        """An envelope that answers something."""
        self._replies.append(envelope)

    def ack(self, level: str, sequence: int, first: int, count: int) -> None:
        """A batch is in the log."""
        if self._acks and level != self._level:
            self.reply(encode_down(Acks(level=self._level, acks=self._acks)))
            self._acks = []
        self._level = level
        self._acks.append((sequence, first, count))

    def signals(self, signals: Sequence[Mapping[str, Any]]) -> None:
        """The latest signals."""
        for signal in signals:
            name = (signal.get("by"), signal.get("name"))
            if name in self._signals or len(self._signals) < KEPT_SIGNALS:
                self._signals[name] = signal

    def events(self, encoded: Sequence[bytes], position: Position) -> None:
        """The next events, and the position after them."""
        if not self._behind:
            self._put(_Piece(position, encoded, size=sum(map(len, encoded))))

    def instead(self, whole: bytes, position: Position, *, held: bool = False) -> None:
        """An envelope that takes the place of all events up to `position`. A held one waits for `fill`."""
        self._clear()
        self._behind = False
        self._put(_Piece(position, whole=whole, held=held, size=len(whole)))

    def fill(self, whole: bytes) -> None:
        """The envelope that was held is this."""
        for piece in self._line:
            if piece.held:
                piece.whole, piece.held = whole, False

    def grant(self, events: int) -> None:
        """The client is ready for so many more events. From the first time on, none are sent without."""
        self._credit = min((self._credit or 0) + events, 1 << 30)

    # --- out

    @property
    def behind(self) -> bool:
        """Whether the client must be caught up from `sent`, now."""
        return self._behind and (self._credit is None or self._credit > 0)

    @property
    def congested(self) -> bool:
        """Whether the client asks for more than it reads."""
        waiting = len(self._replies) + len(self._acks)
        return waiting > self._limits.waiting_replies

    @property
    def waiting(self) -> bool:
        """Whether `take` would return something."""
        return bool(self._replies or self._acks or self._signals) or self._may_flow()

    def take(self) -> list[bytes]:
        """Everything that may be sent now, as envelopes."""
        out, self._replies = self._replies, []
        while self._may_flow():
            out.append(self._next())
        if self._acks:
            out.append(encode_down(Acks(level=self._level, acks=self._acks)))
            self._acks = []
        if self._signals:
            out.append(encode_down(Signals(signals=[dict(each) for each in self._signals.values()])))
            self._signals = {}
        return out

    def _may_flow(self) -> bool:
        return bool(self._line) and not self._line[0].held and (self._credit is None or self._credit > 0)

    def _next(self) -> bytes:
        piece = self._taken()
        if piece.whole:
            return piece.whole
        encoded, size = list(piece.encoded), piece.size
        while self._may_flow() and not self._line[0].whole and size + self._line[0].size <= ENVELOPE_BYTES:
            piece = self._taken()
            encoded += piece.encoded
            size += piece.size
        return events_envelope(encoded, self.written(piece.position))

    def _taken(self) -> _Piece:
        piece = self._line.pop(0)
        count = max(len(piece.encoded), 1)
        self._line_bytes -= piece.size
        self._line_events -= count
        if self._credit is not None:
            self._credit -= count
        self.sent = piece.position
        return piece

    def _put(self, piece: _Piece) -> None:
        self._line.append(piece)
        self._line_bytes += piece.size
        self._line_events += max(len(piece.encoded), 1)
        # What stands first is kept even if it is over the bound alone: a snapshot must be able to leave.
        over = (
            self._line_events > self._limits.waiting_events or self._line_bytes > self._limits.waiting_bytes
        )
        if over and len(self._line) > 1:
            self._clear()
            self._behind = True

    def _clear(self) -> None:
        self._line.clear()
        self._line_bytes = self._line_events = 0


def _nowhere(_: Position) -> str:
    raise AssertionError("positions are written for those who are in a session")


def encoded_signal_size(data: Any) -> int:
    """Bytes of a signal's data as JSON."""
    return len(msgspec.json.encode(data))
