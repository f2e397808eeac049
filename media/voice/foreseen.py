"""What somebody who calls is still to hear, read while their call is being set up.

Frames of a ring never change once they are there, so what was read beforehand serves when the call stands. What is to
be played is decided then, and not before: only what is asked of the ring may have been asked already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from media.frames import Frame
from media.opus import FRAME
from media.voice.rest import Rings


class Foreseen:
    """`rings`, whose unbroken stretches are remembered. Who asks while it reads waits for that."""

    def __init__(self, rings: Rings) -> None:
        self._rings = rings
        self._known: dict[str, list[Sequence[Frame]]] = {}
        self._reading = asyncio.Lock()

    async def frames(self, track: str, start: int, end: int) -> Sequence[Frame]:
        """See `media.voice.rest.Rings`. Raises what the rings raise."""
        async with self._reading:
            for known in self._known.get(track, ()):
                if known[0].media_time <= start and end <= known[-1].end:
                    return [frame for frame in known if start <= frame.media_time < end]
            frames = await self._rings.frames(track, start, end)
            if _unbroken(frames, start, end):
                self._known.setdefault(track, []).append(frames)
            return frames


def _unbroken(frames: Sequence[Frame], start: int, end: int) -> bool:
    times = [frame.media_time for frame in frames]
    return bool(times) and times == list(range(start, end, FRAME)) and frames[-1].end == end
