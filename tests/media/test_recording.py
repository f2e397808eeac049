"""Files are read back by FFmpeg: the packets byte for byte, the times to the sample."""

from __future__ import annotations

import io
from collections.abc import Callable

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from media.codecs import Encoder
from media.frames import Frame
from media.ogg import OggWriter, checksum
from media.opus import FRAME, RATE, SILENCE
from media.recording import Side, Voice, write_mix, write_track
from tests.media.builders import tone


def crc_by_the_book(page: bytes) -> int:
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value


@given(st.binary(max_size=300))
def test_the_checksum_is_oggs(page: bytes) -> None:
    assert checksum(page) == crc_by_the_book(page)


def packets_of(file: bytes) -> list[bytes]:
    with av.open(io.BytesIO(file), "r") as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def samples_of(file: bytes) -> NDArray[np.int16]:
    with av.open(io.BytesIO(file), "r") as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="s16", layout=stream.layout, rate=RATE)
        parts = [f.to_ndarray() for each in container.decode(stream) for f in resampler.resample(each)]
    channels = stream.codec_context.channels
    return np.concatenate(parts, axis=1).astype(np.int16).reshape(-1, channels)


def length_of(file: bytes) -> int:
    with av.open(io.BytesIO(file), "r") as container:
        duration = container.streams.audio[0].duration
        assert duration is not None
        return duration


def spoken(start: int, hertz: float, count: int) -> list[Frame]:
    packets = Encoder(RATE).push(tone(hertz, count * FRAME))
    return [Frame(start + i * FRAME, packet) for i, packet in enumerate(packets)]


def onset(samples: NDArray[np.int16]) -> int:
    return int(np.argmax(np.abs(samples.astype(np.int32)) > 1500))


def file_of(write: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def test_a_track_is_written_byte_for_byte() -> None:
    frames = spoken(0, 440, 123)
    file = file_of(lambda out: write_track(frames, 0, 123 * FRAME, out))
    assert packets_of(file) == [each.payload for each in frames]
    assert length_of(file) == 123 * FRAME
    assert len(samples_of(file)) == 123 * FRAME


def test_a_hole_keeps_its_length_and_what_follows_its_time() -> None:
    early, late = spoken(0, 440, 50), spoken(RATE * 3, 440, 50)
    out = io.BytesIO()
    written = write_track([*early, *late], 0, RATE * 5, out)
    samples = samples_of(out.getvalue())[:, 0]
    assert written.samples == len(samples) == RATE * 5
    assert written.filled == RATE * 3
    assert abs(onset(samples[RATE * 2 :]) - RATE) < 960
    assert np.abs(samples[int(RATE * 1.2) : int(RATE * 2.9)]).max() < 10
    assert [p for p in packets_of(out.getvalue()) if p != SILENCE] == [each.payload for each in early + late]


def test_a_recording_may_begin_in_the_middle() -> None:
    frames = spoken(RATE * 60, 440, 10)
    file = file_of(lambda out: write_track(frames, RATE * 60 - 2 * FRAME, RATE * 60 + 10 * FRAME, out))
    assert packets_of(file) == [SILENCE, SILENCE, *(each.payload for each in frames)]


def test_an_empty_track_is_silence_as_long_as_asked() -> None:
    file = file_of(lambda out: write_track([], 0, RATE, out))
    assert length_of(file) == RATE
    assert np.abs(samples_of(file)).max() == 0


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5000), st.sampled_from([40, 255, 510, 1270])), min_size=1, max_size=120)
)
def test_frames_off_the_grid_stay_within_their_time(steps: list[tuple[int, int]]) -> None:
    frames, at = list[Frame](), 0
    for gap, size in steps:
        at += gap
        frames.append(Frame(at, b"\x48" + bytes(size)))
        at += FRAME
    out = io.BytesIO()
    written = write_track(frames, 0, at, out)
    assert at - 120 < written.samples <= at
    kept = [packet for packet in packets_of(out.getvalue()) if packet[0] == 0x48]
    assert kept == [each.payload for each in frames]
    assert length_of(out.getvalue()) == written.samples


def test_the_mix_has_people_left_and_agents_right_each_in_time() -> None:
    out = io.BytesIO()
    person = Voice(spoken(0, 440, 50), Side.LEFT, offset=RATE // 2)
    agent = Voice(spoken(FRAME * 7, 880, 50), Side.RIGHT, offset=RATE * 2)
    written = write_mix([person, agent], out)
    samples = samples_of(out.getvalue())
    assert written.samples == len(samples) == RATE * 2 + FRAME * 57
    left, right = samples[:, 0], samples[:, 1]
    assert onset(left) == pytest.approx(RATE // 2, abs=960)
    assert onset(right) == pytest.approx(RATE * 2 + FRAME * 7, abs=960)
    assert np.abs(right[: RATE * 2]).max() < 500
    assert np.abs(left[int(RATE * 1.7) :]).max() < 500


def test_people_who_speak_at_once_are_both_heard() -> None:
    out = io.BytesIO()
    write_mix([Voice(spoken(0, hz, 50), Side.LEFT) for hz in (500, 1500)], out)
    samples = samples_of(out.getvalue())[:, 0].astype(float)
    middle = samples[RATE // 4 : 3 * RATE // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    loudest = {int(round(at * RATE / len(middle), -2)) for at in np.argsort(spectrum)[-8:]}
    assert loudest == {500, 1500}


def test_a_mix_of_given_length_is_cut_or_filled() -> None:
    for length in (1, 960, RATE // 3, RATE * 2):
        out = io.BytesIO()
        write_mix([Voice(spoken(0, 440, 50), Side.LEFT)], out, length=length)
        assert len(samples_of(out.getvalue())) == length


def test_a_packet_that_cannot_be_decoded_is_silence_and_counted() -> None:
    frames = spoken(0, 440, 5)
    frames[2] = Frame(2 * FRAME, b"\xff" * 30, FRAME)
    out = io.BytesIO()
    written = write_mix([Voice(frames, Side.LEFT)], out)
    assert (written.refused, written.samples) == (1, 5 * FRAME)


def test_a_mix_of_nothing_is_an_empty_file() -> None:
    out = io.BytesIO()
    assert write_mix([], out).samples == 0
    assert out.getvalue().startswith(b"OggS")


def test_a_long_recording_is_written_as_it_comes() -> None:
    out = io.BytesIO()
    ogg = OggWriter(out, 1)
    sizes = []
    for _ in range(500):
        ogg.write(b"\x48" + bytes(100))
        sizes.append(out.tell())
    assert len(set(sizes)) >= 10
