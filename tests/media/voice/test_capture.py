"""A capture's frames find their place by the time they carry, whichever way they come."""

from __future__ import annotations

import random

from legato.wire.stamp import stamped
from media.frames import Mark
from media.opus import FRAME
from media.ring import Write
from media.rtc.rtp import AudioPacket
from media.voice.capture import AHEAD, Capture
from tests.media.builders import packet


def rtp(number: int, payload: bytes | None = None) -> AudioPacket:
    """RTP numbers are noise: the time behind the frame counts."""
    body = stamped(packet(number), number * FRAME) if payload is None else payload
    noise = random.Random(number)
    return AudioPacket(noise.getrandbits(16), noise.getrandbits(32), False, body, 0, None, 1)


def live(capture: Capture, *numbers: int) -> list[Write]:
    return [write for n in numbers for write in capture.packet(rtp(n), 1_000 + 20 * n)[1]]


def again(capture: Capture, *numbers: int, now: int = 9_000) -> list[Write]:
    return [write for n in numbers for write in capture.take(n * FRAME, packet(n), Mark.RESENT, now)[1]]


def test_a_frame_is_where_its_time_says() -> None:
    frame, _ = Capture().packet(rtp(7), 1_000)
    assert frame is not None
    assert (frame.media_time, frame.payload, frame.mark) == (7 * FRAME, packet(7), 0)


def test_what_was_sent_again_is_marked_and_stored_beside_what_came() -> None:
    capture = Capture()
    writes = live(capture, 0, 1, 4, 5, 6, 7, 8, 9)
    frame, _ = capture.take(2 * FRAME, packet(2), Mark.RESENT, 2_000)
    assert frame is not None
    assert frame.resent
    writes += again(capture, 3)
    writes += capture.finish().writes
    places = [place for write in writes for place in write.frames]
    assert sorted(places) == [(n * FRAME, (n + 1) * FRAME) for n in range(10)]
    keys = [(write.minute, write.field) for write in writes]
    assert len(keys) == len(set(keys))


def test_what_is_no_frame_or_of_an_impossible_time_is_refused() -> None:
    capture = Capture()
    assert capture.packet(rtp(0, b"\x48\x01"), 1_000) == (None, [])
    assert capture.packet(rtp(0, stamped(b"\x03", 0)), 1_000) == (None, [])
    assert capture.take(2**53 - 1, packet(1), Mark.NONE, 1_000) == (None, [])
    live(capture, 0)
    ahead = FRAME + AHEAD
    assert capture.take(ahead + 1, packet(1), Mark.NONE, 1_000) == (None, [])
    assert capture.take(ahead, packet(1), Mark.NONE, 1_000)[0] is not None
    assert capture.refused == 4


def test_it_is_acknowledged_when_the_store_has_it() -> None:
    capture = Capture()
    capture.receipts.opened(0)
    for write in live(capture, 0, 1, 2, 3, 4, 5):
        capture.stored(write)
    assert capture.receipts.until == 5 * FRAME
    for write in capture.expire(5_000).writes:
        capture.stored(write)
    assert capture.receipts.until == 6 * FRAME


def test_a_call_that_ends_loses_nothing_and_a_capture_that_ends_names_what_is_lost() -> None:
    capture = Capture()
    live(capture, 0, 1, 5)
    due = capture.finish()
    assert due.gaps == []
    assert [place for write in due.writes for place in write.frames][-1] == (5 * FRAME, 6 * FRAME)
    again(capture, 2)
    for write in capture.finish().writes:
        capture.stored(write)
    assert capture.close().gaps == [(3 * FRAME, 5 * FRAME)]


def test_a_time_is_told_on_the_clock_of_the_newest_frame() -> None:
    capture = Capture()
    live(capture, 0, 2)
    again(capture, 1, now=5_000)
    assert capture.at(3 * FRAME) == 1_040
    assert capture.tail == 3 * FRAME
