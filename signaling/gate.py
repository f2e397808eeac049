"""Which sockets may stay: a pure machine over the connections of a port.

A socket is *half-open* until its first request is read whole. An honest one is that for milliseconds; somebody who
opens thousands and says nothing would hold them all. So half-open sockets have a deadline, and a bound: beyond it
the oldest goes, not the newcomer. All sockets together have a bound too, which leaves descriptors for the
store, for files and for calls: beyond it a newcomer is told to come back.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar

Socket = TypeVar("Socket", bound=Hashable)

HEADER_MS: Final = 5_000
KEPT_BACK: Final = 256
"""Descriptors that are not for connections."""


@dataclass(frozen=True, slots=True)
class GateLimits:
    """The bounds. A single address may hold `of_one` connections (0: no bound; behind a proxy all have one)."""

    most: int = 16_000
    half_open: int = 1_024
    of_one: int = 0
    header_ms: int = HEADER_MS

    @classmethod
    def within(cls, descriptors: int, of_one: int = 0) -> GateLimits:
        """The bounds of a process that may open so many files, and of one address."""
        most = max(64, descriptors - max(KEPT_BACK, descriptors // 8))
        return cls(most=most, half_open=max(32, min(1_024, most // 4)), of_one=of_one)


class Verdict(Enum):
    """What becomes of a new socket."""

    STAYS = "stays"
    TOO_MANY = "too many"
    TOO_MANY_OF_ONE = "too many of one address"


class Gate(Generic[Socket]):
    """See the module."""

    def __init__(self, limits: GateLimits) -> None:
        self.limits = limits
        self._all: dict[Socket, str] = {}
        self._half_open: dict[Socket, int] = {}
        self._of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Socket]:
        return iter(self._all)

    @property
    def crowded(self) -> bool:
        """Whether newcomers should be sent elsewhere: before there is no room for them."""
        return len(self._all) * 10 >= self.limits.most * 9

    def opened(self, socket: Socket, address: str, now: int) -> tuple[Verdict, Socket | None]:
        """A new socket, and whom to close in its favour."""
        if len(self._all) >= self.limits.most:
            return Verdict.TOO_MANY, None
        if 0 < self.limits.of_one <= self._of.get(address, 0):
            return Verdict.TOO_MANY_OF_ONE, None
        self._all[socket] = address
        self._of[address] = self._of.get(address, 0) + 1
        self._half_open[socket] = now
        if len(self._half_open) > self.limits.half_open:
            oldest = next(iter(self._half_open))
            del self._half_open[oldest]
            return Verdict.STAYS, oldest
        return Verdict.STAYS, None

    def spoke(self, socket: Socket) -> None:
        """Its first request is whole."""
        self._half_open.pop(socket, None)

    def closed(self, socket: Socket) -> None:
        """It is gone."""
        self._half_open.pop(socket, None)
        address = self._all.pop(socket, None)
        if address is not None:
            self._of[address] -= 1
            if not self._of[address]:
                del self._of[address]

    def expired(self, now: int) -> list[Socket]:
        """The half-open ones whose time is over; they are half-open no more."""
        late = []
        for socket, since in self._half_open.items():
            if now - since < self.limits.header_ms:
                break
            late.append(socket)
        for socket in late:
            del self._half_open[socket]
        return late
