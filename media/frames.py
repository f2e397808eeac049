"""A frame is a timed piece of audio; a batch is how five of them are kept.

A frame's media time counts samples at 48 kHz from the start of its track, so it needs no clock. Frames are
kept and sent in batches, because one store entry a frame costs a whole core where one entry in five costs a
fifth of it.

Format of a batch, version 1, big endian::

    u8   version (1)
    u8   number of frames, 1 to 255
    u64  media time of the first frame, below 2**53
    then for each frame
    u8   flags: 1 resent, 2 silence, 4 aside, 128 moved
    u32  samples from the end of the frame before; only if `moved` is set
    u16  length of the packet, at least 1
    ...  the Opus packet

Frames are in order and never overlap; a frame without `moved` starts where the one before it ended, one with
it does not; the first has it never. Nothing may follow the last frame.
So frames have one spelling: `pack(unpack(x)) == x`. Five 20 ms frames cost 25 bytes beside their packets.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntFlag
from typing import Final

import msgspec

from legato.wire.stamp import MAX_MEDIA_TIME
from media.opus import SHORT_SILENCE, SILENCE, BadOpus, duration

VERSION: Final = 1
MAX_FRAMES: Final = 255
_HEAD: Final = struct.Struct(">BBQ")
_FOLLOWING: Final = struct.Struct(">BH")
_AFTER_GAP: Final = struct.Struct(">BIH")
_MOVED: Final = 0x80


class Mark(IntFlag):
    """What is known of a frame beside its sound."""

    NONE = 0
    RESENT = 1
    """Sent again after a gap: for transcription and recording, never into a human's ear."""
    SILENCE = 2
    """Put there by the hub to keep the beat: nobody said it."""
    ASIDE = 4
    """Whispered, or said to nobody: in no recording that is made for those who were not to hear it."""


_RESENT: Final = int(Mark.RESENT)
_ASIDE: Final = int(Mark.ASIDE)
_KNOWN: Final = int(Mark.RESENT | Mark.SILENCE | Mark.ASIDE)


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One Opus packet of a track. `media_time` and `samples` are in samples at 48 kHz."""

    media_time: int
    payload: bytes
    samples: int = 960
    mark: int = 0

    @property
    def end(self) -> int:
        """Media time of the first sample after the frame."""
        return self.media_time + self.samples

    @property
    def resent(self) -> bool:
        return self.mark & _RESENT != 0

    @property
    def aside(self) -> bool:
        return self.mark & _ASIDE != 0


def silenced(frame: Frame) -> Frame:
    """The same, with nothing to be heard in it."""
    return msgspec.structs.replace(frame, payload=SHORT_SILENCE.get(frame.samples, SILENCE))


class BadBatch(ValueError):
    """Bytes that are no batch. `reason` is a word of `REASONS`; `at` is the byte where reading stopped."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason, at)
        self.reason = reason
        self.at = at


REASONS: Final = ("truncated", "version", "count", "time", "flags", "length", "packet", "trailing")


def frame(media_time: int, payload: bytes, mark: Mark = Mark.NONE) -> Frame:
    """A frame whose length is read from its packet; raises `BadOpus` for a packet that is none."""
    return Frame(media_time, payload, duration(payload), int(mark))


def pack(frames: Sequence[Frame]) -> bytes:
    """One batch of frames that are in order and do not overlap; raises `ValueError` otherwise."""
    if not 1 <= len(frames) <= MAX_FRAMES:
        raise ValueError(f"a batch holds 1 to {MAX_FRAMES} frames, not {len(frames)}")
    first = frames[0].media_time
    if not 0 <= first < MAX_MEDIA_TIME:
        raise ValueError(f"media time out of range: {first}")
    parts = [_HEAD.pack(VERSION, len(frames), first)]
    end = first
    for each in frames:
        gap = each.media_time - end
        if gap < 0 or gap >= 2**32:
            raise ValueError(f"frames overlap or lie too far apart: {gap} samples")
        if gap:
            parts.append(_AFTER_GAP.pack(each.mark | _MOVED, gap, len(each.payload)))
        else:
            parts.append(_FOLLOWING.pack(each.mark, len(each.payload)))
        parts.append(each.payload)
        end = each.media_time + each.samples
    return b"".join(parts)


def unpack(blob: bytes) -> list[Frame]:
    """The frames of a batch, in order, without overlap; raises `BadBatch` and nothing else."""
    if len(blob) < _HEAD.size:
        raise BadBatch("truncated", len(blob))
    version, count, media_time = _HEAD.unpack_from(blob)
    if version != VERSION:
        raise BadBatch("version", 0)
    if count == 0:
        raise BadBatch("count", 1)
    frames: list[Frame] = []
    at = _HEAD.size
    for number in range(count):
        each, at = _unpack_frame(blob, at, media_time)
        if number == 0 and each.media_time != media_time:
            raise BadBatch("flags", _HEAD.size)
        frames.append(each)
        media_time = each.end
    if at != len(blob):
        raise BadBatch("trailing", at)
    return frames


def _unpack_frame(blob: bytes, at: int, media_time: int) -> tuple[Frame, int]:
    start = at
    try:
        flags = blob[at]
        at += 1
        if flags & ~(_KNOWN | _MOVED):
            raise BadBatch("flags", start)
        if flags & _MOVED:
            (gap,) = struct.unpack_from(">I", blob, at)
            if gap == 0:
                raise BadBatch("flags", start)
            media_time += gap
            at += 4
        (length,) = struct.unpack_from(">H", blob, at)
        at += 2
    except (IndexError, struct.error):
        raise BadBatch("truncated", start) from None
    if length == 0:
        raise BadBatch("length", at - 2)
    payload = blob[at : at + length]
    if len(payload) != length:
        raise BadBatch("truncated", at)
    try:
        samples = duration(payload)
    except BadOpus:
        raise BadBatch("packet", at) from None
    if media_time + samples > MAX_MEDIA_TIME:
        raise BadBatch("time", start)
    return Frame(media_time, payload, samples, flags & _KNOWN), at + length
