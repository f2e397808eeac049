"""When a microphone's sound was said aside: what was said in a tunnel comes later, when its speaker may stand
elsewhere.

Pure. Media times are those of the track. How far aside is counted from 0, for everybody; `confided` says how.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

MOST: Final = 64
"""Changes that are remembered."""


class Asides:
    """See the module."""

    def __init__(self) -> None:
        self._from: list[int] = []
        self._aside: list[int] = []
        self._latest = -1

    def note(self, media_time: int, *, aside: int) -> None:
        """What was said at that time, and came as it was said, was said so far aside."""
        if media_time <= self._latest:
            return
        self._latest = media_time
        if self._aside and self._aside[-1] == aside:
            return
        self._from.append(media_time)
        self._aside.append(aside)
        del self._from[:-MOST], self._aside[:-MOST]

    def at(self, media_time: int, *, unknown: int) -> int:
        """How far aside what was said then was said; `unknown` where nothing is known. What lies between two times that
        differ goes with the stricter one."""
        number = bisect_right(self._from, media_time)
        before = self._aside[number - 1] if number else unknown
        after = self._aside[number] if number < len(self._aside) else before
        return max(before, after)
