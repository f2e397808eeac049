"""Sound that an agent brings, in envelopes of any size, into frames of 20 ms: each sample once. Pure but for the codec.

A codec that begins where another one stopped would be heard: what it gives lags behind what it gets, and its first
frames are not what it is capable of. So one that goes on begins a little earlier, and what comes of that is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from legato.wire.audio import OPUS, Audio
from media.codecs import Encoder
from media.opus import FRAME, RATE, SILENCE, BadOpus, duration

LEAD: Final = 4 * FRAME
"""Samples before those that are kept with which a codec begins that goes on."""


class Hole(Exception):
    """Sound is missing before what came."""


class Intake:
    """See the module. `rate`: of the PCM that comes, 0 for Opus; `kept`: samples at 48 kHz, in whole frames, that are
    there already, of which nothing comes again."""

    def __init__(self, rate: int, kept: int = 0) -> None:
        self.next = kept
        """The sample of the frame that leaves next."""
        self._pcm = rate > 0
        self._rate = rate or RATE
        self._fresh = True
        self._begin(max(0, kept - LEAD))

    @property
    def taken(self) -> int:
        """Media time after all that came."""
        return self._taken * RATE // self._rate

    def add(self, audio: Audio) -> tuple[int, tuple[bytes, ...]]:
        """The frames that are complete with it, and the sample of the first; what came already is passed over. Who goes
        on may have nothing as old as what is missing: then it begins with what there is. Raises `Hole`, `BadPcm`."""
        if (audio.kind == OPUS) is self._pcm:
            return self.next, ()
        at = -(-audio.media_time * self._rate // RATE)
        if at > self._taken:
            if not self._fresh:
                raise Hole
            place = -(-audio.media_time // FRAME) * FRAME
            self.next = max(self.next, place)
            self._begin(place)
        self._fresh = False
        return self._leave(self._coded(audio, self._taken - at))

    def close(self) -> tuple[int, tuple[bytes, ...]]:
        """That was all: the last frames."""
        return self._leave(self._encoder.flush() if self._encoder is not None else [])

    def reopen(self) -> None:
        """It comes by another connection from now on, from wherever its agent has it."""
        self._fresh = True

    def _begin(self, place: int) -> None:
        self._frame = place  # the sample of the frame that the codec gives next
        self._taken = place * self._rate // RATE
        self._encoder = Encoder(self._rate) if self._pcm else None

    def _coded(self, audio: Audio, known: int) -> Sequence[bytes]:
        if self._encoder is None:
            frames = audio.frames[-(-known // FRAME) :]
            self._taken += len(frames) * FRAME
            return [frame if _whole(frame) else SILENCE for frame in frames]
        pcm = audio.frames[0][2 * known :]
        self._taken += len(pcm) // 2
        return self._encoder.push(pcm)

    def _leave(self, frames: Sequence[bytes]) -> tuple[int, tuple[bytes, ...]]:
        known = max(0, self.next - self._frame) // FRAME
        start, self._frame = self.next, self._frame + len(frames) * FRAME
        self.next = max(self.next, self._frame)
        return start, tuple(frames[known:])


def _whole(frame: bytes) -> bool:
    try:
        return duration(frame) == FRAME
    except BadOpus:
        return False
