"""Sounds to test with: tones as WAV files and as Opus, and what pitch a sound has."""

import wave
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

RATE = 48_000
FRAME = 960
Samples = npt.NDArray[np.int16]


def tone(hertz: float, seconds: float, amplitude: float = 0.4) -> Samples:
    """A sine, mono, 48 kHz."""
    time = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(amplitude * 32_767 * np.sin(2 * np.pi * hertz * time), dtype=np.int16)


def write_wav(path: Path, samples: Samples) -> Path:
    """A mono 48 kHz WAV file, as Chromium's fake microphone wants it."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


def opus_of(samples: Samples) -> list[bytes]:
    """Opus frames of 20 ms."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "mono", "s16", 32_000
    frames: list[bytes] = []
    for start in range(0, len(samples) - FRAME + 1, FRAME):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + FRAME], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, start
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames


def samples_of(frames: Iterable[bytes]) -> Samples:
    """Mono samples of Opus frames."""
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.sample_rate, decoder.layout = RATE, "mono"
    parts = [
        frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]
        if frame.format.is_packed
        else frame.to_ndarray()[0]
        for payload in frames
        for frame in decoder.decode(av.Packet(payload))
    ]
    joined = np.concatenate(parts) if parts else np.zeros(0)
    scale = 32_767 if np.issubdtype(joined.dtype, np.floating) else 1
    return np.asarray(joined * scale, dtype=np.int16)


def pitch(samples: Samples) -> float:
    """The strongest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


def strength(samples: Samples, hertz: float, rate: int = RATE) -> float:
    """How much of a pitch there is (Goertzel), as the amplitude of its sine."""
    time = np.arange(samples.size) / rate
    return float(2 / samples.size * np.abs(np.exp(-2j * np.pi * hertz * time) @ samples))
