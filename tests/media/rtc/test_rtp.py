"""Headers of audio packets, honest and otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtc.rtp import extend, read_header, write_packet

PLAIN = write_packet(111, True, 65_535, 2**32 - 1, 0xDEADBEEF, b"opus")


def extended(elements: bytes, profile: int = 0xBEDE, words: int | None = None) -> bytes:
    elements += bytes(-len(elements) % 4)
    count = len(elements) // 4 if words is None else words
    head = bytes([0x90]) + PLAIN[1:12]
    return head + profile.to_bytes(2, "big") + count.to_bytes(2, "big") + elements + b"opus"


def test_what_is_written_is_read() -> None:
    header = read_header(PLAIN)
    assert header is not None
    assert (header.payload_type, header.sequence, header.timestamp) == (111, 65_535, 2**32 - 1)
    assert (header.ssrc, header.marker) == (0xDEADBEEF, True)
    assert PLAIN[header.start : header.end] == b"opus"
    assert header.audio_level is None


def test_the_audio_level_is_read_where_it_was_agreed() -> None:
    packet = extended(bytes([0x40, 0x55, 0x00, 0x10, 0x80 | 37]))
    header = read_header(packet, 1)
    assert header is not None
    assert header.audio_level == 37
    assert packet[header.start : header.end] == b"opus"
    without = read_header(packet, 2)
    assert without is not None
    assert without.audio_level is None


def test_contributors_and_padding_are_passed_over() -> None:
    packet = bytes([0xA2]) + PLAIN[1:12] + bytes(8) + b"opus" + bytes([0, 0, 3])
    header = read_header(packet)
    assert header is not None
    assert packet[header.start : header.end] == b"opus"


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        PLAIN[:12],
        bytes([0x40]) + PLAIN[1:],
        bytes([0x8F]) + PLAIN[1:],
        bytes([0xA0]) + PLAIN[1:-1] + b"\0",
        bytes([0xA0]) + PLAIN[1:-1] + b"\xff",
        extended(b"", words=9),
        extended(b"", words=1),
        bytes([0x90]) + PLAIN[1:],
    ],
)
def test_a_malformed_packet_has_no_header(packet: bytes) -> None:
    assert read_header(packet, 1) is None


@given(st.binary(max_size=80), st.integers(1, 14) | st.none())
def test_no_bytes_raise(packet: bytes, level: int | None) -> None:
    header = read_header(packet, level)
    assert header is None or 12 <= header.start < header.end <= len(packet)


@given(st.integers(0, 2**40), st.integers(-0x7FFF, 0x7FFF))
def test_an_index_near_the_highest_is_found_again(highest: int, step: int) -> None:
    index = highest + step
    if index >= 0:
        assert extend(index & 0xFFFF, highest) == index


def test_the_first_index_is_the_sequence_number() -> None:
    assert extend(65_500, None) == 65_500
    assert extend(2, 65_535) == 65_538
    assert extend(65_535, 65_538) == 65_535
