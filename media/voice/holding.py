"""Whether a turn waits for sound that is on its way again.

    flowing ── a hole, or nothing comes ──▶ held ── nothing is missing ──▶ flowing
                                              └─ HOLD passed ─▶ tired ── nothing is missing ──▶ flowing

A capture never stops by itself: silence is sent too. So when nothing comes, something is missing. Who is tired
goes on without, and does not wait again before all is well.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from media.opus import RATE
from media.turns import HOLD

QUIET: Final = 150
"""Milliseconds without a frame after which some are missing."""

WORTH: Final = RATE // 5
"""Samples of a hole that is waited for. A lost packet or two are not: what they say is guessed, and stored later."""


class Step(Enum):
    """What follows from a look."""

    NONE = "none"
    HOLD = "hold"
    RELEASE = "release"


class _Stage(Enum):
    FLOWING = "flowing"
    HELD = "held"
    TIRED = "tired"


class Holding:
    """See the module. `now`: monotonic milliseconds."""

    def __init__(self) -> None:
        self._stage = _Stage.FLOWING
        self._until = 0

    @property
    def held(self) -> bool:
        return self._stage is _Stage.HELD

    def look(self, hole: int, silent_for: int, now: int) -> Step:
        """`hole`: samples missing before what waits; `silent_for`: ms since the last frame came."""
        missing = hole >= WORTH or silent_for >= QUIET
        if not missing:
            step = Step.RELEASE if self._stage is _Stage.HELD else Step.NONE
            self._stage = _Stage.FLOWING
            return step
        if self._stage is _Stage.FLOWING:
            self._stage, self._until = _Stage.HELD, now + HOLD
            return Step.HOLD
        if self._stage is _Stage.HELD and now >= self._until:
            self._stage = _Stage.TIRED
        return Step.NONE
