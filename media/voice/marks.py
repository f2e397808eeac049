"""When each stage of an answer was reached, relative to the end of the speech that asked for it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from legato.session import events as e
from legato.session.ids import HUB

KEPT: Final = 64
"""Turns whose answer is still timed."""


@dataclass(slots=True)
class _Timed:
    at: int
    reached: set[str] = field(default_factory=set)


class Marks:
    """The turns of one session that ended on this node. `now`: monotonic ms."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, _Timed] = OrderedDict()
        self._answers: OrderedDict[str, str] = OrderedDict()

    def ended(self, turn: str, at: int) -> None:
        """The turn's speech ended at `at`."""
        self._turns[turn] = _Timed(at)
        if len(self._turns) > KEPT:
            self._turns.popitem(last=False)

    def answered(self, response: str, turn: str) -> None:
        """The response answers the turn."""
        if turn in self._turns:
            self._answers[response] = turn
            if len(self._answers) > KEPT:
                self._answers.popitem(last=False)

    def reached(self, mark: e.Mark, response: str, now: int, media_time: int = -1) -> list[e.Event]:
        """A stage of the response, told once a turn; nothing for a response that no turn asked for."""
        turn = self._answers.get(response, "")
        timed = self._turns.get(turn)
        if timed is None or mark in timed.reached:
            return []
        timed.reached.add(mark)
        return [e.TurnMarked(by=HUB, turn=turn, mark=mark, at_ms=now - timed.at, media_time=media_time)]
