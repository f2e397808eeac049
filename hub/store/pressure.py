"""How full the store is, and what follows from it. Pure.

Above 80 % of its limit no new session is made; above 90 % no new audio is kept and what there is of it goes to the
vault, so that text, which is what people cannot say again, still has room.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Pressure(IntEnum):
    """What the store can still take."""

    CALM = 0
    NO_NEW_SESSIONS = 1
    NO_AUDIO = 2


SESSIONS_PERCENT: Final = 80
AUDIO_PERCENT: Final = 90


def pressure(used: int, limit: int) -> Pressure:
    """Bytes used, of a limit (0: none)."""
    if limit <= 0 or used * 100 < limit * SESSIONS_PERCENT:
        return Pressure.CALM
    return Pressure.NO_AUDIO if used * 100 >= limit * AUDIO_PERCENT else Pressure.NO_NEW_SESSIONS
