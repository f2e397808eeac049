"""Which batches of a connection may fly: so many a second, and so many at a time.

What its client sent behind a batch that may not fly, before it could know, cannot be appended either (the log takes a
producer's batches in order). It is refused alike and not counted: counted, a client far away would lose with each
refusal what its whole flight is permitted, and never come to the rate that it may have. Pure; `now` is monotonic ms.
"""

from __future__ import annotations

from typing import Final

from signaling.connection.allowance import Allowance

FULL_MS: Final = 50
"""When to come again where it is not the rate that forbids it, but what flies already."""


class Flight:
    """See the module."""

    __slots__ = ("_allowance", "_behind", "_wait")

    def __init__(self, a_second: int, at_once: int, now: int) -> None:
        self._allowance = Allowance(a_second, at_once, now)
        self._behind = 0
        """The newest sequence of a flight that was refused; 0: none is."""
        self._wait = 0

    def admit(self, sequence: int, now: int, room: bool) -> int:
        """0 if this batch flies; else in how many ms it may be sent again. `room`: whether not too many fly."""
        if self._behind and sequence > self._behind:
            self._behind = sequence
            return self._wait
        wait = self._allowance.take(now) or (0 if room else FULL_MS)
        self._behind, self._wait = (sequence, wait) if wait else (0, 0)
        return wait
