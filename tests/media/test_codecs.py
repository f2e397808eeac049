"""Sound survives the codecs: its pitch, its length, its level; and garbage is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.codecs import RATES, BadPcm, Decoder, Encoder, Resampler, encode_frame, loudness, opus_encoder
from media.opus import FRAME, SHORT_SILENCE, SILENCE, BadOpus, duration, stereo
from tests.media.builders import tone


def pitch(pcm: bytes, rate: int) -> float:
    samples = np.frombuffer(pcm, np.int16).astype(float)
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(spectrum.argmax() * rate / len(middle))


@pytest.mark.parametrize("source", RATES)
@pytest.mark.parametrize("target", [8_000, 16_000, 24_000, 48_000])
def test_resampling_keeps_pitch_level_and_length(source: int, target: int) -> None:
    resampler = Resampler(source, target)
    pcm = tone(440, source, source)
    out = b"".join(resampler.push(pcm[at : at + 1234]) for at in range(0, len(pcm), 1234)) + resampler.flush()
    assert abs(len(out) // 2 - target) <= 32
    assert pitch(out, target) == pytest.approx(440, abs=4)
    assert loudness(out) == pytest.approx(loudness(pcm), abs=0.5)


def test_stereo_is_mixed_down() -> None:
    left = np.frombuffer(tone(440, 48_000), np.int16)
    both = np.stack([left, np.zeros_like(left)], axis=1).tobytes()
    out = Resampler(48_000, 16_000, channels=2).push(both)
    assert pitch(out, 16_000) == pytest.approx(440, abs=4)


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_what_is_encoded_is_heard(rate: int) -> None:
    encoder, decoder = Encoder(rate), Decoder(16_000)
    pcm = tone(300, rate, rate)
    packets = [p for at in range(0, len(pcm), 700) for p in encoder.push(pcm[at : at + 700])]
    packets += encoder.flush()
    assert {duration(packet) for packet in packets} == {FRAME}
    assert {stereo(packet) for packet in packets} == {False}
    out = b"".join(decoder.push(packet) for packet in packets) + decoder.flush()
    assert 16_000 <= len(out) // 2 <= 16_000 + 2 * 320
    assert pitch(out, 16_000) == pytest.approx(300, abs=4)
    assert loudness(out) == pytest.approx(loudness(pcm), abs=2)
    assert 24_000 <= sum(map(len, packets)) * 8 <= 40_000


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 3000), max_size=20))
def test_chunking_changes_nothing(sizes: list[int]) -> None:
    pcm = tone(500, sum(sizes))
    one = Encoder(48_000)
    whole = one.push(pcm) + one.flush()
    two, at, parts = Encoder(48_000), 0, list[bytes]()
    for size in sizes:
        parts += two.push(pcm[2 * at : 2 * (at + size)])
        at += size
    assert parts + two.flush() == whole
    assert len(whole) == -(-(sum(sizes) + 312) // FRAME) * bool(sum(sizes))


def test_stereo_packets_are_heard_in_mono() -> None:
    left = np.frombuffer(tone(440, 48_000), np.int16)
    both = np.stack([left, left], axis=1).tobytes()
    encoder = opus_encoder("stereo", 64_000, "audio")
    packets = [
        p
        for at in range(0, len(both), 4 * FRAME)
        for p in encode_frame(encoder, both[at : at + 4 * FRAME], at // 4)
    ]
    assert {stereo(packet) for packet in packets} == {True}
    decoder = Decoder()
    out = b"".join(decoder.push(packet) for packet in packets)
    assert len(out) == 2 * 48_000
    assert pitch(out, 48_000) == pytest.approx(440, abs=4)


def test_nothing_encodes_to_nothing() -> None:
    assert Encoder(16_000).flush() == []


@pytest.mark.parametrize("packet", [SILENCE, *SHORT_SILENCE.values()])
def test_the_frames_of_silence_are_silent_and_as_long_as_they_say(packet: bytes) -> None:
    decoder = Decoder()
    for voice in Encoder(48_000).push(tone(440, 4800)):
        decoder.push(voice)
    for _ in range(10):
        out = decoder.push(packet)
        assert len(out) == 2 * duration(packet)
    assert loudness(out) < -80


def test_silence_for_a_hole_has_the_length_of_the_hole() -> None:
    decoder = Decoder(16_000)
    out = decoder.silence(48_000) + decoder.flush()
    assert abs(len(out) // 2 - 16_000) <= 16
    assert loudness(out) == -120


@given(st.binary(min_size=0, max_size=60))
@settings(max_examples=200, deadline=None)
def test_garbage_is_refused_or_decoded_and_the_stream_goes_on(garbage: bytes) -> None:
    decoder = Decoder()
    try:
        out = decoder.push(garbage)
    except BadOpus:
        out = b""
    assert len(out) <= 2 * 5760
    assert len(decoder.push(SILENCE)) == 2 * FRAME


def test_pcm_that_cannot_be_is_refused() -> None:
    def refusal(attempt: Callable[[], object]) -> str:
        with pytest.raises(BadPcm) as refused:
            attempt()
        return refused.value.reason

    assert refusal(lambda: Resampler(12_345, 48_000)) == "rate"
    assert refusal(lambda: Resampler(48_000, 48_000, channels=6)) == "channels"
    assert refusal(lambda: Encoder(48_000).push(b"\x00")) == "odd"
    assert refusal(lambda: Encoder(48_000).push(bytes(60 * 48_000 * 4 + 2))) == "long"
