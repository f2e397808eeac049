"""What is done once for everything that happened in one go: at the end of a pass of the loop.

Much is read from the store at once: events of many sessions, answers to many batches. What follows for each listener
and each connection is gathered, and done when all of it has been looked at: first what is told (`soon`), then what
is written (`last`), so that a connection writes once. Whoever reads much at once says so (`begin`, `end`);
what is asked for outside of that is done in the next pass.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

log: Final = logging.getLogger("legato.node")

Act = Callable[[], None]


class PassEnd:
    """See the module. `call_soon` runs a callback in the next pass of the loop."""

    def __init__(self, call_soon: Callable[[Act], object]) -> None:
        self._call_soon = call_soon
        self._soon: list[Act] = []
        self._last: list[Act] = []
        self._gathering = False
        self._coming = False
        """Whether the loop is going to call."""

    def soon(self, act: Act) -> None:
        """Do it when what happens now is over."""
        self._soon.append(act)
        if not (self._gathering or self._coming):
            self._come()

    def last(self, act: Act) -> None:
        """Do it after all that is to be done `soon`."""
        self._last.append(act)
        if not (self._gathering or self._coming):
            self._come()

    def begin(self) -> None:
        """Much may happen now: what is asked for is done at the `end` of it."""
        self._gathering = True

    def end(self) -> None:
        """It has happened."""
        self._do()
        self._gathering = False

    def _come(self) -> None:
        self._coming = True
        self._call_soon(self._called)

    def _called(self) -> None:
        self._do()
        self._coming = False

    def _do(self) -> None:
        while self._soon or self._last:
            acts, self._soon = self._soon, []
            if not acts:
                acts, self._last = self._last, []
            for act in acts:
                try:
                    act()
                except Exception:  # it costs whoever failed, not what everybody's reading is done by
                    log.exception("something failed at the end of a pass")
