"""Binary envelopes: audio between an agent and the hub, and (where WebRTC is impossible) a page and the hub.

Layout, big-endian: `u8 version = 1`, `u8 kind` (1 Opus, 2 PCM), `u8 flags` (bit 0: resent), `u8 0`,
`u32 stream`, `u64 media time` (samples at 48 kHz of the first sample), then the payload: for Opus up to
50 frames of 20 ms, each `u16 length` and its bytes; for PCM signed 16-bit little-endian mono samples at
the stream's rate.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

OPUS: Final = 1
PCM: Final = 2
MAX_BYTES: Final = 65_536
MAX_FRAMES: Final = 50
_HEAD: Final = struct.Struct("!BBBBIQ")
_LENGTH: Final = struct.Struct("!H")


class BadAudio(ValueError):
    """A binary envelope that is not one."""


@dataclass(frozen=True, slots=True)
class Audio:
    """One binary envelope. `frames` are Opus packets of 20 ms, or one block of PCM."""

    kind: int
    stream: int
    media_time: int
    frames: tuple[bytes, ...]
    resent: bool = False


def encode_audio(audio: Audio) -> bytes:
    """The envelope's bytes."""
    head = _HEAD.pack(1, audio.kind, int(audio.resent), 0, audio.stream, audio.media_time)
    if audio.kind == PCM:
        return head + b"".join(audio.frames)
    return head + b"".join(_LENGTH.pack(len(frame)) + frame for frame in audio.frames)


def decode_audio(raw: bytes) -> Audio:
    """The envelope that `raw` is. Raises `BadAudio`."""
    if not _HEAD.size <= len(raw) <= MAX_BYTES:
        raise BadAudio("length")
    version, kind, flags, zero, stream, media_time = _HEAD.unpack_from(raw)
    if version != 1 or kind not in (OPUS, PCM) or flags & ~1 or zero or media_time >= 1 << 53:
        raise BadAudio("header")
    body = raw[_HEAD.size :]
    frames = (body,) if kind == PCM else _opus_frames(body)
    if kind == PCM and len(body) % 2:
        raise BadAudio("odd PCM")
    return Audio(kind, stream, media_time, frames, bool(flags & 1))


def _opus_frames(body: bytes) -> tuple[bytes, ...]:
    frames: list[bytes] = []
    place = 0
    while place < len(body):
        if place + 2 > len(body) or len(frames) == MAX_FRAMES:
            raise BadAudio("frames")
        (length,) = _LENGTH.unpack_from(body, place)
        place += 2
        if length == 0 or place + length > len(body):
            raise BadAudio("frame length")
        frames.append(body[place : place + length])
        place += length
    return tuple(frames)
