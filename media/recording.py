"""What was said, as a file that any player plays: Ogg/Opus.

**One track** is written without decoding: its packets, byte for byte. A hole becomes packets of silence of
the same length, because players (and FFmpeg) ignore jumps of the granule position and would close the gap:
RFC 7845 section 4.1 asks a muxer to fill it. So sample n of the file is sample `start + n` of the track, to
within 2.5 ms (the shortest Opus frame) while frames are off the grid.

**The whole session** is a stereo mix, people on the left, agents on the right: decoded, placed by session
time, added, encoded again. Whose clock is off is brought to the session's, a sample a frame at most. It works
through blocks of a second, so its memory does not grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import BinaryIO, Final

import av
import numpy as np
from numpy.typing import NDArray

from media.codecs import decode_packet, encode_frame, opus_decoder, opus_encoder
from media.drift import Drift
from media.frames import Frame
from media.ogg import OggWriter
from media.opus import FRAME, RATE, SHORT_SILENCE, BadOpus

MIX_BIT_RATE: Final = 64_000
_BLOCK: Final = RATE
_PRE_SKIP: Final = 312
_SHORTEST: Final = min(SHORT_SILENCE)


class Side(Enum):
    """Where in the stereo picture somebody stands."""

    LEFT = 0
    RIGHT = 1


@dataclass(frozen=True, slots=True)
class Voice:
    """One track of a mix: its frames in order, the sample of the mix at which its media time is 0, and by how much its
    clock is off."""

    frames: Iterable[Frame]
    side: Side
    offset: int = 0
    drift: Drift = field(default_factory=Drift)

    def place(self, media_time: int) -> int:
        """The sample of the mix at which that media time is."""
        return media_time + self.offset + self.drift.at(media_time)


@dataclass(frozen=True, slots=True)
class Written:
    """What a recording came to: samples at 48 kHz of sound and of silence put into holes, packets refused."""

    samples: int
    filled: int
    refused: int = 0


def write_track(frames: Iterable[Frame], start: int, end: int, out: BinaryIO, serial: int = 1) -> Written:
    """One track's frames (in order of media time) from `start` to `end` as mono Ogg/Opus.

    Frames that overlap one before them are left out; a frame that begins before `end` is written whole.
    """
    ogg = OggWriter(out, serial)
    filled = 0
    for each in frames:
        if each.media_time >= end:
            break
        at = start + ogg.granule
        if each.media_time < at - _SHORTEST + 1:
            continue
        filled += _fill(ogg, each.media_time - at)
        ogg.write(each.payload)
    filled += _fill(ogg, end - start - ogg.granule)
    ogg.close()
    return Written(ogg.granule, filled)


def write_mix(voices: Sequence[Voice], out: BinaryIO, serial: int = 1, length: int | None = None) -> Written:
    """Mix the tracks in stereo. `length`: samples of the file; without it, up to the last frame's end."""
    players = [_Player(voice) for voice in voices]
    mix = _Mix(out, serial)
    at = 0
    while at < length if length is not None else any(player.live for player in players):
        block = np.zeros((_BLOCK, 2), np.int32)
        for player in players:
            player.add_to(block, at)
        at += _BLOCK
        still = length is None and any(player.live for player in players)
        mix.add(block, None if still else _length(players, length))
    samples = _length(players, length)
    mix.close(samples)
    return Written(samples, 0, sum(player.refused for player in players))


class _Mix:
    """Encodes blocks of stereo samples into an Ogg file."""

    def __init__(self, out: BinaryIO, serial: int) -> None:
        self._encoder = opus_encoder("stereo", MIX_BIT_RATE, "audio")
        self._ogg = OggWriter(out, serial, channels=2, pre_skip=_PRE_SKIP)
        self._pts = 0

    def add(self, block: NDArray[np.int32], samples: int | None) -> None:
        """Encode the block, but not beyond the file's `samples`, if they are known by now."""
        pcm = np.clip(block, -32768, 32767).astype(np.int16)
        for begin in range(0, len(block), FRAME):
            if samples is None or self._pts < samples:
                self._encode(pcm[begin : begin + FRAME].tobytes())

    def close(self, samples: int) -> None:
        """Bring out the last samples, which the codec's delay holds back, and end the file exactly."""
        while self._ogg.granule < samples + _PRE_SKIP:
            self._encode(bytes(4 * FRAME))
        self._ogg.close(trim=max(0, self._ogg.granule - _PRE_SKIP - samples))

    def _encode(self, pcm: bytes) -> None:
        for packet in encode_frame(self._encoder, pcm, self._pts):
            self._ogg.write(packet)
        self._pts += FRAME


def _length(players: Sequence[_Player], length: int | None) -> int:
    return length if length is not None else max((player.end for player in players), default=0)


def _fitted(samples: NDArray[np.int16], length: int) -> NDArray[np.int16]:
    """A frame in a little more or less time: by a sample or so, which nobody hears."""
    if len(samples) == length:
        return samples
    at = np.linspace(0, len(samples) - 1, length)
    return np.rint(np.interp(at, np.arange(len(samples)), samples)).astype(np.int16)


def _fill(ogg: OggWriter, samples: int) -> int:
    """Write silence for a hole, leaving less than 2.5 ms; returns what was written."""
    left = samples
    for length in sorted(SHORT_SILENCE, reverse=True):
        while left >= length:
            ogg.write(SHORT_SILENCE[length])
            left -= length
    return max(0, samples - max(0, left))


@dataclass(slots=True)
class _Player:
    """Decodes one track's frames block by block; `end` is the sample of the mix after its last one."""

    voice: Voice
    end: int = 0
    refused: int = 0
    live: bool = True
    _frames: Iterator[Frame] = field(init=False)
    _next: Frame | None = field(init=False, default=None)
    _carry: NDArray[np.int16] = field(init=False)
    _opus: av.AudioCodecContext = field(init=False)

    def __post_init__(self) -> None:
        self._frames = iter(self.voice.frames)
        self._opus = opus_decoder("mono")
        self._carry = np.zeros(0, np.int16)
        self._advance()

    def add_to(self, block: NDArray[np.int32], at: int) -> None:
        """Add what sounds from sample `at` of the mix on into the block."""
        channel = block[:, self.voice.side.value]
        carry, self._carry = self._carry, np.zeros(0, np.int16)
        self._place(carry, 0, channel)
        while self._next is not None and self.voice.place(self._next.media_time) < at + len(block):
            each = self._next
            begin = self.voice.place(each.media_time)
            if begin >= max(self.end, at):
                self.end = self.voice.place(each.end)
                self._place(_fitted(self._decode(each), self.end - begin), begin - at, channel)
            self._advance()
        self.live = self._next is not None or bool(len(self._carry))

    def _place(self, samples: NDArray[np.int16], begin: int, channel: NDArray[np.int32]) -> None:
        room = len(channel) - begin
        channel[begin : begin + len(samples)] += samples[:room]
        if len(samples) > room:
            self._carry = samples[room:]

    def _decode(self, each: Frame) -> NDArray[np.int16]:
        try:
            return np.frombuffer(decode_packet(self._opus, each.payload), np.int16)
        except BadOpus:
            self.refused += 1
            return np.zeros(each.samples, np.int16)

    def _advance(self) -> None:
        self._next = next(self._frames, None)
        if self._next is None and not len(self._carry):
            self.live = False
