"""The way down of a worker's connection that does not take everything: who waits, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from legato.wire.carried import OPENS, TEXT, Piece, decode_carried
from signaling.connection import close_codes
from signaling.connection.channels import OPENED_AT_ONCE, ROOM, Channels

if TYPE_CHECKING:
    from signaling.connection.line import Line, Wire


class Pipe:
    """A worker's wire that takes `takes` envelopes, and then none until it is told."""

    carries = True
    beat_ms = 0

    def __init__(self) -> None:
        self.takes = 0
        self.said: list[list[Piece]] = []

    @property
    def writable(self) -> bool:
        return self.takes > 0

    def send(self, envelopes: Sequence[bytes]) -> None:
        raise AssertionError("channels say nothing outside of them")

    def send_audio(self, envelope: bytes) -> None:
        self.takes -= 1
        self.said.append(decode_carried(envelope))

    def close(self, code: int, reason: str) -> None: ...


class Teller:
    """What a line is to its wire: it keeps what it has to say until it may."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.has: list[bytes] = []
        self.end = ""

    def tell(self, words: bytes) -> None:
        self.has.append(words)
        self.flush()

    def flush(self) -> None:
        if self.has and self._wire.writable:
            has, self.has = self.has, []
            self._wire.send(has)

    def received(self, raw: bytes) -> None: ...

    def ended(self, reason: str) -> None:
        self.end = reason


class Stage:
    """Channels over a pipe, with the loop's passes in the test's hands."""

    def __init__(self, lines: int) -> None:
        self.pipe = Pipe()
        self.tellers: list[Teller] = []
        self._last: list[Callable[[], None]] = []
        self.channels = Channels(cast("Wire", self.pipe), self._open, self)
        for number in range(lines):
            assert self.channels.received([Piece(number, OPENS, b"")]) is None

    def now(self) -> int:
        return 0

    def last(self, act: Callable[[], None]) -> None:
        self._last.append(act)

    def _open(self, wire: Wire) -> Line:
        self.tellers.append(Teller(wire))
        return cast("Line", self.tellers[-1])

    def pass_over(self, takes: int = 0) -> None:
        """The pipe takes so many more, and the loop's pass ends."""
        if takes:
            self.pipe.takes += takes
            self.channels.flush()
        while self._last:
            acts, self._last = self._last, []
            for act in acts:
                act()


def test_what_is_said_in_one_pass_leaves_in_one_envelope() -> None:
    stage = Stage(3)
    stage.pipe.takes = 5
    for number, teller in enumerate(stage.tellers):
        teller.tell(b"%d" % number)
    stage.pass_over()
    assert stage.pipe.said == [[Piece(0, TEXT, b"0"), Piece(1, TEXT, b"1"), Piece(2, TEXT, b"2")]]


def test_who_says_much_waits_behind_all_who_waited() -> None:
    stage = Stage(3)
    noisy, first, second = stage.tellers
    noisy.tell(b"n" * ROOM)
    first.tell(b"a")
    second.tell(b"b")
    stage.pass_over(takes=1)
    assert [piece.channel for piece in stage.pipe.said[0]] == [0]
    noisy.tell(b"n" * ROOM)
    stage.pass_over(takes=1)
    assert [piece.channel for piece in stage.pipe.said[1]] == [1, 2, 0]


def test_more_than_there_is_room_for_goes_in_several_envelopes_if_the_connection_takes_them() -> None:
    stage = Stage(3)
    stage.pipe.takes = 5
    for teller in stage.tellers:
        teller.tell(bytes(ROOM))
    stage.pass_over()
    assert [[piece.channel for piece in each] for each in stage.pipe.said] == [[0], [1], [2]]


def test_a_worker_that_opens_channels_without_end_is_to_be_closed() -> None:
    stage = Stage(OPENED_AT_ONCE)
    mistake = stage.channels.received([Piece(OPENED_AT_ONCE, OPENS, b"")])
    assert mistake is not None
    assert mistake.code == close_codes.TOO_FAST
    assert len(stage.channels) == OPENED_AT_ONCE


def test_a_channel_that_is_opened_twice_is_a_mistake() -> None:
    mistake = Stage(1).channels.received([Piece(0, OPENS, b"")])
    assert mistake is not None
    assert mistake.code == close_codes.MALFORMED


def test_a_connection_that_is_gone_says_nothing_and_ends_every_line() -> None:
    stage = Stage(2)
    stage.pipe.takes = 5
    stage.tellers[0].tell(b"words")
    stage.channels.end()
    stage.pass_over()
    assert stage.pipe.said == []
    assert [teller.end for teller in stage.tellers] == ["lost", "lost"]
    assert len(stage.channels) == 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4), st.sampled_from([0, 1, 1_000, ROOM - 1, ROOM, 3 * ROOM]), st.integers(0, 2)
        ),
        max_size=60,
    )
)
def test_everything_is_said_once_and_in_its_order_and_no_envelope_holds_more_than_its_room(
    told: list[tuple[int, int, int]],
) -> None:
    stage = Stage(5)
    for number, (channel, size, takes) in enumerate(told):
        stage.tellers[channel].tell(number.to_bytes(2) + bytes(size))
        stage.pass_over(takes)
    stage.pass_over(takes=1_000)
    said = [piece for each in stage.pipe.said for piece in each]
    for channel in range(5):
        numbers = [int.from_bytes(piece.envelope[:2]) for piece in said if piece.channel == channel]
        assert numbers == [number for number, (to, _, _) in enumerate(told) if to == channel]
    for each in stage.pipe.said:
        before = sum(len(piece.envelope) for piece in each if piece.channel != each[-1].channel)
        assert before < ROOM
