"""The batch format is pinned by a vector, and no bytes from outside can do more than be refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.wire.stamp import MAX_MEDIA_TIME
from media.frames import BadBatch, Frame, Mark, frame, pack, unpack
from media.opus import SILENCE, BadOpus, duration
from tests.media.builders import frames, packet

GOLDEN = bytes.fromhex(
    "0103"  # version, three frames
    "0000000000000f00"  # media time 3840
    "00" + "0003" + "f8fffe"  # 20 ms of silence
    "01" + "0002" + "4801"  # resent, adjoining
    "82" + "000003c0" + "0003" + "e0fffe"  # silence by the hub, 960 samples later, 2.5 ms long
)
GOLDEN_FRAMES = [
    Frame(3840, SILENCE, 960, 0),
    Frame(4800, b"\x48\x01", 960, int(Mark.RESENT)),
    Frame(6720, b"\xe0\xff\xfe", 120, int(Mark.SILENCE)),
]


def test_the_format_is_the_one_that_was_pinned() -> None:
    assert pack(GOLDEN_FRAMES) == GOLDEN
    assert unpack(GOLDEN) == GOLDEN_FRAMES


def test_five_frames_cost_twenty_five_bytes_beside_their_packets() -> None:
    batch = frames(48_000, 5)
    assert len(pack(batch)) == 25 + sum(len(each.payload) for each in batch)


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 0, 0, 1, 120, 960, 2**32 - 1]), st.integers(0, 7), st.integers(5, 300)),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([0, 1, 4800, 2**32 - 480, 2**40]),
)
def test_what_is_packed_is_unpacked(steps: list[tuple[int, int, int]], start: int) -> None:
    batch, at = [], start
    for number, (gap, mark, size) in enumerate(steps):
        at += gap
        batch.append(Frame(at, packet(number, size), 960, mark))
        at += 960
    assert unpack(pack(batch)) == batch


def bodies() -> st.SearchStrategy[bytes]:
    """Bytes that come near to being a batch."""
    one = st.tuples(st.sampled_from([0, 1, 128, 130]), st.sampled_from([b"", b"\0\0\0\0", b"\0\0\0\1"]))
    entry = one.map(lambda pair: bytes([pair[0]]) + pair[1] + b"\x00\x01\x48")
    return st.tuples(st.integers(0, 3), st.lists(entry, max_size=3)).map(
        lambda pair: b"\x01" + bytes([pair[0]]) + bytes(8) + b"".join(pair[1])
    )


@given(st.one_of(st.binary(max_size=80), bodies()))
def test_random_bytes_are_refused_or_are_a_batch(blob: bytes) -> None:
    try:
        batch = unpack(blob)
    except BadBatch:
        return
    assert pack(batch) == blob


@given(st.integers(0, len(GOLDEN) - 1), st.integers(0, 255))
def test_a_changed_byte_never_does_more_than_be_refused(at: int, byte: int) -> None:
    try:
        batch = unpack(GOLDEN[:at] + bytes([byte]) + GOLDEN[at + 1 :])
    except BadBatch:
        return
    assert all(one.end <= two.media_time for one, two in pairwise(batch))


@pytest.mark.parametrize("length", range(len(GOLDEN)))
def test_every_truncation_is_refused(length: int) -> None:
    with pytest.raises(BadBatch):
        unpack(GOLDEN[:length])


@pytest.mark.parametrize(
    ("blob", "reason"),
    [
        (b"", "truncated"),
        (b"\x02" + GOLDEN[1:], "version"),
        (b"\x01\x00" + GOLDEN[2:10], "count"),
        (GOLDEN + b"\x00", "trailing"),
        (GOLDEN[:10] + b"\x08" + GOLDEN[11:], "flags"),
        (b"\x01\x01" + bytes(8) + b"\x00\x00\x00", "length"),
        (b"\x01\x01" + bytes(8) + b"\x00\x00\x01\x03", "packet"),
        (b"\x01\x01" + (MAX_MEDIA_TIME - 1).to_bytes(8, "big") + b"\x00\x00\x02\x48\x01", "time"),
    ],
)
def test_a_refusal_says_what_is_wrong(blob: bytes, reason: str) -> None:
    with pytest.raises(BadBatch) as refused:
        unpack(blob)
    assert refused.value.reason == reason


def test_frames_that_overlap_are_not_packed() -> None:
    one, two = frames(0, 2)
    with pytest.raises(ValueError, match="overlap"):
        pack([two, one])
    with pytest.raises(ValueError, match="holds"):
        pack([])


@pytest.mark.parametrize(
    ("data", "samples"),
    [
        (b"\x00", 480),  # SILK, 10 ms
        (b"\x18", 2880),  # SILK, 60 ms
        (b"\x60", 480),  # hybrid, 10 ms
        (b"\x48", 960),
        (b"\x80", 120),  # CELT, 2.5 ms
        (b"\xf8\xff\xfe", 960),
        (b"\xf9\x00\x00", 1920),  # two frames
        (b"\xfb\x03", 2880),  # three, counted
        (b"\x03\x8c", 5760),  # twelve of 10 ms: the longest
    ],
)
def test_a_packet_tells_its_own_length(data: bytes, samples: int) -> None:
    assert duration(data) == samples
    assert frame(0, data).end == samples


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xfb", "count"),
        (b"\xfb\x00", "count"),
        (b"\xfb\x0d", "duration"),
        (bytes(9000), "long"),
    ],
)
def test_what_is_no_packet_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadOpus) as refused:
        duration(data)
    assert refused.value.reason == reason
