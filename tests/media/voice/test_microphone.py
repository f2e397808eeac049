"""A microphone's track goes on through calls, and names what was lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.opus import FRAME
from media.ring import Write
from media.rtc.rtp import AudioPacket
from media.voice.microphone import LOST_AFTER, Microphone
from tests.media.builders import packet


def rtp(number: int, ssrc: int = 1, payload: bytes | None = None) -> AudioPacket:
    return AudioPacket(
        number & 0xFFFF, number * FRAME & 0xFFFFFFFF, False, payload or packet(number), number, None, ssrc
    )


def heard(microphone: Microphone, numbers: list[int], ssrc: int = 1) -> list[int]:
    """The media times of the packets that have a place."""
    frames = [microphone.packet(rtp(number, ssrc), 1_000 + 20 * number)[0] for number in numbers]
    return [frame.media_time for frame in frames if frame is not None]


def test_a_track_goes_on_where_it_is_told_to() -> None:
    microphone = Microphone(48_000)
    assert heard(microphone, [70_000, 70_001]) == [48_000, 48_000 + FRAME]


def test_a_second_call_goes_on_after_the_first_and_later_by_the_time_between() -> None:
    microphone = Microphone()
    first = heard(microphone, [0, 1, 2])
    second = heard(microphone, [52, 53], ssrc=2)
    assert first == [0, FRAME, 2 * FRAME]
    assert second == [52 * FRAME, 53 * FRAME]


def test_what_is_no_opus_has_no_place() -> None:
    microphone = Microphone()
    assert microphone.packet(rtp(1, payload=b"\x03"), 1_000) == (None, [])
    assert microphone.refused == 1


def test_a_media_time_is_told_on_the_clock_of_the_newest_frame() -> None:
    microphone = Microphone()
    heard(microphone, [0, 1, 2])
    assert microphone.at(3 * FRAME) == 1_040
    assert microphone.at(FRAME) == 1_000


def test_what_was_lost_is_named_once_and_silence_is_not_lost() -> None:
    microphone = Microphone()
    heard(microphone, [0, 1, 4, 5])
    assert microphone.expire(2_000).gaps == [], "it may still come"
    late = 6 + LOST_AFTER // FRAME
    heard(microphone, list(range(6, late + 6)))
    assert microphone.expire(9_000).gaps == [(2 * FRAME, 4 * FRAME)]
    assert microphone.expire(9_100).gaps == []
    assert microphone.finish().gaps == []


@given(st.sets(st.integers(0, 60), min_size=1), st.randoms(use_true_random=False))
def test_every_frame_is_written_once_whatever_the_order(numbers: set[int], random: object) -> None:
    microphone = Microphone()
    order = sorted(numbers)
    writes: list[Write] = []
    for number in order:
        for _ in range(2):
            writes += microphone.packet(rtp(number), 1_000 + 20 * number)[1]
    writes += microphone.finish().writes
    places = [(write.minute, write.field) for write in writes]
    assert len(places) == len(set(places))
    cells = sum((field & (1 << 40) - 1).bit_count() for _, field in places)
    assert cells == len(numbers)
