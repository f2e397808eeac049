"""A token bucket in integers: how often something may happen."""

from __future__ import annotations


class Allowance:
    """`at_once` tokens, refilled at `a_second` each second. Counted in thousandths, so that a millisecond
    refills a whole number of them and nothing is rounded."""

    __slots__ = ("_at", "_full", "_level", "_rate")

    def __init__(self, a_second: int, at_once: int, now: int) -> None:
        self._rate = a_second
        self._full = at_once * 1000
        self._level = self._full
        self._at = now

    def take(self, now: int, tokens: int = 1) -> int:
        """0 if there were `tokens`, which are then gone; else in how many ms there will be."""
        if now > self._at:
            self._level = min(self._full, self._level + (now - self._at) * self._rate)
            self._at = now
        missing = tokens * 1000 - self._level
        if missing <= 0:
            self._level = -missing
            return 0
        return -(-missing // self._rate)
