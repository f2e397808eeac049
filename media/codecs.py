"""Between Opus packets and samples: the one door to PyAV's codecs.

PCM here is always signed 16-bit little-endian, as `bytes`. Each object keeps the state of one stream and is
used by one task. Nothing here waits or starts threads: encoding a frame takes some 150 µs, decoding 30.
"""

from __future__ import annotations

from typing import Any, Final, cast

import av
import numpy as np
from numpy.typing import NDArray

from media.opus import FRAME, RATE, BadOpus, duration

RATES: Final = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""The sample rates that streams of PCM may have."""

BIT_RATE: Final = 28_000
_MAX_PUSH: Final = 60 * RATE * 4
_LOOKAHEAD: Final = 312
"""Samples by which libopus's output lags behind its input."""


class BadPcm(ValueError):
    """PCM that cannot be what it is said to be. `reason`: `rate`, `channels`, `odd`, `long`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Resampler:
    """Turns a stream of PCM at `source` Hz into mono PCM at `target` Hz, keeping the filter's state."""

    def __init__(self, source: int, target: int, channels: int = 1) -> None:
        """`channels`: 1 or 2 (interleaved; mixed down)."""
        if source not in RATES or target not in RATES:
            raise BadPcm("rate")
        if channels not in (1, 2):
            raise BadPcm("channels")
        self._source = source
        self._layout = "mono" if channels == 1 else "stereo"
        self._width = 2 * channels
        self._idle = source == target and channels == 1
        self._filter = av.AudioResampler(format="s16", layout="mono", rate=target)
        self._pts = 0

    def push(self, pcm: bytes) -> bytes:
        """What comes out for these samples; a few are kept back for the filter."""
        if len(pcm) % self._width:
            raise BadPcm("odd")
        if len(pcm) > _MAX_PUSH:
            raise BadPcm("long")
        if self._idle or not pcm:
            return pcm
        samples = np.frombuffer(pcm, np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=self._layout)
        frame.sample_rate = self._source
        frame.pts = self._pts
        self._pts += len(pcm) // self._width
        return b"".join(_bytes(each) for each in self._filter.resample(frame))

    def flush(self) -> bytes:
        """The samples kept back. The stream ends with it."""
        if self._idle or not self._pts:
            return b""
        return b"".join(_bytes(each) for each in self._filter.resample(None))


class Encoder:
    """PCM of any chunking into Opus packets of 20 ms: mono, for voice, with in-band error correction."""

    def __init__(self, rate: int, bit_rate: int = BIT_RATE, channels: int = 1) -> None:
        """`rate` and `channels` are those of the PCM; what goes out is always mono at 48 kHz."""
        self._resampler = Resampler(rate, RATE, channels)
        self._opus = opus_encoder("mono", bit_rate, "voip")
        self._rest = b""
        self._pts = 0

    def push(self, pcm: bytes) -> list[bytes]:
        """The packets that are complete with these samples; less than 20 ms stay behind."""
        return self._encode(self._resampler.push(pcm))

    def flush(self) -> list[bytes]:
        """The last packets, filled up with silence so that the codec's delay swallows nothing."""
        tail = self._rest_and(self._resampler.flush())
        if not self._pts and not tail:
            return []
        missing = -(len(tail) // 2 + _LOOKAHEAD) % FRAME
        return self._encode(tail + bytes(2 * (_LOOKAHEAD + missing)))

    def _rest_and(self, pcm: bytes) -> bytes:
        tail, self._rest = self._rest + pcm, b""
        return tail

    def _encode(self, pcm: bytes) -> list[bytes]:
        pcm = self._rest_and(pcm)
        whole = len(pcm) // (2 * FRAME) * (2 * FRAME)
        self._rest = pcm[whole:]
        packets: list[bytes] = []
        for at in range(0, whole, 2 * FRAME):
            packets += encode_frame(self._opus, pcm[at : at + 2 * FRAME], self._pts)
            self._pts += FRAME
        return packets


class Decoder:
    """Opus packets into mono PCM at `rate` Hz. Stereo packets are mixed down."""

    def __init__(self, rate: int = RATE) -> None:
        self._opus = opus_decoder("mono")
        self._resampler = Resampler(RATE, rate)
        self._last = bytes(2 * FRAME)

    def push(self, packet: bytes) -> bytes:
        """The samples of a packet; raises `BadOpus` and goes on with the next one."""
        return self._resampler.push(decode_packet(self._opus, packet))

    def silence(self, samples: int) -> bytes:
        """As many samples at 48 kHz of silence, at the output's rate: what stands for a hole."""
        return self._resampler.push(bytes(2 * samples))

    def flush(self) -> bytes:
        """The samples that the filter kept back. The stream ends with it."""
        return self._resampler.flush()


def opus_encoder(layout: str, bit_rate: int, application: str) -> av.AudioCodecContext:
    """An open encoder for frames of 20 ms at 48 kHz."""
    context = cast("Any", av.CodecContext.create("libopus", "w"))
    context.sample_rate = RATE
    context.layout = layout
    context.format = "s16"
    context.bit_rate = bit_rate
    context.options = {
        "application": application,
        "frame_duration": "20",
        "fec": "1" if application == "voip" else "0",
        "packet_loss": "10" if application == "voip" else "0",
    }
    context.open()
    return cast("av.AudioCodecContext", context)


def encode_frame(context: av.AudioCodecContext, pcm: bytes, pts: int) -> list[bytes]:
    """The packets for exactly 20 ms of interleaved PCM."""
    samples = np.frombuffer(pcm, np.int16).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=context.layout.name)
    frame.sample_rate = RATE
    frame.pts = pts
    return [bytes(packet) for packet in context.encode(frame)]


def opus_decoder(layout: str) -> av.AudioCodecContext:
    """An open decoder to s16 at 48 kHz."""
    context = cast("Any", av.CodecContext.create("libopus", "r"))
    context.sample_rate = RATE
    context.layout = layout
    context.open()
    return cast("av.AudioCodecContext", context)


def decode_packet(context: av.AudioCodecContext, packet: bytes) -> bytes:
    """Interleaved PCM of one packet at 48 kHz; raises `BadOpus`."""
    duration(packet)
    try:
        frames = context.decode(av.Packet(packet))
    except av.FFmpegError:
        raise BadOpus("coding") from None
    return b"".join(_bytes(each) for each in frames)


def loudness(pcm: bytes) -> float:
    """Root mean square of the samples in dB below full scale; -120 for silence."""
    samples: NDArray[np.float32] = np.frombuffer(pcm, np.int16).astype(np.float32)
    if not samples.size:
        return -120.0
    power = float(np.dot(samples, samples)) / samples.size
    return max(-120.0, 10 * float(np.log10(power / 32768.0**2 + 1e-12)))


def _bytes(frame: av.AudioFrame) -> bytes:
    return frame.to_ndarray().tobytes()
