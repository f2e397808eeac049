"""Frames of RFC 6455: whole messages however the bytes are cut, and a fault for whatever a client may not send."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.connection.frames import (
    INVALID_TEXT,
    MOST_FRAGMENTS,
    NO_CODE,
    PROTOCOL_ERROR,
    TOO_LARGE,
    Fault,
    FrameReader,
    Message,
    Opcode,
    close_code,
    close_frame,
    frame,
)

LIMIT = 70_000
MASK = b"\x37\xfa\x21\x3d"
SIZES = st.sampled_from([0, 1, 3, 4, 5, 124, 125, 126, 127, 128, 65_535, 65_536])


def sent(opcode: int, payload: bytes, *, fin: bool = True, mask: bytes = MASK, reserved: int = 0) -> bytes:
    """A frame as a client sends it."""
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2)
    else:
        length = b"\xff" + size.to_bytes(8)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes((fin << 7 | reserved | opcode,)) + length + mask + masked


def read(pieces: Sequence[bytes], limit: int = LIMIT) -> tuple[list[Message], int]:
    """All messages of the pieces, and the code of the fault that ended them (0: none did)."""
    reader, got = FrameReader(limit), list[Message]()
    for piece in pieces:
        reader.feed(piece)
        try:
            while (message := reader.next()) is not None:
                got.append(message)
        except Fault as fault:
            return got, fault.code
    return got, 0


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[Message]]:
    """Bytes of whole messages, some in fragments with control frames between them, and what they say."""
    raw, says = b"", list[Message]()
    for _ in range(draw(st.integers(0, 4))):
        opcode = draw(st.sampled_from([Opcode.TEXT, Opcode.BINARY]))
        size = draw(SIZES)
        payload = (draw(st.binary(min_size=1, max_size=8)) * size)[:size]
        cuts = sorted(draw(st.lists(st.integers(0, size), max_size=3)))
        ends = [*cuts, size]
        for number, (begin, end) in enumerate(zip([0, *cuts], ends, strict=True)):
            mask = draw(st.binary(min_size=4, max_size=4))
            kind = opcode if number == 0 else Opcode.CONTINUATION
            last = number == len(ends) - 1
            raw += sent(kind, payload[begin:end], fin=last, mask=mask)
            if not last and draw(st.booleans()):
                control = draw(st.sampled_from([Opcode.PING, Opcode.PONG]))
                raw += sent(control, b"x" * number)
                says.append((control, b"x" * number))
        says.append((opcode, payload))
    return raw, says


@given(conversations(), st.lists(st.integers(0, 200_000), max_size=12))
def test_messages_are_the_same_however_their_bytes_are_cut(
    conversation: tuple[bytes, list[Message]], cuts: list[int]
) -> None:
    raw, says = conversation
    places = sorted(cut % (len(raw) + 1) for cut in cuts)
    pieces = [raw[begin:end] for begin, end in zip([0, *places], [*places, len(raw)], strict=True)]
    assert read(pieces) == (says, 0)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_any_bytes_end_in_messages_or_in_a_fault_and_the_same_wherever_they_are_cut(
    raw: bytes, cuts: list[int]
) -> None:
    places = sorted(cut % (len(raw) + 1) for cut in cuts)
    pieces = [raw[begin:end] for begin, end in zip([0, *places], [*places, len(raw)], strict=True)]
    assert read(pieces, 64) == read([raw], 64)


def test_bytes_that_come_one_by_one_are_read_as_if_they_came_at_once() -> None:
    raw = sent(1, b"a" * 300) + sent(9, b"?") + sent(1, b"", fin=False) + sent(0, b"b")
    assert read([bytes((byte,)) for byte in raw]) == ([(1, b"a" * 300), (9, b"?"), (1, b"b")], 0)


WRONG = {
    "not masked": b"\x81\x01x",
    "not masked, and long": b"\x81\x7e\x01\x00",
    "a reserved bit": sent(1, b"x", reserved=0x40),
    "another": sent(1, b"x", reserved=0x10),
    "data of no known kind": sent(3, b"x"),
    "control of no known kind": sent(11, b"x"),
    "a control frame in pieces": sent(9, b"x", fin=False),
    "a long control frame": sent(9, b"x" * 126),
    "the rest of nothing": sent(0, b"x"),
    "a message within another": sent(1, b"x", fin=False) + sent(1, b"y"),
    "a fragment within another": sent(1, b"x", fin=False) + sent(2, b"y", fin=False),
    "the rest of a message that is whole": sent(1, b"x", fin=False) + sent(0, b"y") + sent(0, b"z"),
    "16 bits for a short length": b"\x81\xfe\x00\x7d" + MASK + b"x" * 125,
    "64 bits for a length of 16": b"\x81\xff" + (65_535).to_bytes(8) + MASK + b"x" * 65_535,
    "the highest bit of a length": b"\x81\xff" + (1 << 63).to_bytes(8) + MASK,
    "too many pieces": sent(1, b"", fin=False) + sent(0, b"", fin=False) * MOST_FRAGMENTS,
}


@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG.keys())
def test_what_a_client_may_not_send_is_a_protocol_error(raw: bytes) -> None:
    assert read([raw])[1] == PROTOCOL_ERROR


def test_a_fault_is_found_at_its_frame_and_what_came_before_it_counts() -> None:
    assert read([sent(1, b"first") + b"\x81\x01x"]) == ([(1, b"first")], PROTOCOL_ERROR)


@pytest.mark.parametrize("head", [b"\x81\x01", b"\xc1", b"\x89\xfe", b"\x09\x80", b"\x80\x80"])
def test_a_frame_that_may_not_be_is_refused_before_its_payload_is_there(head: bytes) -> None:
    assert read([head + b"\x80" * (2 - len(head))])[1] == PROTOCOL_ERROR


def test_as_many_pieces_as_are_allowed_make_a_message() -> None:
    raw = sent(1, b"a", fin=False) + sent(0, b"b", fin=False) * (MOST_FRAGMENTS - 2) + sent(0, b"c")
    assert read([raw]) == ([(1, b"a" + b"b" * (MOST_FRAGMENTS - 2) + b"c")], 0)
    assert read([raw, raw])[1] == 0


def test_a_message_of_the_limit_is_read_and_one_byte_more_is_too_large() -> None:
    assert read([sent(1, b"x" * 200)], 200) == ([(1, b"x" * 200)], 0)
    assert read([sent(1, b"x" * 201)], 200)[1] == TOO_LARGE
    assert read([sent(2, b"x" * 150, fin=False), sent(0, b"x" * 50)], 200)[1] == 0
    assert read([sent(2, b"x" * 150, fin=False), sent(0, b"x" * 51)], 200)[1] == TOO_LARGE


def test_each_message_has_the_whole_limit() -> None:
    raw = sent(1, b"x" * 150, fin=False) + sent(0, b"x" * 50)
    assert read([raw + raw + sent(1, b"x" * 200)], 200)[1] == 0


def test_what_is_too_large_is_refused_by_its_head_alone() -> None:
    assert read([b"\x81\xff" + (1 << 40).to_bytes(8)], 200)[1] == TOO_LARGE


def test_a_control_frame_within_a_full_message_is_not_counted_to_it() -> None:
    raw = sent(1, b"x" * 200, fin=False) + sent(9, b"y" * 125) + sent(0, b"")
    assert read([raw], 200) == ([(9, b"y" * 125), (1, b"x" * 200)], 0)


def test_a_closing_says_its_code() -> None:
    assert close_code(b"") == NO_CODE
    assert close_code((1000).to_bytes(2)) == 1000
    assert close_code((4999).to_bytes(2) + "später".encode()) == 4999


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])
def test_a_code_that_may_not_be_sent_is_a_protocol_error(code: int) -> None:
    with pytest.raises(Fault) as fault:
        close_code(code.to_bytes(2))
    assert fault.value.code == PROTOCOL_ERROR


@pytest.mark.parametrize(("payload", "code"), [(b"\x03", PROTOCOL_ERROR), (b"\x03\xe8\xff", INVALID_TEXT)])
def test_a_closing_that_is_cut_or_whose_reason_is_no_text_is_a_fault(payload: bytes, code: int) -> None:
    with pytest.raises(Fault) as fault:
        close_code(payload)
    assert fault.value.code == code


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_what_a_server_sends_has_the_shortest_length_and_no_mask(size: int) -> None:
    raw = frame(Opcode.TEXT, b"x" * size)
    head = 2 if size < 126 else 4 if size < 65_536 else 10
    assert (raw[0], raw[1] & 0x80, len(raw)) == (0x81, 0, head + size)
    assert raw[1] == min(size, 126 if size < 65_536 else 127)
    assert head == 2 or int.from_bytes(raw[2:head]) == size


def test_a_long_reason_is_cut_between_characters() -> None:
    raw = close_frame(4001, "ü" * 100)
    assert len(raw) <= 127
    assert raw[4:].decode() == "ü" * 61
